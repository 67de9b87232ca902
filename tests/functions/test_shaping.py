"""These functions give the results that TensorFlow recorded."""

import pytest

from minifit.errors import ArgumentError
from minifit.functions import shaping
from tests.functions.playing import each, play


@each("shaping")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("shaping", expression)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="batch_dims=1"):
        shaping.gather([[1.0]], [[0]], batch_dims=1)
    with pytest.raises(ArgumentError, match=r"from 0 to 1\. Received: -1 to 1"):
        shaping.gather([1.0, 2.0], [-1, 1])
    with pytest.raises(ArgumentError, match="batch_dims=1"):
        shaping.gather_nd([[1.0]], [[0]], batch_dims=1)
    with pytest.raises(ArgumentError, match="num=3 for 2"):
        shaping.unstack([1.0, 2.0], num=3)
    with pytest.raises(ArgumentError, match="mode='REFLECT'"):
        shaping.pad([1.0], [[1, 1]], "REFLECT")
    with pytest.raises(ArgumentError, match="Received: 'x'"):
        shaping.meshgrid([1.0], indexing="x")
    with pytest.raises(ArgumentError, match=r"the shape \(3,\)"):
        shaping.ensure_shape([1.0], (3,))
