"""The batches that layers learn from: of arrays, lists, datasets in files and iterables."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.errors import DataError
from minifit.layers.adapting import batches_of
from minifit.tensor import Tensor
from tests.data.drawing import dataset

ROWS = np.arange(14.0, dtype=np.float32).reshape(7, 2)


def pairs() -> Iterator[Array]:
    yield ROWS[:3]
    yield ROWS[3:]


@pytest.mark.parametrize("data", [ROWS, ROWS.tolist(), tuple(ROWS.tolist()), Tensor(ROWS), dataset(ROWS)])
@pytest.mark.parametrize("batch_size, sizes", [(None, [7]), (3, [3, 3, 1]), (7, [7]), (100, [7])])
def test_rows_are_cut_into_batches(data: Any, batch_size: int | None, sizes: list[int]) -> None:
    found = list(batches_of(data, batch_size))
    assert [len(batch) for batch in found] == sizes
    np.testing.assert_array_equal(np.concatenate(found), ROWS)


@pytest.mark.parametrize("data", [pairs(), iter([ROWS[:3].tolist(), ROWS[3:]])])
def test_an_iterable_has_its_own_batches(data: Any) -> None:
    assert [len(batch) for batch in batches_of(data, 2)] == [3, 4]


def test_no_more_batches_are_taken_than_asked_for() -> None:
    batches = iter([ROWS, ROWS, ROWS])
    assert len(list(batches_of(batches, steps=2))) == 2
    assert len(list(batches)) == 1
    assert len(list(batches_of(ROWS, 3, 2))) == 2


def test_a_single_value() -> None:
    with pytest.raises(DataError, match=r"of shape \(n, \.\.\.\)\. Received: a single value\. Pass an array"):
        list(batches_of(3.0))


def test_arrays_are_made_by_who_asks() -> None:
    found = list(
        batches_of("word", array_of=lambda value: np.array([value] if isinstance(value, str) else value))
    )
    assert [batch.tolist() for batch in found] == [["word"]]
