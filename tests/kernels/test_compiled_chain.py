"""The compiled chain does what the reference does, for every activation, loss, metric and optimizer.

Bound: 2e-6 of each number's size and 2e-6 besides, for weights after three steps; the sums of loss and metrics alike.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit.kernels import chain as at
from minifit.kernels.blas import sgemm_address
from tests.kernels.helpers import COMPILED, REFERENCE
from tests.kernels.plans import Made, made

HIDDEN = st.sampled_from([at.LINEAR, at.RELU, at.SIGMOID, at.TANH, at.SOFTMAX])
OPTIMIZERS = st.sampled_from([at.PLAIN_SGD, at.MOMENTUM, at.NESTEROV, at.ADAM])
KNOWN = [at.BINARY_ACCURACY, at.CATEGORICAL_ACCURACY, at.MEAN_SQUARED_ERROR, at.MEAN_ABSOLUTE_ERROR]


@st.composite
def plans(draw: Any) -> dict[str, Any]:
    sizes = tuple(draw(st.lists(st.integers(1, 40), min_size=2, max_size=4)))
    loss = draw(st.sampled_from([at.SQUARED_ERROR, at.BINARY_CROSSENTROPY, at.CATEGORICAL_CROSSENTROPY]))
    hidden = [draw(HIDDEN) for _ in sizes[2:]]
    last = {
        at.SQUARED_ERROR: draw(HIDDEN),
        at.BINARY_CROSSENTROPY: draw(st.sampled_from([at.SIGMOID, at.LINEAR])),
        at.CATEGORICAL_CROSSENTROPY: draw(st.sampled_from([at.SOFTMAX, at.LINEAR])),
    }[loss]
    whole = loss == at.CATEGORICAL_CROSSENTROPY or sizes[-1] == 1
    return {
        "sizes": sizes,
        "activations": (*hidden, last),
        "loss": loss,
        "optimizer": draw(OPTIMIZERS),
        "metrics": tuple(draw(st.lists(st.sampled_from(KNOWN), max_size=at.MOST_METRICS))),
        "batch_size": draw(st.sampled_from([1, 2, 3, 8, 20, 33])),
        "whole": whole and draw(st.booleans()),
        "shuffled": draw(st.booleans()),
        "biased": draw(st.booleans()),
        "blas": draw(st.sampled_from([0, sgemm_address()])),
        "seed": draw(st.integers(0, 10**6)),
    }


def assert_alike(pair: Sequence[Made], bound: float = 2e-6) -> None:
    a, b = pair
    for name in ("values", "first", "second"):
        np.testing.assert_allclose(a.arrays[name], b.arrays[name], rtol=bound, atol=bound, err_msg=name)
    np.testing.assert_allclose(a.sums, b.sums, rtol=1e-5, atol=1e-5)


@settings(max_examples=150)
@given(plans())
def test_it_agrees_with_the_reference(wanted: dict[str, Any]) -> None:
    pair = [made(**wanted) for _ in range(2)]
    batches = min(3, -(-20 // wanted["batch_size"]))
    for one, kernels in zip(pair, (COMPILED, REFERENCE), strict=True):
        assert one.run(kernels, batches=batches, rate=0.01) == batches
    # Adam divides by the root of a mean square, which may be as small as what rounding left of a gradient of 0
    assert_alike(pair, bound=2e-3 if wanted["optimizer"] == at.ADAM else 2e-6)


@pytest.mark.parametrize("kernels", [COMPILED, REFERENCE], ids=["compiled", "reference"])
def test_large_products_agree_with_small_ones(kernels: Any) -> None:
    wanted: dict[str, Any] = {"sizes": (70, 90, 60), "rows": 140, "batch_size": 128}
    pair = made(**wanted, blas=sgemm_address()), made(**wanted)
    for one in pair:
        assert one.run(kernels, batches=2) == 2
    assert_alike(pair)


@pytest.mark.parametrize("kernels", [COMPILED, REFERENCE], ids=["compiled", "reference"])
@pytest.mark.parametrize("optimizer", [at.PLAIN_SGD, at.MOMENTUM, at.ADAM])
def test_many_in_one_call_are_the_same_bits_as_one_by_one(kernels: Any, optimizer: int) -> None:
    wanted: dict[str, Any] = {"optimizer": optimizer, "metrics": (at.MEAN_ABSOLUTE_ERROR,), "batch_size": 3}
    together, alone = made(**wanted), made(**wanted)
    assert together.run(kernels, begin=1, batches=6, iterations=1) == 6
    for i in range(6):
        assert alone.run(kernels, begin=1 + i, batches=1, iterations=1 + i) == 1
    for name in ("values", "first", "second"):
        np.testing.assert_array_equal(together.arrays[name], alone.arrays[name])
    np.testing.assert_array_equal(together.sums, alone.sums)


@pytest.mark.parametrize("kernels", [COMPILED, REFERENCE], ids=["compiled", "reference"])
@pytest.mark.parametrize("wrong", [-1, 3, 2**40])
def test_a_class_that_is_none_stops_it_before_that_batch(kernels: Any, wrong: int) -> None:
    one = made(activations=(at.RELU, at.SOFTMAX), loss=at.CATEGORICAL_CROSSENTROPY, whole=True, batch_size=4)
    one.arrays["ids"][one.arrays["order"][9]] = wrong
    assert one.run(kernels, batches=5) == 2
    assert one.sums[1] == 8
    before = one.arrays["values"].copy()
    assert one.run(kernels, begin=2, batches=1) == 0
    np.testing.assert_array_equal(one.arrays["values"], before)


@pytest.mark.parametrize("kernels", [COMPILED, REFERENCE], ids=["compiled", "reference"])
@pytest.mark.parametrize("spoiler", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_it_once(kernels: Any, spoiler: float) -> None:
    one = made(batch_size=4, shuffled=False)
    one.arrays["x"][9] = spoiler
    with np.errstate(all="ignore"):
        assert one.run(kernels, batches=5) == 3
        assert not np.isfinite(one.sums[0])
        assert one.run(kernels, begin=3, batches=2) == 2  # from then on it goes through


@pytest.mark.parametrize("kernels", [COMPILED, REFERENCE], ids=["compiled", "reference"])
def test_it_writes_nowhere_else(kernels: Any) -> None:
    one = made(whole=True, activations=(at.TANH, at.SOFTMAX), loss=at.CATEGORICAL_CROSSENTROPY)
    before = {name: array.copy() for name, array in one.arrays.items()}
    plan = one.plan.copy()
    one.run(kernels, batches=2)
    for name in ("x", "ids", "order", "first", "second", "grads"):
        np.testing.assert_array_equal(one.arrays[name], before[name], err_msg=name)
    np.testing.assert_array_equal(one.plan, plan)


def test_ties_and_nan_count_for_accuracy_as_in_numpy() -> None:
    """The place of the largest of a row is NumPy's: the first of equals, and the first NaN."""
    rows = np.array(
        [[1, 1, 0], [0, 2, 2], [np.nan, 3, 1], [5, np.nan, np.nan], [-np.inf, -np.inf, -1]], np.float32
    )
    for row in rows:
        pair = [
            made(sizes=(1, 3), activations=(at.LINEAR,), metrics=(at.CATEGORICAL_ACCURACY,)) for _ in range(2)
        ]
        for one, kernels in zip(pair, (COMPILED, REFERENCE), strict=True):
            one.arrays["values"][:3], one.arrays["values"][3:] = 0, row
            one.arrays["t"][:] = np.eye(3)[np.arange(20) % 3]
            with np.errstate(all="ignore"):
                one.run(kernels, rate=0)
        np.testing.assert_array_equal(pair[0].sums[2:], pair[1].sums[2:])
        assert pair[0].sums[2] > 0
