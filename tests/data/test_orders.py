"""Which elements, and in which order: of rows by their numbers, and of anything else one by one, equally."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit.data import orders, stages
from minifit.randomness import set_random_seed

N = 7
Make = Callable[[stages.Stage], stages.Stage]


def both(make: Make, n: int = N, most: int = 100) -> list[int]:
    """The elements, after a look whether rows go the same way as other elements."""
    rows = make(stages.Slices(np.arange(n)))
    others = make(stages.Mapped(stages.Range(range(n), np.dtype(np.int64)), lambda x: x))
    assert rows.source is not None and others.source is None
    assert rows.length() == others.length()
    for _ in range(2):  # two iterations
        found, same = ([int(e) for e, _ in zip(s, range(most), strict=False)] for s in (rows, others))
        assert found == same
    numbers = np.concatenate(
        [np.empty(0, int), *(n for n, _ in zip(rows.numbers(), range(most), strict=False))]
    )
    assert len(numbers[:most]) == len(found)
    if rows.length() >= 0:
        assert rows.length() == len(found)
    return found


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda s: orders.Taken(s, 3), [0, 1, 2]),
        (lambda s: orders.Taken(s, -1), list(range(N))),
        (lambda s: orders.Taken(s, 99), list(range(N))),
        (lambda s: orders.Taken(s, 0), []),
        (lambda s: orders.Skipped(s, 5), [5, 6]),
        (lambda s: orders.Skipped(s, -1), []),
        (lambda s: orders.Skipped(s, 99), []),
        (lambda s: orders.Shard(s, 3, 1), [1, 4]),
        (lambda s: orders.Shard(s, 3, 0), [0, 3, 6]),
        (orders.Passing, list(range(N))),
        (orders.Cached, list(range(N))),
        (lambda s: orders.Repeated(s, 2), [*range(N), *range(N)]),
        (lambda s: orders.Repeated(s, 0), []),
        (lambda s: orders.Taken(orders.Repeated(s, -1), 9), [*range(N), 0, 1]),
        (lambda s: orders.Skipped(orders.Repeated(orders.Taken(s, 2), 3), 1), [1, 0, 1, 0, 1]),
        (lambda s: orders.Repeated(orders.Taken(s, 0), -1), []),
    ],
)
def test_orders(make: Make, expected: list[int]) -> None:
    assert both(make) == expected


def test_without_end() -> None:
    stage = orders.Repeated(stages.Slices(np.arange(2)), -1)
    assert stage.length() == stages.INFINITE
    assert orders.Taken(stage, 5).length() == 5
    assert orders.Skipped(stage, 5).length() == stages.INFINITE


@pytest.mark.parametrize("buffer", [1, 3, N, 100])
@pytest.mark.parametrize("again", [True, False])
def test_a_shuffle_yields_every_element_once(buffer: int, again: bool) -> None:
    found = both(lambda s: orders.Shuffled(s, buffer, 3, again))
    assert sorted(found) == list(range(N))
    assert (found == list(range(N))) == (buffer == 1)


def test_a_buffer_moves_an_element_forward_by_no_more_than_its_size() -> None:
    found = both(lambda s: orders.Shuffled(s, 3, 0, True), 3000, 3000)
    assert all(place >= element - 2 for place, element in enumerate(found))
    assert max(place - element for place, element in enumerate(found)) > 10  # and backward as it comes


@pytest.mark.parametrize("buffer", [2, 300, orders.DRAWN, 70_000])
@pytest.mark.parametrize("rows", [301, 3 * orders.DRAWN, 80_000])
def test_rows_are_shuffled_as_elements_are(buffer: int, rows: int) -> None:
    """By stretches of several draws, beyond one stretch of rows, and with places that need another dtype."""
    of_rows, of_elements = (
        orders.Shuffled(stages.Slices(np.arange(rows)), buffer, 1, True) for _ in range(2)
    )
    for _ in range(2):
        by_row = np.concatenate(list(of_rows.numbers())).tolist()
        assert by_row == list(of_elements.arranged(iter(range(rows))))
    assert of_rows.position == of_elements.position


def test_each_iteration_of_a_shuffle_has_its_own_order_unless_told_otherwise() -> None:
    again, same = (orders.Shuffled(stages.Slices(np.arange(50)), 50, 1, a) for a in (True, False))
    assert [int(e) for e in again] != [int(e) for e in again]
    assert [int(e) for e in same] == [int(e) for e in same]


def test_a_repeated_shuffle_is_shuffled_each_time() -> None:
    found = both(lambda s: orders.Repeated(orders.Shuffled(s, 50, 1, True), 2), 50)
    assert sorted(found[:50]) == sorted(found[50:])
    assert found[:50] != found[50:]


def test_without_a_seed_the_order_follows_from_the_global_one() -> None:
    def order() -> list[int]:
        set_random_seed(4)
        return [int(e) for e in orders.Shuffled(stages.Slices(np.arange(20)), 20, None, True)]

    assert order() == order()


def test_a_full_shuffle_is_fair() -> None:
    stage = orders.Shuffled(stages.Slices(np.arange(3)), 3, 0, True)
    counts = np.zeros((3, 3))
    for _ in range(600):
        for place, element in enumerate(stage):
            counts[place, element] += 1
    assert counts.min() > 150


def test_a_shuffle_goes_on_from_a_position() -> None:
    first, second = (orders.Shuffled(stages.Slices(np.arange(20)), 5, seed, True) for seed in (1, 2))
    list(first)
    second.position = first.position
    assert [int(e) for e in first] == [int(e) for e in second]


def test_a_cache_keeps_the_order_of_a_shuffle() -> None:
    stage = orders.Cached(orders.Shuffled(stages.Slices(np.arange(20)), 20, 1, True))
    assert [int(e) for e in stage] == [int(e) for e in stage]


def test_a_cache_keeps_nothing_of_half_an_iteration() -> None:
    calls: list[Any] = []

    def noted(x: Any) -> Any:
        calls.append(x)
        return x

    stage = orders.Cached(stages.Mapped(stages.Slices(np.arange(3)), noted))
    next(iter(stage))
    for _ in range(2):
        elements = iter(stage)
        assert [next(elements) for _ in range(3)] == [0, 1, 2]  # the end need not be asked for
    assert len(calls) == 1 + 3
