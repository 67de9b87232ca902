"""These functions give the results that TensorFlow recorded."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape, Variable, ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, GradientError, ShapeError
from minifit.functions import linalg
from minifit.tensor import Tensor
from minifit.utils import check_gradients
from tests.functions.playing import each, play


@each("linalg")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("linalg", expression)


@each("linalg without gradients")
def test_what_has_no_gradient(expression: str) -> None:
    play("linalg without gradients", expression)


def test_what_is_not_done() -> None:
    with pytest.raises(ArgumentError, match="a_is_sparse=True"):
        linalg.matmul([[1.0]], [[1.0]], a_is_sparse=True)
    with pytest.raises(ArgumentError, match="ord=3"):
        linalg.norm([1.0], ord=3)


GENERAL = np.random.default_rng(1).normal(size=(2, 3, 3)) + 4 * np.eye(3)
SIDES = np.random.default_rng(2).normal(size=(2, 3, 2))


def symmetric(x: Any) -> Any:
    """A positive definite matrix, for any matrix."""
    return linalg.matmul(x, x, transpose_b=True)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (linalg.det, [GENERAL]),
        (linalg.inv, [GENERAL]),
        (linalg.solve, [GENERAL, SIDES]),
        (linalg.solve, [GENERAL[0], SIDES]),
        (linalg.solve, [GENERAL, SIDES[1]]),
        (lambda x: linalg.cholesky(symmetric(x)), [GENERAL]),
        (lambda x: linalg.eigh(symmetric(x))[0], [GENERAL]),
        (lambda x: linalg.eigh(x)[0], [GENERAL]),
        (lambda x: linalg.svd(x)[0], [GENERAL]),
        (lambda x: linalg.svd(x, full_matrices=True)[0], [SIDES]),
        (lambda x: linalg.svd(x, compute_uv=False), [SIDES.swapaxes(1, 2)]),
    ],
)
def test_gradients(function: Callable[..., Tensor], inputs: list[Array]) -> None:
    check_gradients(function, *inputs)


def test_what_has_no_gradient_is_refused_by_name() -> None:
    x = Variable(GENERAL[0])
    refused: list[tuple[str, Callable[[], Any]]] = [
        ("The eigenvector matrix of tf.linalg.eigh", lambda: linalg.eigh(x)[1]),
        ("The singular vector matrix of tf.linalg.svd", lambda: linalg.svd(x)[1]),
        ("The singular vector matrix of tf.linalg.svd", lambda: linalg.svd(x)[2]),
    ]
    for name, through in refused:
        with GradientTape() as tape:
            made = ops.sum(through())
        with pytest.raises(GradientError, match=name):
            tape.gradient(made, x)


def test_matrices_that_are_taken_apart_are_their_product() -> None:
    s, u, v = linalg.svd(SIDES)
    np.testing.assert_allclose(u @ linalg.diag(s) @ linalg.matrix_transpose(v), SIDES, atol=1e-12)
    values, vectors = linalg.eigh(symmetric(Tensor(GENERAL)))
    np.testing.assert_allclose(
        vectors @ linalg.diag(values) @ linalg.matrix_transpose(vectors),
        symmetric(Tensor(GENERAL)),
        atol=1e-12,
    )


def test_matrices_that_do_not_fit() -> None:
    singular = Variable(np.ones((2, 2)))
    inverting: list[Callable[[Any], Any]] = [linalg.inv, lambda x: linalg.solve(x, np.eye(2))]
    for function in inverting:
        with pytest.raises(ArgumentError, match=r"needs an invertible matrix. Received: a singular matrix"):
            function(singular)
    with GradientTape() as tape:
        made = linalg.det(singular)
    assert float(made) == 0
    with pytest.raises(ArgumentError, match=r"the gradient of tf\.linalg\.det"):
        tape.gradient(made, singular)
    with pytest.raises(ArgumentError, match="positive definite"):
        linalg.cholesky(-np.eye(2))
    for of_squares in (linalg.det, linalg.inv, linalg.cholesky, linalg.eigh):
        with pytest.raises(ShapeError, match=r"square matrices. Received: shape \(2, 3\)"):
            of_squares(np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"needs matrices. Received: shape \(3,\)"):
        linalg.svd(np.ones(3))
    with pytest.raises(ShapeError, match=r"must be a matrix. Received: shape \(2,\)"):
        linalg.solve(np.eye(2), np.ones(2))
