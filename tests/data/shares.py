"""Batches that several workers take together, seen from all of them."""

import copy
from collections.abc import Callable, Sequence

import numpy as np

from minifit.arrays import Array
from minifit.data import Batch, Batches
from minifit.data.batch import Stretch
from minifit.tensor import Context
from minifit.workers import Share, Workers
from tests.data.drawing import context, taken

Make = Callable[[], Batches]
Found = list[tuple[Batch, Share]]


class One(Workers):
    """One of several workers, which tells the others nothing."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size


def divided(make: Make, rank: int, size: int) -> Batches:
    """Return the batches as one of several workers has them."""
    batches = make()
    batches.divide(One(rank, size))
    return batches


def one_by_one(batches: Batches, here: Context | None = None, most: int = 1000) -> Found:
    """The next batches op by op, at most so many, each with its share."""
    here = here or context()
    found: Found = []
    while len(found) < most and (next_one := taken(batches, here, 1)):
        assert batches.share is not None
        found.append((next_one[0], batches.share))
    return found


def in_stretches(batches: Batches, most: int, takes: int, here: Context | None = None) -> Found:
    """All batches as `ahead` tells of them, at most so many at once, of which some are taken, each with its share."""
    here = here or context()
    found: Found = []
    while True:
        here.workspace.rewind()  # type: ignore[union-attr]
        stretch = batches.ahead(here, most)
        if stretch is None:
            return found
        several = min(stretch.batches, takes, most)
        found += [
            (copy.deepcopy(stretch.batch(n)), share_of(stretch, batches.workers, n)) for n in range(several)
        ]
        batches.advance(several)
        assert batches.share == found[-1][1]


def share_of(stretch: Stretch, workers: Workers, number: int) -> Share:
    """Return the share that a batch of a stretch is, counted from its first."""
    assert stretch.whole is not None
    share = workers.share_at(stretch.whole, stretch.begin + number)
    assert len(stretch.batch(number).inputs[0]) == (share.held if share.total else 0)
    return share


def check(whole: Sequence[Batch], of_workers: Sequence[Found]) -> None:
    """The shares of each batch must be the whole of it, in its order; those without rows hold its first row."""
    assert {len(found) for found in of_workers} == {len(whole)}
    for i, batch in enumerate(whole):
        total, first = len(batch.inputs[0]), 0
        for found in of_workers:
            part, share = found[i]
            assert share.first == first or not share.rows
            assert share.total == total
            first += share.rows
            assert [len(p) for p in part] == [len(p) for p in batch]
            for held, array in zip(_arrays(part), _arrays(batch), strict=True):
                assert held.dtype == array.dtype
                np.testing.assert_array_equal(held, array[share.begin : share.begin + share.held])
        assert first == total


def _arrays(batch: Batch) -> list[Array]:
    return [array for part in batch for array in part if array is not None]


def check_all(make: Make, sizes: Sequence[int] = (2, 3)) -> None:
    """The shares must be right op by op and in stretches, from the beginning and when a run goes on in the middle."""
    whole = taken(make(), context())
    assert whole
    for size in sizes:
        check(whole, [one_by_one(divided(make, rank, size)) for rank in range(size)])
        for most, takes in ((1, 1), (1000, 1000), (5, 2)):
            check(whole, [in_stretches(divided(make, rank, size), most, takes) for rank in range(size)])
        middle = len(whole) // 2
        parts: list[Found] = []
        for rank in range(size):
            here, batches = context(), divided(make, rank, size)
            begun = one_by_one(batches, here, middle)
            again = divided(make, rank, size)
            again.set_state(copy.deepcopy(batches.get_state()))
            parts.append(begun + (in_stretches(again, 5, 3, here) if rank % 2 else one_by_one(again, here)))
        check(whole, parts)
