"""The reference of the losses: values computed by hand, and gradients against finite differences."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from minifit.kernels import reference
from tests.kernels.helpers import slope

LOG2 = np.log(2)


@pytest.mark.parametrize(
    ("name", "t", "p", "expected"),
    [
        ("squared_error", [[1.0, 2.0]], [[3.0, 1.0]], 2.5),
        ("absolute_error", [[1.0, 2.0]], [[3.0, 1.0]], 1.5),
        ("categorical_crossentropy", [[0.0, 1.0]], [[2.0, 2.0]], LOG2),
        ("categorical_crossentropy", [[0.0, 1.0]], [[1.0, 0.0]], -np.log(1e-7)),
        ("categorical_crossentropy", [[0.0, 1.0]], [[0.0, 1.0]], -np.log(1 - 1e-7)),
        ("categorical_crossentropy_logits", [[0.0, 1.0]], [[5.0, 5.0]], LOG2),
        ("categorical_crossentropy_logits", [[0.0, 1.0]], [[1e4, 0.0]], 1e4),
        ("binary_crossentropy", [[1.0, 0.0]], [[0.5, 0.75]], -(np.log(0.5 + 1e-7) + np.log(0.25 + 1e-7)) / 2),
        ("binary_crossentropy", [[1.0]], [[0.0]], -np.log(2e-7)),
        ("binary_crossentropy_logits", [[1.0, 0.0]], [[0.0, 0.0]], LOG2),
        ("binary_crossentropy_logits", [[1.0, 1.0]], [[-1000.0, 1000.0]], 500),
    ],
)
def test_losses_by_hand(name: str, t: list[Any], p: list[Any], expected: float) -> None:
    loss = np.empty(1)
    getattr(reference, f"{name}_forward")(np.array(t), np.array(p), loss)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_sparse_losses_by_hand() -> None:
    p, loss = np.array([[0.25, 0.75], [0.5, 0.5]]), np.empty(2)
    assert reference.sparse_categorical_crossentropy_forward(np.array([0, 1]), p, loss) == -1
    np.testing.assert_allclose(loss, [np.log(4), LOG2], rtol=1e-15)
    z = np.log(p)
    assert reference.sparse_categorical_crossentropy_logits_forward(np.array([0, 1]), z, loss) == -1
    np.testing.assert_allclose(loss, [np.log(4), LOG2], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "t", "p", "expected"),
    [
        ("squared_error", [[1.0, 2.0]], [[3.0, 1.0]], [[4, -2]]),
        ("absolute_error", [[1.0, 2.0, 0.0, 0.0]], [[3.0, 1.0, 0.0, 1.0]], [[0.5, -0.5, 0, 0.5]]),
        ("categorical_crossentropy", [[0.0, 1.0]], [[2.0, 2.0]], [[0.5, -0.5]]),
        ("categorical_crossentropy", [[0.0, 1.0]], [[1.0, 0.0]], [[0, 0]]),  # held at epsilon
        ("categorical_crossentropy_logits", [[0.0, 1.0]], [[0.25, 0.75]], [[0.5, -0.5]]),
        ("binary_crossentropy", [[1.0, 0.0]], [[0.5, 0.5]], [[-1 / (0.5 + 1e-7), 1 / (0.5 + 1e-7)]]),
        ("binary_crossentropy", [[1.0, 0.0]], [[0.0, 1.0]], [[0, 0]]),  # held at both ends
        ("binary_crossentropy_logits", [[1.0, 0.0]], [[0.0, 0.0]], [[-0.5, 0.5]]),
    ],
)
def test_gradients_by_hand(name: str, t: list[Any], p: list[Any], expected: list[Any]) -> None:
    dp = np.empty_like(np.array(p))
    getattr(reference, f"{name}_backward")(np.array(t), np.array(p), np.array([2.0]), dp)
    np.testing.assert_allclose(dp, expected, rtol=1e-12)


def probabilities(rng: np.random.Generator, name: str) -> NDArray[Any]:
    return rng.standard_normal((3, 4)) if "logits" in name else rng.uniform(0.05, 0.95, (3, 4))


def given_to_backward(name: str, p: NDArray[Any]) -> NDArray[Any]:
    """What `*_backward` takes beside the targets: the softmax where it is known from the forward pass."""
    if not name.endswith("categorical_crossentropy_logits"):
        return p
    y = np.empty_like(p)
    reference.softmax_forward(p, y)
    return y


@pytest.mark.parametrize(
    "name",
    [
        "squared_error",
        "absolute_error",
        "categorical_crossentropy",
        "categorical_crossentropy_logits",
        "sparse_categorical_crossentropy",
        "sparse_categorical_crossentropy_logits",
        "binary_crossentropy",
        "binary_crossentropy_logits",
    ],
)
def test_gradients(name: str) -> None:
    rng = np.random.default_rng(5)
    t: NDArray[Any] = np.array([2, 0, 3]) if name.startswith("sparse") else rng.uniform(0, 1, (3, 4))
    p, dloss = probabilities(rng, name), rng.standard_normal(3)
    loss, dp = np.empty(3), np.empty_like(p)

    def total(p: NDArray[Any]) -> float:
        getattr(reference, f"{name}_forward")(t, p, loss)
        return float(np.sum(loss * dloss))

    getattr(reference, f"{name}_backward")(t, given_to_backward(name, p), dloss, dp)
    np.testing.assert_allclose(dp, slope(total, p), rtol=1e-6, atol=1e-8)


def test_ids_outside_are_reported_and_become_nan() -> None:
    ids, p, loss, dp = np.array([1, 4, -1, 0]), np.full((4, 4), 0.25), np.empty(4), np.empty((4, 4))
    for name in ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy_logits"):
        assert getattr(reference, f"{name}_forward")(ids, p, loss) == 1
        np.testing.assert_array_equal(np.isnan(loss), [False, True, True, False])
        getattr(reference, f"{name}_backward")(ids, p, np.ones(4), dp)
        np.testing.assert_array_equal(np.isnan(dp).all(axis=1), [False, True, True, False])
        assert np.isfinite(dp[[0, 3]]).all()
