"""The kernels compiled by Numba, under the same names and arguments as in `minifit.kernels.reference`.

Importing this file imports Numba, but compiles nothing: each kernel is compiled at its first call with new types of
arrays, and then cached on disk. Where NumPy was measured to be as fast, the kernel calls it: NumPy's matrix products
use a BLAS, and its `exp`, `log` and `tanh` use vector instructions where Numba's do not.
"""

from minifit.kernels.compiled_checksums import crc32c
from minifit.kernels.compiled_dense import (
    activation_backward,
    activation_forward,
    dense_backward,
    dense_forward,
    softmax_backward,
    softmax_forward,
)
from minifit.kernels.compiled_gather import gather_rows
from minifit.kernels.compiled_losses import (
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
from minifit.kernels.compiled_optimizers import (
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

__all__ = [
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
