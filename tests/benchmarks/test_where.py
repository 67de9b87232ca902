"""`make profile`: where ticks are booked, and what is shown."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from minifit import kernels
from tests.benchmarks import where
from tests.benchmarks.pythons import ROOT
from tests.benchmarks.where import Place, Profile
from tests.benchmarks.workloads import WORKLOADS, Workload

SMALL = Workload(320, (4, 3, 2), 32, "classes")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, in ticks."""

    def set_it(ticks: float) -> None:
        monkeypatch.setattr("time.perf_counter", lambda: ticks * where.TICK)

    set_it(0)
    return set_it


def here() -> FrameType:
    return sys._getframe(1)


def test_ticks_go_to_the_function_that_runs(at: Callable[[float], None]) -> None:
    clock = where.Clock()
    at(1.1)
    clock._look(0, here())
    assert list(clock.ticks.values()) == [1]
    (place,) = clock.ticks
    assert place.name == "test_ticks_go_to_the_function_that_runs"
    assert clock.inside == 0


def test_a_call_that_could_not_be_interrupted_gets_all_its_ticks(at: Callable[[float], None]) -> None:
    clock = where.Clock()
    at(100.2)
    clock._look(0, here())
    assert list(clock.ticks.values()) == [100]


def test_no_tick_is_booked_twice(at: Callable[[float], None]) -> None:
    clock = where.Clock()
    at(3.5)
    clock._look(0, here())
    at(3.9)
    clock._look(0, here())
    at(4.0001)
    clock._look(0, here())
    assert sum(clock.ticks.values()) == 4


def test_what_falls_into_a_look_is_booked_nowhere(
    at: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = where.Clock()
    book = clock._book

    def slow(frame: FrameType, ticks: int) -> None:
        at(5.5)
        clock._look(0, here())
        book(frame, ticks)

    monkeypatch.setattr(clock, "_book", slow)
    at(1.5)
    clock._look(0, here())
    assert sum(clock.ticks.values()) == 1
    monkeypatch.undo()
    at(6.5)
    clock._look(0, here())
    assert sum(clock.ticks.values()) == 2


def test_what_a_kernel_calls_is_inside_it(at: Callable[[float], None]) -> None:
    clock = where.Clock()

    def helper() -> None:
        at(1.5)
        clock._look(0, here())

    def kernel(work: Callable[[], None]) -> None:
        work()

    kernel.__code__ = kernel.__code__.replace(co_filename=where.KERNEL)
    kernel(helper)
    assert clock.inside == 1
    (place,) = clock.ticks
    assert not place.is_kernel


def test_a_compiled_kernel_is_seen_under_its_name() -> None:
    called = where._caller_of(divmod, "dense_forward")
    assert called(7, 2) == (3, 1)
    place = Place.of(called.__code__)
    assert place == Place(where.KERNEL, "dense_forward")
    assert str(place) == "kernel dense_forward"


def test_kernels_are_as_before_afterwards() -> None:
    before = kernels.load
    with where.named_kernels():
        assert kernels.load is not before
        assert set(before("numpy").__all__) <= set(vars(kernels.load("numpy")))
    assert kernels.load is before


@pytest.mark.parametrize(
    ("file", "name", "written"),
    [
        (str(ROOT / "minifit" / "ops.py"), "dense", "minifit/ops.py: dense"),
        (str(ROOT / "kernels" / "reference_dense.py"), "product", "kernel product (reference_dense)"),
        ("/x/site-packages/numpy/core/a.py", "sum", "numpy/core/a.py: sum"),
        ("/usr/lib/python3.11/contextlib.py", "exit", "contextlib.py: exit"),
    ],
)
def test_places_are_written_short(file: str, name: str, written: str) -> None:
    assert str(Place(file, name)) == written


@pytest.mark.parametrize("has_a_clock", [True, False])
def test_a_profile(has_a_clock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    if not has_a_clock:
        monkeypatch.delattr(signal, "setitimer", raising=False)
    elif not hasattr(signal, "setitimer"):
        pytest.skip("this system has none")
    found = where.profile(SMALL, 0.2)
    assert found.engine == "numpy"
    assert found.seconds > 0
    assert sum(found.shares.values()) == pytest.approx(1)
    assert 0 < found.kernels < 1
    assert bool(found.looks) == has_a_clock
    calls = {place.name: n for place, n in found.calls.items()}
    assert calls["TrainStep.take"] == pytest.approx(1)
    report = where.report("digits", found, most=3)
    assert "inside kernels" in report
    assert ("A clock looked" in report) == has_a_clock


def test_the_table_sums_up_what_it_leaves_out() -> None:
    places = [Place("/a.py", name) for name in "abcd"]
    shares = dict(zip(places, (0.1, 0.4, 0.3, 0.2), strict=True))
    found = Profile(10e-6, shares, {places[1]: 2.0, places[2]: 0.00067}, 0.4, 1000, "numba")
    assert where.table(found, most=2) == [
        ["", "us a step", "share", "calls a step"],
        ["a.py: b", "4.00", "40.0 %", "2"],
        ["a.py: c", "3.00", "30.0 %", "0.00067"],
        ["2 others", "3.00", "30.0 %", ""],
    ]
    report = where.report("digits", found, most=2)
    assert "A step takes 10.0 us: 4.00 inside kernels, 6.00 in the Python around them." in report
    assert str(WORKLOADS["digits"]) in report


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workload": "cifar"}, "There is no workload 'cifar'"),
        ({"seconds": 0.0}, "--seconds must be at least 0.1"),
    ],
)
def test_what_cannot_be_profiled_is_refused(given: dict[str, Any], message: str) -> None:
    import argparse

    usual = {"workload": "digits", "seconds": 1.0, "rows": 5}
    with pytest.raises(SystemExit, match=message):
        where.main(argparse.Namespace(**usual | given))


def test_this_file_is_no_kernel() -> None:
    assert not Place(str(Path(__file__)), "test").is_kernel
