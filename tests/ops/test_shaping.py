"""Ops that move numbers, and what they refuse."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.errors import ArgumentTypeError, ShapeError
from minifit.tensor import Tensor, as_tensor
from minifit.utils.gradients import check_gradients
from tests.ops.cases import (
    CUBE,
    ROW,
    X,
)


@pytest.mark.parametrize("other", [np.ones((2, 3)), np.ones((2, 3), int)], ids=["float64", "int"])
def test_concatenate_keeps_float32_beside_constants(other: Any) -> None:
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    for parts in ([x, other], [other, x]):
        made = ops.concatenate(parts, axis=0)
        assert made.dtype == np.float32
        x.grad = None
        made.backward()
        assert np.asarray(x.grad).dtype == np.float32


def test_transpose_of_axes_counted_from_the_end() -> None:
    check_gradients(lambda x: ops.transpose(x, (-1, 0, 1)), CUBE)


def test_nothing_to_concatenate() -> None:
    with pytest.raises(ArgumentTypeError, match="at least one tensor"):
        ops.concatenate([])


def test_shapes_are_numbers() -> None:
    found = ops.shape(Tensor(X))
    assert (str(found.dtype), found.value.tolist()) == ("int64", [3, 4])
    rows, columns = found
    assert ops.reshape(X, (columns, rows)).shape == (4, 3)
    assert ops.random_normal((rows, 2)).shape == (3, 2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ops.stack([]), ArgumentTypeError, "at least one"),
        (lambda: ops.stack([X, ROW]), ShapeError, r"\(3, 4\), \(4,\)"),
        (lambda: ops.split(X, 3, axis=1), ShapeError, "length 4. Received: 3"),
        (lambda: ops.split(X, 0), ShapeError, "Received: 0"),
        (lambda: ops.split(X, [1, 1]), ShapeError, r"length 3. Received: \[1, 1\]"),
        (lambda: ops.tile(X, (2,)), ShapeError, r"Received: \(2,\)"),
        (lambda: ops.random_normal(np.array([1.5, 2])), ArgumentTypeError, "sequence of integers"),  # type: ignore[arg-type]
    ],
)
def test_parts_that_do_not_fit(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "function",
    [ops.squeeze, lambda x: ops.reshape(x, []), lambda x: as_tensor(x).reshape()],
    ids=["squeeze", "ops.reshape", "reshape"],
)
def test_a_single_number_loses_all_axes(function: Callable[[Any], Tensor]) -> None:
    assert function(np.ones((1, 1))).shape == ()
    check_gradients(function, np.ones((1, 1)))
