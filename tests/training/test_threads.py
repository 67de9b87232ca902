"""The number of threads of large products follows the processors that are free."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minifit
from minifit.kernels import blas
from minifit.training import threads
from minifit.training.threads import SPACING, STALE, Follower


class _Machine:
    """Processors of which this process and others use some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.idle = self.own = 0.0
        monkeypatch.setattr(time, "process_time", lambda: self.own)

    def run(self, follower: Follower, own: float, idle: float, seconds: float = SPACING) -> int:
        """Let time go by in which so many processors worked for this process, and so many for none."""
        self.now += seconds
        self.own += own * seconds
        self.idle += idle * seconds
        follower.look(self.now)
        return follower.threads


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> _Machine:
    return _Machine(monkeypatch)


def follower_of(machine: _Machine, most: int, **options: Any) -> Follower:
    follower = Follower(most, lambda: machine.idle, **options)
    follower.look(machine.now)
    return follower


@pytest.mark.parametrize(
    ("most", "own", "idle", "number"),
    [
        (2, 1.9, 0.0, 2),  # alone
        (2, 1.0, 0.9, 2),  # alone, with one thread
        (2, 1.33, 0.0, 1),  # beside one busy program
        (2, 0.5, 0.0, 1),  # beside three
        (8, 4.0, 1.8, 6),  # beside two, on a larger machine
        (8, 0.0, 0.0, 1),  # stopped
    ],
)
def test_there_are_as_many_threads_as_free_processors(
    machine: _Machine, most: int, own: float, idle: float, number: int
) -> None:
    assert machine.run(follower_of(machine, most), own, idle) == number


def test_the_number_rises_again_when_the_machine_is_free(machine: _Machine) -> None:
    follower = follower_of(machine, 2)
    assert [machine.run(follower, 1, idle) for idle in (0.0, 0.0, 0.95, 0.95)] == [1, 1, 2, 2]


def test_what_was_long_ago_decides_nothing(machine: _Machine) -> None:
    follower = follower_of(machine, 2)
    assert machine.run(follower, 0.1, 0.0, seconds=2 * STALE) == 2
    assert machine.run(follower, 0.1, 0.0) == 1


def test_a_container_uses_no_more_than_it_may(machine: _Machine) -> None:
    assert machine.run(follower_of(machine, 8, limit=2.0), 1.0, 7.0) == 2


@pytest.mark.parametrize(
    ("text", "limit"),
    [("150000 100000\n", 1.5), ("max 100000\n", float("inf")), (None, float("inf"))],
)
def test_the_limit_of_a_container_is_read(
    text: str | None, limit: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    monkeypatch.setattr(threads, "_QUOTA", file)
    if text is not None:
        file.write_text(text)
    assert threads._quota() == limit


@pytest.mark.skipif(sys.platform != "linux", reason="a file of Linux")
def test_only_idle_time_of_processors_of_this_process_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stat"
    file.write_text(
        "cpu 1 2 3 999 5 6\ncpu0 1 2 3 400 50 6\ncpu1 1 2 3 7000 50 6\ncpu2 0 0 0 30 1 2\nintr 5 4 3\n"
    )
    monkeypatch.setattr(threads, "_STAT", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 2})
    assert threads._idle_on_linux() == (400 + 50 + 30 + 1) / os.sysconf("SC_CLK_TCK")


def test_the_idle_time_of_this_machine_never_runs_faster_than_its_processors() -> None:
    idle = threads._idle_seconds()
    if idle is None:
        pytest.skip("a system whose idle time is not asked for")
    began, before = time.perf_counter(), idle()
    time.sleep(0.3)
    assert 0 <= idle() - before <= (os.cpu_count() or 1) * (time.perf_counter() - began + 0.1)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Follower | None], None]]:
    """Have this follower, and look at once."""

    def follow(follower: Follower | None) -> None:
        monkeypatch.setattr(threads, "_follower", lambda: follower)
        monkeypatch.setattr(threads, "_due", 0.0)

    yield follow
    blas.use_threads(int(blas._table[blas.MOST]))


def test_a_program_looks_and_tells_the_products(
    looks: Callable[[Follower | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy(Follower):
        def look(self, now: float) -> None:
            self.threads = 1

    blas.routines()
    blas.use_threads(9)
    looks(Busy(9, lambda: 0.0))
    began = time.perf_counter()
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    model = minifit.Sequential([minifit.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert blas._table[blas.NOW] == 1
    assert threads._due > began


def test_where_the_number_stays_it_looks_only_once(looks: Callable[[Follower | None], None]) -> None:
    blas.routines()
    blas.use_threads(9)
    looks(None)
    threads.follow()
    assert blas._table[blas.NOW] == 9
    assert threads._due == float("inf")


def test_op_by_op_nothing_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    monkeypatch.setattr(threads, "_due", 0.0)
    monkeypatch.setattr(threads, "_look", lambda: looked.append(time.perf_counter()))
    model = minifit.Sequential([minifit.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert looked == []  # to find the BLAS takes longer than a short training
