"""The number of threads for large matrix products, adapted to the free processors.

The threads of a BLAS wait for each other. When other programs keep the processors busy, as on CI machines, a product in
two threads lasts until the system has run both, which can take a hundred times as long as the product in one thread.
`follow` is called before every stretch of batches. Ten times a second it measures how much processor time this process
used and how much was idle since, and sets as many threads as there were such processors. The bits of the products do
not depend on it (`minifit.kernels.parts`).

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
"""Seconds between two measurements."""

STALE = 1.0
"""Seconds after which an average is too old to describe the present."""

MARGIN = 0.4
"""The part of a processor that may be busy and still get a thread: other programs are never entirely idle."""

_STAT, _QUOTA = Path("/proc/stat"), Path("/sys/fs/cgroup/cpu.max")


class Follower:
    """A meter of processor time, and the number of threads that follows from it.

    Parameters
    ----------
    most : int
        The number of threads on an idle machine.
    idle : callable
        Returns the idle seconds of all processors of this process together.
    limit : float, default infinity
        The number of processors whose time this process may use.

    Attributes
    ----------
    threads : int
        The number of threads to use.
    """

    def __init__(self, most: int, idle: Callable[[], float], limit: float = float("inf")) -> None:
        self.most, self._idle, self._limit = most, idle, limit
        self.threads = most
        self._last: tuple[float, float] | None = None

    def look(self, now: float) -> None:
        """Set the number of threads from the processor time that was free since the last call."""
        spare = self._idle() + time.process_time()
        last, self._last = self._last, (now, spare)
        if last is not None and now - last[0] < STALE:
            free = min((spare - last[1]) / (now - last[0]), self._limit)
            self.threads = min(max(int(free + MARGIN), 1), self.most)


_due = 0.0
"""The time of the next measurement, in the clock of `time.perf_counter`."""


def follow() -> None:
    """Adapt the number of threads to the free processors; measure only every `SPACING` seconds."""
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
    """Return the meter of this machine; None if its number of threads is fixed."""
    most, idle = blas.most_threads(), _idle_seconds()
    return Follower(most, idle, _quota()) if most > 1 and idle is not None else None


def _idle_seconds() -> Callable[[], float] | None:
    """Return the function for the idle seconds of the processors; None on a system without one."""
    if sys.platform == "win32":
        return _idle_on_windows
    if _STAT.exists() and hasattr(os, "sched_getaffinity"):
        return _idle_on_linux
    # macOS: NumPy uses Apple's BLAS, whose threads the system manages
    return None


def _idle_on_linux() -> float:
    """Return the idle seconds of the processors that this process may run on."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    for line in _STAT.read_text().splitlines()[1:]:
        name, *times = line.split(maxsplit=6)
        if not name.startswith("cpu"):
            break
        if name in ours:
            # idle, and idle while waiting for a disk
            ticks += int(times[3]) + int(times[4])
    return ticks / os.sysconf("SC_CLK_TCK")


def _idle_on_windows() -> float:
    """Return the idle seconds of all processors."""
    # in units of 100 ns
    idle = ctypes.c_uint64()
    ctypes.windll.kernel32.GetSystemTimes(ctypes.byref(idle), None, None)  # type: ignore[attr-defined,unused-ignore]
    return idle.value * 1e-7


def _quota() -> float:
    """Return the number of processors whose time a container lets this process use."""
    try:
        time_allowed, _, period = _QUOTA.read_text().partition(" ")
        return int(time_allowed) / int(period)
    except (OSError, ValueError):
        # there is no such file, or it says "max"
        return float("inf")
