"""Random orders: each number once, the same for the same seed, and as random when they are not listed."""

import tracemalloc

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.data import permutation as module
from minifit.data.permutation import Computed, Order, permutation


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No order is short enough to be listed."""
    monkeypatch.setattr(module, "LISTED", 0)


def order_of(n: int, seed: int) -> Order:
    return permutation(n, np.random.default_rng(seed))


def whole(n: int, seed: int, step: int = 1000) -> Array:
    order = order_of(n, seed)
    return np.concatenate([order[i : i + step] for i in range(0, n, step)])


SIZES = [*range(1, 40), 63, 64, 65, 99, 100, 101, 1000, 1023, 1024, 1025, 70_000]


@pytest.mark.parametrize("n", SIZES)
def test_listed_every_number_is_there_once(n: int) -> None:
    assert isinstance(order_of(n, 1), np.ndarray)
    assert sorted(whole(n, 1).tolist()) == list(range(n))


@pytest.mark.usefixtures("computed")
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_computed_every_number_is_there_once(n: int, seed: int) -> None:
    assert isinstance(order_of(n, seed), Computed)
    assert sorted(whole(n, seed).tolist()) == list(range(n))


def test_the_limit() -> None:
    assert isinstance(order_of(2**20, 1), np.ndarray)
    assert isinstance(order_of(2**20 + 1, 1), Computed)


@pytest.mark.usefixtures("computed")
@pytest.mark.parametrize("step", [1, 7, 32, 1000, 2**16, 2**17])
def test_any_stretch_can_be_asked_for(step: int) -> None:
    n = 150_000
    order, expected = order_of(n, 3), whole(n, 3, step=n)
    for first in (0, 1, 100, 2**16 - 3, 2**16, n - 5, 40, n, n + 1):
        np.testing.assert_array_equal(order[first : first + step], expected[first : first + step])
    assert len(order) == n


@pytest.mark.parametrize("n", [1000, 2**20 + 100])
def test_it_follows_from_the_generator(n: int) -> None:
    def first(seed: int) -> list[int]:
        return [int(i) for i in order_of(n, seed)[0:100]]

    assert first(1) == first(1) != first(2)


def surprise(table: Array) -> float:
    """How far a table of counts is from independence, in standard deviations of chi square."""
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float((((table - expected) ** 2 / expected).sum() - freedom) / (2 * freedom) ** 0.5)


def oddities(order: Array, side: int) -> list[float]:
    """How odd an order is by several measures, each with mean 0 and deviation 1 if it is random."""
    n = len(order)
    place = np.arange(n)
    parts = [(place // side, order // side), (place % side, order % side), (place % side, order // side)]
    tables = [np.histogram2d(a, b, bins=20)[0] for a, b in [*parts, (place // side, order % side)]]
    lags = [np.corrcoef(order[lag:], order[:-lag])[0, 1] * n**0.5 for lag in (1, 2, side)]
    return [*map(surprise, tables), *lags]


@pytest.mark.parametrize("seed", range(3))
def test_computed_orders_are_as_random_as_listed_ones(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LISTED", 0)
    n, side = 2**17 + 7, 363
    assert max(map(abs, oddities(whole(n, seed, step=n), side))) < 5
    monkeypatch.setattr(module, "ROUNDS", 2)  # what too few rounds leave behind is seen
    assert max(map(abs, oddities(whole(n, seed, step=n), side))) > 50


def test_the_order_of_a_thousand_million_rows_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        order = order_of(10**9, 1)
        for first in (0, 32, 5 * 10**8, 10**9 - 40):
            found = order[first : first + 32]
            assert len(found) == 32
            assert found.min() >= 0
            assert found.max() < 10**9
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000
