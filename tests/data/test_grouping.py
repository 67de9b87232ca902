"""Batches and windows of elements, and batches that are divided again."""

from typing import Any

import numpy as np
import pytest

from minifit.data import Dataset, grouping, orders, stages
from minifit.data.elements import DatasetSpec, TensorSpec
from minifit.errors import DataError


def rows(n: int = 7) -> stages.Stage:
    return stages.Slices(np.arange(n))


def others(n: int = 7) -> stages.Stage:
    return stages.Range(range(n), np.dtype(np.int64))


def listed(stage: stages.Stage) -> list[Any]:
    return [np.asarray(e).tolist() for e in stage]


@pytest.mark.parametrize("make", [rows, others])
@pytest.mark.parametrize(
    ("size", "drop", "expected"),
    [
        (3, False, [[0, 1, 2], [3, 4, 5], [6]]),
        (3, True, [[0, 1, 2], [3, 4, 5]]),
        (7, True, [[0, 1, 2, 3, 4, 5, 6]]),
        (9, False, [[0, 1, 2, 3, 4, 5, 6]]),
        (9, True, []),
    ],
)
def test_batches(make: Any, size: int, drop: bool, expected: list[list[int]]) -> None:
    stage = grouping.Batched(make(), size, drop)
    assert listed(stage) == expected
    assert stage.length() == len(expected)
    assert stage.spec() == TensorSpec((size if drop else None,), np.int64)


@pytest.mark.parametrize("make", [rows, others])
def test_batches_go_over_the_end_of_a_repetition(make: Any) -> None:
    stage = grouping.Batched(orders.Repeated(make(3), 2), 4, False)
    assert listed(stage) == [[0, 1, 2, 0], [1, 2]]


def test_batches_of_many_rows() -> None:
    n = stages.STRETCH * 2 + 5
    made = listed(grouping.Batched(rows(n), 1000, False))
    assert [row for batch in made for row in batch] == list(range(n))
    assert {len(b) for b in made[:-1]} == {1000}


def test_padded_batches() -> None:
    texts = stages.Mapped(others(4), lambda n: (np.ones(int(n)), n))
    made = list(grouping.PaddedBatched(texts, 2, False, None, None))
    assert [e[0].shape for e in made] == [(2, 1), (2, 3)]
    assert made[1][0].tolist() == [[1, 1, 0], [1, 1, 1]]
    unfit = "padded_shapes must have an entry for each part of an element, which has 2"
    with pytest.raises(DataError, match=unfit):
        list(grouping.PaddedBatched(texts, 2, False, [(1,), (2,), (3,)], None))
    with pytest.raises(DataError, match=unfit):
        grouping.PaddedBatched(texts, 2, False, [(1,), (2,), (3,)], None).spec()
    with pytest.raises(
        DataError, match="padded_shapes must have an entry for each part of an element, which has 1"
    ):
        grouping.PaddedBatched(others(), 2, False, [(), ()], None)


def test_the_kind_of_padded_batches() -> None:
    made = grouping.PaddedBatched(stages.Slices(np.ones((4, 2))), 2, True, [(None,)], None)
    assert made.spec() == TensorSpec((2, None), np.float64)


def test_batches_divided_again() -> None:
    stage = grouping.Unbatched(grouping.Batched(others(), 3, True))
    assert listed(stage) == [0, 1, 2, 3, 4, 5]
    assert stage.length() == 6
    assert grouping.Unbatched(grouping.Batched(others(), 3, False)).length() == stages.UNKNOWN
    with pytest.raises(DataError, match="the same length"):
        list(grouping.Unbatched(others()))


def windows(n: int, size: int, shift: int, stride: int, drop: bool) -> list[list[int]]:
    stage = grouping.Windowed(
        others(n), size, shift, stride, drop, lambda elements: Dataset(grouping.Listed(elements))
    )
    made = [[int(e) for e in window.stage] for window in stage]
    assert stage.length() == len(made)
    assert stage.spec() == DatasetSpec(TensorSpec((), np.int64))
    return made


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((7, 3, 3, 1, False), [[0, 1, 2], [3, 4, 5], [6]]),
        ((7, 3, 2, 1, True), [[0, 1, 2], [2, 3, 4], [4, 5, 6]]),
        ((7, 3, 1, 2, True), [[0, 2, 4], [1, 3, 5], [2, 4, 6]]),
        ((7, 3, 1, 2, False), [[0, 2, 4], [1, 3, 5], [2, 4, 6], [3, 5], [4, 6], [5], [6]]),
        ((7, 2, 4, 1, False), [[0, 1], [4, 5]]),
        ((2, 3, 1, 1, True), []),
    ],
)
def test_windows(arguments: Any, expected: list[list[int]]) -> None:
    assert windows(*arguments) == expected


@pytest.mark.parametrize("name", ["batch", "padded_batch", "unbatch"])
def test_windows_are_no_arrays(name: str) -> None:
    windows = Dataset.range(4).window(2)
    arguments = () if name == "unbatch" else (2,)
    with pytest.raises(
        DataError, match=f"{name} needs elements that are arrays. Received: elements that are data sets"
    ):
        getattr(windows, name)(*arguments)
    unknown = windows.map(lambda window: window)  # only its elements tell
    with pytest.raises(
        DataError, match=f"{name} needs elements that are arrays. Received: elements that are data sets"
    ):
        list(getattr(unknown, name)(*arguments))


def test_windows_of_pairs_are_pairs_of_data_sets() -> None:
    pairs = Dataset.from_tensor_slices(([1, 2, 3], [4, 5, 6])).window(2)
    (a, b), _ = pairs
    assert [int(e) for e in a] == [1, 2]
    assert [int(e) for e in b] == [4, 5]
