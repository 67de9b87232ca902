"""These functions give the results that TensorFlow recorded."""

import pytest

from minifit.errors import ArgumentError
from minifit.functions import linalg
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
