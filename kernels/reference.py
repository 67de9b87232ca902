"""Every kernel in plain NumPy: the definition, the reference of the tests, and the engine of small jobs.

This file only collects the names; `minifit.kernels.compiled` has the same names. The arrays of a call are all float32
or all float64, in any memory layout, and have shape `(n_samples, n_columns)` unless stated otherwise. A kernel's output
arrays come last, must have the right shape, and may not share memory with the others, except that elementwise kernels
may write over their input.
"""

from minifit.kernels.reference_checksums import crc32c
from minifit.kernels.reference_dense import (
    FUSED_ACTIVATIONS,
    activation_backward,
    activation_forward,
    dense_backward,
    dense_forward,
    softmax_backward,
    softmax_forward,
)
from minifit.kernels.reference_gather import gather_rows
from minifit.kernels.reference_losses import (
    absolute_error_backward,
    absolute_error_forward,
    binary_crossentropy_backward,
    binary_crossentropy_forward,
    binary_crossentropy_logits_backward,
    binary_crossentropy_logits_forward,
    categorical_crossentropy_backward,
    categorical_crossentropy_forward,
    categorical_crossentropy_logits_backward,
    categorical_crossentropy_logits_forward,
    sparse_categorical_crossentropy_backward,
    sparse_categorical_crossentropy_forward,
    sparse_categorical_crossentropy_logits_backward,
    sparse_categorical_crossentropy_logits_forward,
    squared_error_backward,
    squared_error_forward,
)
from minifit.kernels.reference_optimizers import (
    adadelta_step,
    adagrad_step,
    adam_step,
    adamax_step,
    amsgrad_step,
    ftrl_step,
    momentum_step,
    nadam_step,
    rmsprop_momentum_step,
    rmsprop_step,
    sgd_step,
    weight_decay_step,
)

COMPILED = False
"""True for the compiled kernels, False for the reference."""

__all__ = [
    "COMPILED",
    "FUSED_ACTIVATIONS",
    "absolute_error_backward",
    "absolute_error_forward",
    "activation_backward",
    "activation_forward",
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "amsgrad_step",
    "binary_crossentropy_backward",
    "binary_crossentropy_forward",
    "binary_crossentropy_logits_backward",
    "binary_crossentropy_logits_forward",
    "categorical_crossentropy_backward",
    "categorical_crossentropy_forward",
    "categorical_crossentropy_logits_backward",
    "categorical_crossentropy_logits_forward",
    "crc32c",
    "dense_backward",
    "dense_forward",
    "ftrl_step",
    "gather_rows",
    "momentum_step",
    "nadam_step",
    "rmsprop_momentum_step",
    "rmsprop_step",
    "sgd_step",
    "softmax_backward",
    "softmax_forward",
    "sparse_categorical_crossentropy_backward",
    "sparse_categorical_crossentropy_forward",
    "sparse_categorical_crossentropy_logits_backward",
    "sparse_categorical_crossentropy_logits_forward",
    "squared_error_backward",
    "squared_error_forward",
    "weight_decay_step",
]
