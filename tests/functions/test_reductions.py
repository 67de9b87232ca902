"""These functions give the results that TensorFlow recorded."""

import numpy as np

from minifit.functions import reductions
from minifit.tensor import Tensor
from tests.functions.playing import each, play


@each("reductions")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("reductions", expression)


def test_sums_of_large_whole_numbers_are_exact() -> None:
    x = Tensor(np.array([2**24, 1, 1], np.int32))
    assert reductions.cumsum(x).numpy().tolist() == [2**24, 2**24 + 1, 2**24 + 2]


def test_the_least_whole_number_is_the_smallest() -> None:
    assert int(reductions.argmin(Tensor(np.array([-128, 127], np.int8)))) == 0
