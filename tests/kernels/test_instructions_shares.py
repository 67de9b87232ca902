"""Instructions of several workers: what a share adds to sums, and the sums with what all shares add."""

from typing import Any

import numpy as np
import pytest

from minifit.workers import Share
from tests.kernels.carrying import carry


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_are_those_before_and_what_all_shares_add(dtype: Any) -> None:
    sums, copy = np.array([1.0, 2.0, 3.0], dtype), np.zeros(3)
    wide, added = sums.itemsize, np.zeros(3, np.float32)
    share = Share(0, 3, 4)
    carry(("set_aside", copy, sums, -3, wide), share=share)
    assert copy.tolist() == [1, 2, 3]
    sums += [10, 20, 30]  # what the batch adds here
    carry(("share_of_sums", added, sums, copy, -3, wide), share=share)
    assert added.tolist() == [10, 20, 30]
    added += 1  # what it adds on another worker
    carry(("add_shares", sums, copy, added, -3, wide), share=share)
    assert sums.tolist() == [12, 23, 34]


def test_a_share_without_rows_adds_nothing() -> None:
    sums, before, added = np.array([5.0, np.nan]), np.zeros(2), np.ones(2, np.float32)
    carry(("share_of_sums", added, sums, before, -2, 8), share=Share(3, 0, 2))
    assert added.tolist() == [0, 0]


@pytest.mark.parametrize(("rows", "total"), [(3, 4), (0, 2), (1, 3)])
def test_the_way_back_begins_with_the_part_of_the_batch(rows: int, total: int) -> None:
    seed = np.full(1, 7, np.float32)
    carry(("share_part", seed), share=Share(0, rows, total))
    assert seed[0] == np.float32(rows / total)
