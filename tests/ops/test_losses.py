"""Ops of losses at their ends, for targets of every kind, and what they refuse."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.errors import DataError, ShapeError
from minifit.tensor import Tensor
from minifit.utils.gradients import check_gradients
from tests.ops.cases import (
    ONE_HOT,
    P,
    T,
    X,
    Y,
)

LOSSES = [ops.mean_squared_error, ops.mean_absolute_error, ops.binary_crossentropy]


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_losses_of_huge_logits_are_finite(size: float) -> None:
    z = Tensor(np.array([[size, -size], [-size, size]], np.float32), requires_grad=True)
    one_hot = [[0.0, 1.0], [0.0, 1.0]]
    for loss in (
        ops.categorical_crossentropy(one_hot, ops.softmax(z)),
        ops.sparse_categorical_crossentropy([1, 1], ops.softmax(z)),
        ops.binary_crossentropy(one_hot, ops.sigmoid(z)),
    ):
        z.grad = None
        loss.backward()
        assert np.isfinite(loss.value).all()
        assert np.isfinite(np.asarray(z.grad)).all()
        assert loss.value[0] > 1e3


def test_probabilities_of_0_and_1_are_held_away_from_infinity() -> None:
    p = Tensor([[0.0, 1.0]], requires_grad=True)
    for loss in (
        ops.categorical_crossentropy([[1.0, 0.0]], p),
        ops.sparse_categorical_crossentropy([0], p),
        ops.binary_crossentropy([[1.0, 0.0]], p),
    ):
        p.grad = None
        loss.backward()
        assert 10 < float(loss.value[0]) < 20
        assert np.isfinite(np.asarray(p.grad)).all()


def test_integer_targets_count_in_the_dtype_of_the_predictions() -> None:
    p = Tensor(np.array([[0.25, 0.5]], np.float32))
    made = ops.mean_squared_error(np.array([[0, 1]]), p)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, [(0.25**2 + 0.5**2) / 2])


def test_weights_in_float64_change_no_dtype() -> None:
    v = Tensor(np.ones(3, np.float32), requires_grad=True)
    made = ops.weighted_mean(v, np.ones(3), 3)
    assert made.dtype == np.float32
    made.backward()
    assert np.asarray(v.grad).dtype == np.float32


@pytest.mark.parametrize("loss", [ops.mean_squared_error, ops.mean_absolute_error])
def test_targets_have_a_gradient_too(loss: Callable[[Any, Any], Tensor]) -> None:
    check_gradients(loss, X, Y)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("loss", [ops.binary_crossentropy, ops.categorical_crossentropy])
@pytest.mark.parametrize("rows", [1, 3])
def test_targets_of_a_cross_entropy_have_a_gradient_too(
    loss: Callable[..., Tensor], from_logits: bool, rows: int
) -> None:
    check_gradients(lambda t, p: loss(t, p, from_logits), T[:rows], P)


def test_targets_beside_probabilities_that_came_from_logits() -> None:
    check_gradients(lambda t, z: ops.categorical_crossentropy(t, ops.softmax(z)), T, P)
    check_gradients(lambda t, z: ops.binary_crossentropy(t, ops.sigmoid(z)), T, P)


def test_losses_of_an_empty_batch() -> None:
    p = Tensor(np.ones((0, 3), np.float32))
    assert ops.mean_squared_error(np.ones((0, 3)), p).shape == (0,)
    assert ops.sparse_categorical_crossentropy(np.ones(0, int), p).shape == (0,)


@pytest.mark.parametrize("loss", [*LOSSES, ops.categorical_crossentropy])
def test_targets_that_do_not_fit(loss: Callable[[Any, Any], Tensor]) -> None:
    with pytest.raises(ShapeError, match=r"targets of shape \(3, 5\), predictions of shape \(3, 4\)"):
        loss(np.ones((3, 5)), X)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_of_a_single_number(loss: Callable[[Any, Any], Tensor]) -> None:
    with pytest.raises(ShapeError, match="Received: a single number"):
        loss(1.0, 2.0)


@pytest.mark.parametrize("ids", [np.array([0, 1]), ONE_HOT, np.array(1), np.ones((3, 2), int)])
def test_class_numbers_of_the_wrong_shape(ids: Array) -> None:
    with pytest.raises(ShapeError, match="one class number a sample"):
        ops.sparse_categorical_crossentropy(ids, P)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("wrong", [-1, 4, 1000])
def test_a_class_number_out_of_range(wrong: int, from_logits: bool) -> None:
    with pytest.raises(DataError, match=rf"from 0 to 3.*Received: {wrong} in row 1 of the batch"):
        ops.sparse_categorical_crossentropy([0, wrong, 2], P, from_logits=from_logits)


@pytest.mark.parametrize("wrong", [9, 1.5])
def test_the_row_of_a_wrong_class_number_among_several(wrong: float) -> None:
    ids = np.array([[0, 1], [2, 3], [0, wrong]])
    with pytest.raises(DataError, match=rf"Received: {wrong:g}(\.0)? in row 2 of the batch") as caught:
        ops.sparse_categorical_crossentropy(ids, np.ones((3, 2, 4)))
    assert caught.value.row == 2
