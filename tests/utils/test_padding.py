"""Lists of several lengths as one array, as tf.keras.preprocessing.sequence makes it."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, DataError
from minifit.utils import pad_sequences

LISTS = [[1, 2, 3], [4], []]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, [[1, 2, 3], [0, 0, 4], [0, 0, 0]]),
        ({"padding": "post"}, [[1, 2, 3], [4, 0, 0], [0, 0, 0]]),
        ({"maxlen": 2}, [[2, 3], [0, 4], [0, 0]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[1, 2], [9, 4], [9, 9]]),
        ({"maxlen": 4, "padding": "post", "value": -1}, [[1, 2, 3, -1], [4, -1, -1, -1], [-1] * 4]),
    ],
)
def test_sides_and_lengths(options: dict[str, Any], rows: list[list[int]]) -> None:
    padded = pad_sequences(LISTS, **options)
    assert padded.dtype == np.int32
    np.testing.assert_array_equal(padded, rows)


def test_no_length_and_nothing_at_all() -> None:
    assert pad_sequences(LISTS, maxlen=0).shape == (3, 0)
    assert pad_sequences([]).shape == (0, 0)


def test_rows_of_arrays_and_other_kinds() -> None:
    padded = pad_sequences([np.ones((1, 2)), np.ones((2, 2))], dtype="float32")
    assert padded.shape == (2, 2, 2)
    assert padded.dtype == np.float32
    assert pad_sequences([["a"], []], dtype=object, value="-").tolist() == [["a"], ["-"]]


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="padding must be 'pre' or 'post'"):
        pad_sequences(LISTS, padding="both")
    with pytest.raises(DataError, match="a list of lists"):
        pad_sequences([[1], 2])
    with pytest.raises(DataError, match="the shape of the first"):
        pad_sequences([[[1, 2]], [[1, 2, 3]]])
