"""The number of threads that large products share follows the processors that are free.

Threads of a BLAS wait for each other. Where other programs keep the processors busy, as on machines that test code,
a product in two threads lasts until the system has let both of them run, which can take a hundred times as long as the
product in one. `follow` is called ahead of every stretch of batches; ten times a second it looks at what the
processors did since, and has the products use as many threads as there are processors that this process used itself,
or that stood idle. The bits of the products do not depend on it (`minifit.kernels.parts`).

References
----------
proc(5), ``/proc/stat``; "Control Group v2" in Linux's documentation, ``cpu.max``; Windows' ``GetSystemTimes``.
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from minifit.kernels import blas

SPACING = 0.1
"""Seconds from one look to the next."""

STALE = 1.0
"""Seconds after which what the processors did on average says nothing about now."""

MARGIN = 0.4
"""The part of a processor that may be missing for a thread of its own: other programs never rest entirely."""

_STAT, _QUOTA = Path("/proc/stat"), Path("/sys/fs/cgroup/cpu.max")


class Follower:
    """The work of the processors since the last look.

    Parameters
    ----------
    most : int
        How many threads there are to be on a machine that is free.
    idle : callable
        Returns the seconds that the processors of this process have been idle, all of them together.
    limit : float, default infinity
        How many processors' time this process may use.

    Attributes
    ----------
    threads : int
        How many threads to use.
    """

    def __init__(self, most: int, idle: Callable[[], float], limit: float = float("inf")) -> None:
        self.most, self._idle, self._limit = most, idle, limit
        self.threads = most
        self._last: tuple[float, float] | None = None

    def look(self, now: float) -> None:
        """Decide on the number of threads by what was free since the last look."""
        spare = self._idle() + time.process_time()
        last, self._last = self._last, (now, spare)
        if last is not None and now - last[0] < STALE:
            free = min((spare - last[1]) / (now - last[0]), self._limit)
            self.threads = min(max(int(free + MARGIN), 1), self.most)


_due = 0.0
"""When to look again, as `time.perf_counter` counts."""


def follow() -> None:
    """Let the products use as many threads as there are free processors; a look costs, and is made rarely."""
    if time.perf_counter() >= _due:
        _look()


def _look() -> None:
    global _due
    now = time.perf_counter()
    follower = _follower()
    if follower is None:
        _due = float("inf")
        return
    _due = now + SPACING
    follower.look(now)
    blas.use_threads(follower.threads)


@cache
def _follower() -> Follower | None:
    """Return what follows this machine; None if the number of threads stays."""
    most, idle = blas.most_threads(), _idle_seconds()
    return Follower(most, idle, _quota()) if most > 1 and idle is not None else None


def _idle_seconds() -> Callable[[], float] | None:
    """Return the function that says how long processors have been idle; None on a system that has none."""
    if sys.platform == "win32":
        return _idle_on_windows
    if _STAT.exists() and hasattr(os, "sched_getaffinity"):
        return _idle_on_linux
    return None  # macOS: NumPy's BLAS there is Apple's, whose threads the system itself manages


def _idle_on_linux() -> float:
    """Return the idle seconds of the processors that this process may run on."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    for line in _STAT.read_text().splitlines()[1:]:
        name, *times = line.split(maxsplit=6)
        if not name.startswith("cpu"):
            break
        if name in ours:
            ticks += int(times[3]) + int(times[4])  # idle, and idle as it waits for a disk
    return ticks / os.sysconf("SC_CLK_TCK")


def _idle_on_windows() -> float:
    """Return the idle seconds of all processors."""
    idle = ctypes.c_uint64()  # in units of 100 ns
    ctypes.windll.kernel32.GetSystemTimes(ctypes.byref(idle), None, None)  # type: ignore[attr-defined,unused-ignore]
    return idle.value * 1e-7


def _quota() -> float:
    """Return how many processors' time a container lets this process use."""
    try:
        time_allowed, _, period = _QUOTA.read_text().partition(" ")
        return int(time_allowed) / int(period)
    except (OSError, ValueError):  # no such limit, or "max"
        return float("inf")
