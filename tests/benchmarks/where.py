"""`make profile`: where the time of a training step goes.

A step takes microseconds. A profiler that measures every call adds about as much again, most of it to the smallest
functions. So a clock looks a thousand times a second at what is running: that leaves the step as fast as it is, and
what is brief but frequent is seen in proportion. A long compiled call, which the clock cannot interrupt, gets all the
ticks that fell into it. Calls are counted in a fit of its own by `cProfile`, whose times are not used.
"""

import argparse
import cProfile
import dis
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

import minifit
from minifit import kernels
from tests.benchmarks import implementations
from tests.benchmarks.pythons import ROOT, known
from tests.benchmarks.text import NONE, Row, number, plain
from tests.benchmarks.workloads import WORKLOADS, Workload, data_of

KERNEL = "kernel"
"""What stands for the file of a kernel: compiled code is in none."""

TICK = 0.000997
"""Seconds between two looks; no round number, so that they fall nowhere in particular within a step."""


class Place(NamedTuple):
    """Where time is spent: a kernel, or a function of Python with the C functions that it calls."""

    file: str
    name: str

    @classmethod
    def of(cls, code: CodeType) -> "Place":
        """The function with this code."""
        return cls(code.co_filename, code.co_qualname.replace(".<locals>", ""))

    @property
    def is_kernel(self) -> bool:
        """Whether it is of `minifit.kernels`, compiled or of the reference."""
        return self.file == KERNEL or os.path.basename(os.path.dirname(self.file)) == "kernels"

    def __str__(self) -> str:
        path = Path(self.file)
        if self.is_kernel:
            return f"kernel {self.name}" + (f" ({path.stem})" if path.suffix else "")
        parts = path.parts
        if "site-packages" in parts:
            return f"{'/'.join(parts[parts.index('site-packages') + 1 :])}: {self.name}"
        if path.is_relative_to(ROOT):
            return f"{path.relative_to(ROOT).as_posix()}: {self.name}"
        return f"{path.name}: {self.name}"


class Profile(NamedTuple):
    """What was found.

    Attributes
    ----------
    seconds : float
        Of a step that nobody looks at.
    shares : mapping from Place to float
        Of that time; they sum to 1.
    calls : mapping from Place to float
        In a step.
    kernels : float
        The share of time inside kernels, with everything that they call.
    looks : int
        How many ticks the shares stand on; 0 if they come from `cProfile`.
    engine : str
        Which kernels ran.
    """

    seconds: float
    shares: Mapping[Place, float]
    calls: Mapping[Place, float]
    kernels: float
    looks: int
    engine: str


# -- three fits --------------------------------------------------------------------------------------------


def profile(work: Workload, seconds: float) -> Profile:
    """Train three times: to time a step, to see where its time goes, and to count its calls."""
    with named_kernels():
        a_step, _, engine = training(work, seconds, lambda: None, lambda: None)
        counter = cProfile.Profile(builtins=False)  # the time of C functions is that of their callers
        _, steps, _ = training(work, seconds / 2, counter.enable, counter.disable)
        counted = {Place.of(e.code): e for e in counter.getstats() if isinstance(e.code, CodeType)}
        clock = Clock()
        if hasattr(signal, "setitimer"):
            training(work, seconds, clock.start, clock.stop)
            times: Mapping[Place, float] = clock.ticks
            inside: float = clock.inside
        else:  # Windows
            times = {place: entry.inlinetime for place, entry in counted.items()}
            inside = sum(time for place, time in times.items() if place.is_kernel)
    whole = sum(times.values())
    return Profile(
        seconds=a_step,
        shares={place: time / whole for place, time in times.items()},
        calls={place: entry.callcount / steps for place, entry in counted.items()},
        kernels=inside / whole,
        looks=sum(clock.ticks.values()),
        engine=engine,
    )


def training(
    work: Workload, seconds: float, begin: Callable[[], Any], end: Callable[[], Any]
) -> tuple[float, int, str]:
    """Seconds a step, the number of steps and the engine, between the calls of `begin` and `end`.

    The first is made after an epoch, when everything is compiled; the other when the time is over.
    """

    class Window(minifit.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                self.began = time.perf_counter()
                begin()
            elif time.perf_counter() - self.began > seconds:
                end()
                self.steps = epoch * work.steps
                self.spent = time.perf_counter() - self.began
                self.model.stop_training = True

    (x, y), model, window = data_of(work), implementations.model_of(minifit, work), Window()
    model.fit(x, y, batch_size=work.batch, epochs=100_000, verbose=0, callbacks=[window])
    return window.spent / window.steps, window.steps, model.training_state.engine


class Clock:
    """Looks at regular times where the main thread is.

    Attributes
    ----------
    ticks : Counter of Place
        How often each was seen.
    inside : int
        How often a kernel was running, or what it had called.
    """

    def __init__(self) -> None:
        self.ticks: Counter[Place] = Counter()
        self.inside = 0
        self._began, self._seen, self._looking = 0.0, 0, False
        self._before: Any = None

    def start(self) -> None:
        """Begin to look."""
        assert sys.platform != "win32"
        self._before = signal.signal(signal.SIGALRM, self._look)
        self._began = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, TICK, TICK)

    def stop(self) -> None:
        """Look no more."""
        assert sys.platform != "win32"
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _look(self, number: int, frame: FrameType | None) -> None:
        """Book the ticks since the last look on what runs now; Python calls this between two calls, not within one."""
        if self._looking:  # a tick within a look: nobody's
            return
        self._looking = True
        ticks = self._due() - self._seen
        if frame is not None and ticks > 0:
            self._book(frame, ticks)
        self._seen = self._due()
        self._looking = False

    def _due(self) -> int:
        """How many ticks there were until now."""
        return int((time.perf_counter() - self._began) / TICK)

    def _book(self, frame: FrameType, ticks: int) -> None:
        if _only_begun(frame) and frame.f_back is not None:
            frame = frame.f_back  # the tick fell before the call
        self.ticks[Place.of(frame.f_code)] += ticks
        if any(Place.of(each.f_code).is_kernel for each in _stack(frame)):
            self.inside += ticks


