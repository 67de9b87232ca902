"""The shares that workers take of a batch, and one worker alone."""

import copy
import pickle

import numpy as np
import pytest

from minifit.metrics import Mean
from minifit.workers import ALONE, Share, Workers, current_workers, working


class One(Workers):
    """One of several workers, which tells the others nothing."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("rows", [0, 1, 2, 5, 8, 12])
def test_the_shares_of_a_batch_are_the_whole_of_it(rows: int, size: int) -> None:
    shares = [One(rank, size).share(rows) for rank in range(size)]
    batch = np.arange(rows)
    parts = [batch[s.first : s.first + s.rows] for s in shares]
    assert [part.tolist() for part in parts] == [part.tolist() for part in np.array_split(batch, size)]
    assert sum(s.part for s in shares) == pytest.approx(1.0 if rows else 0.0)
    for s in shares:
        assert s.total == rows and (s.held, s.begin) == ((s.rows, s.first) if s.rows else (1, 0))
        assert s.begin + s.held + s.behind == max(rows, 1)


def test_one_worker_alone() -> None:
    numbers = np.ones(3, np.float32)
    ALONE.add_up(numbers)
    with ALONE.together("fit"):
        assert (ALONE.rank, ALONE.size, ALONE.chief, numbers.tolist()) == (0, 1, True, [1, 1, 1])
        assert ALONE.largest(1, 2) == (1, 2)
        assert (ALONE.from_chief(b"a"), ALONE.from_all(b"a")) == (b"a", [b"a"])


def test_a_scope_ends() -> None:
    workers = One(1, 2)
    with working(workers):
        assert current_workers() is workers
    assert current_workers() is ALONE


def test_the_share_of_a_batch_of_a_stretch() -> None:
    workers = One(1, 2)
    assert [workers.share_at((4, 7), number) for number in range(2)] == [(2, 2, 4), (2, 1, 3)]
    assert workers.share_at(Share(1, 5, 6), 0) == (1, 5, 6)


def test_metrics_are_remembered_in_the_scope_of_several_workers() -> None:
    several, alone = One(0, 2), One(0, 1)
    with working(several):
        first, second = Mean("a"), Mean("b")
    with working(alone):
        Mean("c")
    assert several.metrics() == [first, second]
    del first
    assert several.metrics() == [second]
    assert alone.metrics() == []


def test_workers_are_never_copied() -> None:
    several = One(0, 2)
    assert copy.copy(several) is copy.deepcopy(several) is several
    assert pickle.loads(pickle.dumps(several)) is ALONE
