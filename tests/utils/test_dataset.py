"""Data sets in two parts, and batches in three."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.utils import pack_x_y_sample_weight, set_random_seed, split_dataset, unpack_x_y_sample_weight

X, Y = np.arange(20).reshape(10, 2), np.arange(10)


def test_an_array() -> None:
    left, right = split_dataset(Y, left_size=0.75)
    assert left.tolist() == list(range(8)) and right.tolist() == [8, 9]  # round(7.5) is 8, as in Keras
    assert left.base is Y


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ({"left_size": 3}, (3, 7)),
        ({"right_size": 3}, (7, 3)),
        ({"right_size": 0.2}, (8, 2)),
        ({"left_size": 2, "right_size": 0.3}, (2, 3)),
        ({"left_size": np.float32(0.5)}, (5, 5)),
        ({"left_size": np.int64(9), "right_size": 1}, (9, 1)),
    ],
)
def test_sizes(sizes: Any, counts: tuple[int, int]) -> None:
    left, right = split_dataset(Y, **sizes)
    assert (len(left), len(right)) == counts
    assert left.tolist() == list(range(counts[0])) and right.tolist() == list(range(10 - counts[1], 10))


def test_nested_arrays() -> None:
    (x, y, weight), (x2, _, none) = split_dataset(({"a": X, "b": [Y]}, Y, None), 0.5)
    assert x["a"].tolist() == X[:5].tolist() and x["b"][0].tolist() == y.tolist() == [0, 1, 2, 3, 4]
    assert x2["a"].tolist() == X[5:].tolist() and weight is none is None
    left, _ = split_dataset([X, Y], 0.5)
    assert isinstance(left, list)


def test_the_shuffling_is_that_of_keras() -> None:
    """Its source says: ``random.seed(seed)``, then ``random.shuffle`` of the samples."""
    (x, y), (x2, y2) = split_dataset((X, Y), left_size=0.6, shuffle=True, seed=7)
    assert (y.tolist(), y2.tolist()) == ([8, 3, 1, 4, 7, 0], [9, 6, 2, 5])
    assert x.tolist() == X[y].tolist() and x2.tolist() == X[y2].tolist()


def test_shuffling_without_a_seed() -> None:
    set_random_seed(3)
    parts = [split_dataset(np.arange(500), 0.5, shuffle=True)[0] for _ in range(2)]
    assert parts[0].tolist() != parts[1].tolist()
    set_random_seed(3)
    assert split_dataset(np.arange(500), 0.5, shuffle=True)[0].tolist() == parts[0].tolist()
    assert sorted(np.concatenate(split_dataset(Y, 4, shuffle=True)).tolist()) == Y.tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ArgumentError, "A split needs a size"),
        ({"left_size": 10}, ArgumentError, "at least one sample.*10 and 0 samples"),
        ({"left_size": 0}, ArgumentError, "at least one sample"),
        ({"left_size": 0.01}, ArgumentError, "0 and 10 samples"),
        ({"left_size": 0.8, "right_size": 3}, ArgumentError, "8 and 3 samples"),
        ({"left_size": 1.5}, ArgumentError, "between 0 and 1.*left_size=1.5"),
        ({"right_size": 0.0}, ArgumentError, "right_size=0.0"),
        ({"left_size": "half"}, ArgumentTypeError, "left_size='half'"),
    ],
)
def test_sizes_that_are_none(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        split_dataset(Y, **arguments)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ((X, Y[:5]), DataError, "same number of samples.*array 1 has 10, array 2 has 5"),
        (([], None), DataError, "A data set needs an array"),
        ((X, 3), ArgumentTypeError, "Received: 3 of type int"),
    ],
)
def test_data_that_cannot_be_split(data: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        split_dataset(data, 0.5)


def test_the_parts_of_a_batch() -> None:
    x, y, weight = unpack_x_y_sample_weight(X)
    assert x is X and y is weight is None
    assert unpack_x_y_sample_weight((1,)) == (1, None, None)
    assert unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    assert unpack_x_y_sample_weight((1, 2, 3)) == (1, 2, 3)
    assert unpack_x_y_sample_weight({"a": 1}) == ({"a": 1}, None, None)
    for wrong in ((), (1, 2, 3, 4)):
        with pytest.raises(ArgumentError, match=rf"a tuple of {len(wrong)}"):
            unpack_x_y_sample_weight(wrong)


def test_the_parts_put_together() -> None:
    assert pack_x_y_sample_weight(1) == 1
    assert pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    assert pack_x_y_sample_weight(1, 2) == (1, 2)
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    with pytest.raises(ArgumentError, match="a sample_weight without y"):
        pack_x_y_sample_weight(1, sample_weight=3)
