"""These functions give the results that TensorFlow recorded."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError, GradientError, ShapeError
from minifit.functions import convert, linalg
from minifit.tape import GradientTape
from minifit.tensor import Tensor
from tests.functions.playing import each, play


@each("convert")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("convert", expression)


def test_a_gradient_that_there_is_none_of_is_refused() -> None:
    x = Tensor(np.eye(2, dtype=np.float32))
    with GradientTape() as tape:
        tape.watch(x)
        y = linalg.svd(x)[1]
    with pytest.raises(
        GradientError, match=r"The singular vector matrix of tf\.linalg\.svd has no gradient here"
    ):
        tape.gradient(y, x)


def test_dtypes_by_their_names() -> None:
    assert [convert.as_dtype(n).name for n in ("float", "double", "half", "int", "int64", float)] == [
        "float32", "float64", "float16", "int32", "int64", "float64",
    ]  # fmt: skip


def test_shapes() -> None:
    assert convert.sizes(3) == (3,)
    assert convert.sizes(Tensor([2, 3])) == convert.sizes([2, Tensor(3)]) == (2, 3)
    with pytest.raises(ArgumentTypeError, match="A shape is a sequence of integers"):
        convert.sizes(None)


@pytest.mark.parametrize("make", [convert.convert_to_tensor, convert.make_constant])
def test_text_is_an_array(make: Any) -> None:
    for given in ([["red"], ["blue"]], np.array([["red"], ["blue"]], object), np.array([["red"], ["blue"]])):
        made = make(given)
        assert type(made) is np.ndarray and made.tolist() == [["red"], ["blue"]]
    assert make("red", dtype="string").shape == ()
    assert make([b"red"]).tolist() == [b"red"]
    with pytest.raises(ShapeError, match="rows of text must have the same length"):
        make([["a"], ["b", "c"]])
    for other in (["a", 1], ["a", None], [], np.array(["a", 1], object)):
        assert convert.text_of(other) is None
    with pytest.raises(ArgumentTypeError, match="holds real numbers"):
        make(["a"], dtype="float32")


def test_text_that_fills_a_shape() -> None:
    assert convert.make_constant("a", shape=(2, 1)).tolist() == [["a"], ["a"]]
    assert convert.make_constant(["a", "b"], shape=(2, 1)).tolist() == [["a"], ["b"]]
