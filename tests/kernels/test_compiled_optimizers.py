"""Compiled steps give the very bits of the reference, over several steps and on awkward numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.kernels.helpers import (
    COMPILED,
    REFERENCE,
    laid_out,
    layouts,
    randoms,
    seeds,
    values,
)

# the name, the slots in order (None stands for a slot that is not kept) and the scalars
STEPS: list[tuple[str, tuple[str | None, ...], tuple[Any, ...]]] = [
    ("sgd_step", (), (0.01,)),
    ("momentum_step", ("velocity",), (0.01, 0.9, False)),
    ("momentum_step", ("velocity",), (0.01, 0.9, True)),
    ("adam_step", ("m", "v"), (0.001, 0.9, 0.999, 1e-7)),
    ("amsgrad_step", ("m", "v", "vhat"), (0.001, 0.9, 0.999, 1e-7)),
    ("rmsprop_step", ("ms", None), (0.001, 0.9, 1e-7)),
    ("rmsprop_step", ("ms", "mg"), (0.001, 0.9, 1e-7)),
    ("rmsprop_momentum_step", ("ms", None, "velocity"), (0.001, 0.9, 0.5, 1e-7)),
    ("rmsprop_momentum_step", ("ms", "mg", "velocity"), (0.001, 0.9, 0.5, 1e-7)),
    ("adagrad_step", ("accumulator",), (0.01, 1e-7)),
    ("adadelta_step", ("accum_grad", "accum_var"), (1.0, 0.95, 1e-7)),
    ("adamax_step", ("m", "v"), (0.001, 0.9, 0.999, 1e-7)),
    ("nadam_step", ("m", "v"), (0.001, 0.9, 0.999, 1e-7, 0.45, 0.46, 0.4, 0.2, 0.99)),
    ("ftrl_step", ("accumulator", "linear"), (0.01, -0.5, 0.0, 0.0, 0.0)),
    ("ftrl_step", ("accumulator", "linear"), (0.01, -0.5, 0.1, 0.2, 0.3)),
    ("ftrl_step", ("accumulator", "linear"), (0.01, 0.0, 0.1, 0.2, 0.0)),
    ("ftrl_step", ("accumulator", "linear"), (0.5, -0.7, 0.1, 0.2, 0.3)),
]


@pytest.mark.parametrize(("name", "slots", "scalars"), STEPS)
@settings(max_examples=25)
@given(st.sampled_from([0, 1, 7, 1000]), layouts, values, seeds)
def test_steps(
    name: str,
    slots: tuple[str | None, ...],
    scalars: tuple[Any, ...],
    size: int,
    layout: str,
    kind: str,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    start = randoms(rng, (size,), layout)
    # as in an optimizer, the slots begin with zeros: a mean of squares is never below the square of the mean
    zeros = laid_out(np.zeros(size, np.float32), layout)
    gradients = [randoms(rng, (size,), layout, kind) for _ in range(3)]
    results: list[list[NDArray[Any]]] = []
    for kernels in (COMPILED, REFERENCE):
        w = laid_out(start, layout)
        state = [None if slot is None else laid_out(zeros, layout) for slot in slots]
        with np.errstate(all="ignore"):
            for g in gradients:
                getattr(kernels, name)(w, g, *state, *scalars)
        results.append([w, *(slot for slot in state if slot is not None)])
    for actual, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, expected)


@settings(max_examples=25)
@given(st.sampled_from([0, 1, 1000]), layouts, values, seeds)
def test_weight_decay(size: int, layout: str, kind: str, seed: int) -> None:
    w = randoms(np.random.default_rng(seed), (size,), layout, kind)
    expected = w.copy()
    COMPILED.weight_decay_step(w, 0.01)
    REFERENCE.weight_decay_step(expected, 0.01)
    np.testing.assert_array_equal(w, expected)
