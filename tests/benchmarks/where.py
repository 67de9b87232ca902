"""`make profile`: where the time of a training step goes, by kernel and by function.

pyinstrument looks a thousand times a second at what is running. A profiler that measures every call would add about as
much time as a step takes, most of it to the smallest functions.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from pyinstrument import Profiler
from pyinstrument.frame import Frame

import minifit
from minifit import kernels
from minifit.training import engine
from tests.benchmarks import implementations
from tests.benchmarks.pythons import known
from tests.benchmarks.text import Row, number, plain
from tests.benchmarks.workloads import WORKLOADS, Workload, data_of

KERNEL = "kernels/compiled"
"""The file of a kernel's caller: compiled code is in none."""

TICK = 0.000997
"""Seconds between two looks; no round number, so that they fall nowhere in particular within a step."""


class Profile(NamedTuple):
    """Where time went.

    Attributes
    ----------
    seconds : float
        Time of a step that runs without the profiler.
    engine : str
        The kernels that ran.
    shares : mapping from str to float
        Each function's own share of the time, or that of a kernel; they sum to 1.
    kernels : float
        The share of time inside kernels, with everything that they call.
    looks : int
        Number of samples.
    """

    seconds: float
    engine: str
    shares: Mapping[str, float]
    kernels: float
    looks: int


def profile(work: Workload, seconds: float) -> Profile:
    """Train twice: to time a step, and to see where its time goes."""
    profiler = Profiler(TICK, async_mode="disabled")
    a_step, engine = training(work, seconds, lambda: None, lambda: None)
    with named_kernels():
        training(work, seconds, profiler.start, profiler.stop)
    session = profiler.last_session
    root = None if session is None else session.root_frame()
    assert session is not None and root is not None
    shares: dict[str, float] = defaultdict(float)
    inside = 0.0
    for frame, in_kernel in frames(root):
        share = frame.total_self_time / root.time
        shares[place(frame)] += share
        inside += share * in_kernel
    return Profile(a_step, engine, shares, inside, session.sample_count)


def frames(frame: Frame, in_kernel: bool = False) -> Iterator[tuple[Frame, bool]]:
    """Give a frame and all that it calls, each with whether a kernel runs."""
    if frame.is_synthetic:
        return  # what pyinstrument calls a frame's own time
    in_kernel = in_kernel or is_kernel(frame)
    yield frame, in_kernel
    for child in frame.children:
        yield from frames(child, in_kernel)


def is_kernel(frame: Frame) -> bool:
    """Return whether a frame is of `minifit.kernels`, compiled or of the reference."""
    file = str(frame.file_path)
    return file == KERNEL or Path(file).parent.name == "kernels"


def place(frame: Frame) -> str:
    """Return the name of a kernel, or of a function with its file."""
    name = frame.function if frame.class_name is None else f"{frame.class_name}.{frame.function}"
    return (
        f"kernel {frame.function}" if is_kernel(frame) else f"{frame.file_path_short}:{frame.line_no} {name}"
    )


def training(
    work: Workload, seconds: float, begin: Callable[[], Any], end: Callable[[], Any]
) -> tuple[float, str]:
    """Return the seconds a step takes and the engine, between the calls of `begin` and `end`.

    The first is made after an epoch, when everything is compiled; the other when the time is over.
    """

    class Window(minifit.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                self.began = time.perf_counter()
                begin()
            elif time.perf_counter() - self.began > seconds:
                end()
                self.a_step = (time.perf_counter() - self.began) / (epoch * work.steps)
                self.model.stop_training = True

    (x, y), model, window = data_of(work), implementations.model_of(minifit, work), Window()
    model.fit(x, y, batch_size=work.batch, epochs=100_000, verbose=0, callbacks=[window])
    return window.a_step, model.training_state.engine


@contextmanager
def named_kernels() -> Iterator[None]:
    """While the block runs, each compiled kernel is called by a Python function of its name.

    Compiled code has no frame of its own that every Python could see. This costs some 0.1 microseconds a call.
    """
    load, made, loaded = kernels.load, dict[str, ModuleType](), engine._load

    def load_named(name: str) -> ModuleType:
        if name not in made:
            made[name] = _named(load(name))
        return made[name]

    kernels.load = engine._load = load_named
    try:
        yield
    finally:
        kernels.load, engine._load = load, loaded


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


def table(found: Profile, most: int) -> list[Row]:
    """Return a row for each function, the longest first; what is behind the last row is summed up in one."""
    ordered = sorted(found.shares.items(), key=lambda item: -item[1])
    if len(ordered) > most:
        ordered[most:] = [(f"{len(ordered) - most} others", sum(share for _, share in ordered[most:]))]
    cells = [[name, number(share * found.seconds * 1e6), f"{share * 100:.1f} %"] for name, share in ordered]
    return [["", "us a step", "share"], *cells]


def report(name: str, found: Profile, most: int) -> str:
    """Return a summary, the table, and how it was made."""
    inside, around = found.kernels * found.seconds * 1e6, (1 - found.kernels) * found.seconds * 1e6
    return "\n".join(
        [
            f"{name}: {WORKLOADS[name]}; kernels of {found.engine}",
            f"A step takes {number(found.seconds * 1e6)} us: {number(inside)} inside kernels, "
            f"{number(around)} in the Python around them.",
            "",
            plain(table(found, most)),
            "",
            f"pyinstrument looked {found.looks:,} times where training was. The time of NumPy's functions in C is for "
            "the most\npart that of their caller. For a timeline of single steps: "
            "callbacks.TensorBoard(profile_batch=(10, 20)).",
        ]
    )


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("workload", nargs="?", default="digits", help=", ".join(WORKLOADS))
    parser.add_argument("--seconds", type=float, default=3.0, help="of each of the two fits, at least (3)")
    parser.add_argument("--rows", type=int, default=25, help="of the table (25)")


def main(options: argparse.Namespace) -> None:
    """Profile one workload."""
    (name,) = known("workload", [options.workload], WORKLOADS)
    if options.seconds < 0.1:
        raise SystemExit(f"--seconds must be at least 0.1. Received: {options.seconds:g}.")
    print("Two fits: to time a step, to see where its time goes ...", flush=True)
    print(report(name, profile(WORKLOADS[name], options.seconds), options.rows))