def _only_begun(frame: FrameType) -> bool:
    code = frame.f_code.co_code
    return code[frame.f_lasti] == dis.opmap["RESUME"] and code[frame.f_lasti + 1] == 0  # 0: not after a yield


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextmanager
def named_kernels() -> Iterator[None]:
    """While the block runs, each compiled kernel is called by a Python function of its name.

    Compiled code has no frame of its own that could be seen. This costs some 0.1 microseconds a call.
    """
    load, made = kernels.load, dict[str, ModuleType]()

    def load_named(name: str) -> ModuleType:
        if name not in made:
            made[name] = _named(load(name))
        return made[name]

    kernels.load = load_named
    try:
        yield
    finally:
        kernels.load = load


def _named(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__, module.__doc__)
    for name in module.__all__:
        kernel = getattr(module, name)
        setattr(copy, name, _caller_of(kernel, name) if callable(kernel) else kernel)
    return copy


def _caller_of(kernel: Callable[..., Any], name: str) -> Callable[..., Any]:
    if isinstance(kernel, FunctionType):
        return kernel  # it has a frame

    def call(*args: Any, **kwargs: Any) -> Any:
        return kernel(*args, **kwargs)

    call.__code__ = call.__code__.replace(co_name=name, co_qualname=name, co_filename=KERNEL)
    return call


# -- what is shown -----------------------------------------------------------------------------------------


def table(found: Profile, most: int) -> list[Row]:
    """A row for each place, the longest first; what is behind the last row is summed up in one."""
    rows: list[Row] = [["", "us a step", "share", "calls a step"]]
    ordered = sorted(found.shares, key=lambda place: -found.shares[place])
    rows += [[str(p), *_cells(found, found.shares[p]), _calls(found, p)] for p in ordered[:most]]
    rest = ordered[most:]
    if rest:
        rows.append([f"{len(rest)} others", *_cells(found, sum(found.shares[p] for p in rest)), ""])
    return rows


def _calls(found: Profile, place: Place) -> str:
    return f"{found.calls[place]:.3g}" if place in found.calls else NONE


def _cells(found: Profile, share: float) -> tuple[str, str]:
    return number(share * found.seconds * 1e6), f"{share * 100:.1f} %"


def report(name: str, found: Profile, most: int) -> str:
    """A summary, the table, and how it was made."""
    inside, around = found.kernels * found.seconds * 1e6, (1 - found.kernels) * found.seconds * 1e6
    if found.looks:
        error = sqrt(0.1 * 0.9 / found.looks) * 100
        how = (
            f"A clock looked {found.looks:,} times where training was, which leaves the step as fast as it is: a\n"
            "profiler that measures every call would show small functions larger than they are. A share of\n"
            f"10 % is right to about {error:.1f} points. The time of NumPy's functions in C is that of their caller."
        )
    else:
        how = (
            "This system has no clock that interrupts (signal.setitimer), so the shares are those of cProfile:\n"
            "functions that are called often look larger than they are."
        )
    return "\n".join(
        [
            f"{name}: {WORKLOADS[name]}; kernels of {found.engine}",
            f"A step takes {number(found.seconds * 1e6)} us: {number(inside)} inside kernels, "
            f"{number(around)} in the Python around them.",
            "",
            plain(table(found, most)),
            "",
            how,
            "Calls were counted by cProfile in a fit of its own. A kernel that takes many batches in one call has\n"
            "less than one call a step. For a timeline of single steps: callbacks.TensorBoard(profile_batch=(10, 20)).",
        ]
    )


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("workload", nargs="?", default="digits", help=", ".join(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=3.0, help="of each of the three fits, at least (3)")
    parser.add_argument("--rows", type=int, default=25, help="of the table (25)")


def main(options: argparse.Namespace) -> None:
    """Profile one workload."""
    (name,) = known("workload", [options.workload], WORKLOADS)
    if options.seconds < 0.1:
        raise SystemExit(f"--seconds must be at least 0.1. Received: {options.seconds:g}.")
    print("Three fits: to time a step, to count its calls, to see where its time goes ...", flush=True)
    print(report(name, profile(WORKLOADS[name], options.seconds), options.rows))
