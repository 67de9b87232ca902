"""`Trace`: the times of kernels and callbacks, as a timeline for Perfetto (https://ui.perfetto.dev).

The format is Chrome's "Trace Event Format", which chrome://tracing reads too: JSON with a list of events, here of type
X, "complete", with a start and a duration in microseconds. Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
"""

import json
import os
import socket
import time
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from minifit import console
from minifit.errors import ArgumentError
from minifit.observing import Calls, Observer
from minifit.saving import atomic

ROWS = ("batches", "kernels", "callbacks")
"""The rows of the timeline, from the top."""

MOST = 200_000
"""The number of spans after which a profile ends, which bounds its memory."""


class Trace(Observer):
    """The measured spans of time, by row.

    Attributes
    ----------
    spans : list of (row, name, begin, end)
        In seconds of ``time.perf_counter``.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[str, str, float, float]] = []

    def timed(self, row: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose every call becomes a span."""

        @wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spans.append((row, name, begin, time.perf_counter()))

        return measured

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """Return the methods, each wrapped to be timed."""
        return [(c, self.timed("callbacks", f"{type(c).__name__}.{hook}", method)) for c, method in calls]

    def timed_kernels(self, kernels: ModuleType) -> ModuleType:
        """Return the kernels, each wrapped to be timed."""
        timed = ModuleType(kernels.__name__, kernels.__doc__)
        for name in kernels.__all__:
            kernel = getattr(kernels, name)
            setattr(timed, name, self.timed("kernels", name, kernel) if callable(kernel) else kernel)
        return timed

    def write(self, log_dir: str) -> str:
        """Write the file in a new folder below ``plugins/profile``, named after the time, and return its path."""
        origin = min((begin for _, _, begin, _ in self.spans), default=0.0)
        events: list[dict[str, Any]] = [
            {"name": "thread_name", "ph": "M", "pid": 1, "tid": tid, "args": {"name": row}}
            for tid, row in enumerate(ROWS, 1)
        ]
        events += [
            {
                "name": name,
                "cat": row,
                "ph": "X",
                "ts": (begin - origin) * 1e6,
                "dur": (end - begin) * 1e6,
                "pid": 1,
                "tid": 1 + ROWS.index(row),
            }
            for row, name, begin, end in self.spans
        ]
        path = os.path.join(_new_folder(log_dir), f"{socket.gethostname()}.trace.json")
        atomic.write(path, json.dumps({"displayTimeUnit": "ms", "traceEvents": events}))
        return path


def _new_folder(log_dir: str) -> str:
    """Return a new folder named after the current second, with a number if it exists."""
    at = time.strftime("%Y_%m_%d_%H_%M_%S")
    names = (at if n == 0 else f"{at}_{n}" for n in range(1000))
    paths = (os.path.join(log_dir, "plugins", "profile", name) for name in names)
    return next(path for path in paths if not os.path.exists(path))


class Profiler:
    """The profile of some batches of a fit, which are counted from 1.

    Parameters
    ----------
    profile_batch : int, pair of int or str
        The batches, as for the callback TensorBoard.

    Attributes
    ----------
    busy : bool
        True until the last of its batches has ended.
    """

    def __init__(self, profile_batch: Any) -> None:
        self._batches = batches_to_profile(profile_batch)
        self._trace: Trace | None = None
        self.busy = bool(self._batches)
        self._done = 0
        # the first batch since the last call of `batch_ends`, and its start time
        self._current = (0, 0.0)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy without the trace: a copy has not begun to profile."""
        return {**vars(self), "_trace": None}

    def wake_after(self) -> int | None:
        """Return the number of batches until the profile begins or continues; None if it needs no call."""
        if self._trace is not None:
            return 1
        ahead = self._batches.start - 1 - self._done
        return ahead if self.busy and ahead > 0 else None

    def batch_begins(self, batch: int, state: Any) -> None:
        """Begin the trace, if the batch is the first to profile."""
        if self._trace is None and self._done + 1 in self._batches:
            self._trace = Trace()
            state.profile(self._trace)
        self._current = batch, time.perf_counter()

    def batch_ends(self, batch: int, state: Any) -> Trace | None:
        """Return the trace when the last batch to profile has ended, else None."""
        first, began = self._current
        self._done += 1 + batch - first
        if self._trace is None:
            return None
        spans = self._trace.spans
        spans.append(("batches", f"batch {self._done}", began, time.perf_counter()))
        last = self._batches.stop - 1
        if self._done < last and len(spans) >= MOST:
            console.warn(
                f"A profile has at most {MOST} spans. Received: profile_batch up to {last}. "
                f"The profile ends with batch {self._done}; pass fewer batches."
            )
            last = self._done
        return self.end(state) if self._done >= last else None

    def end(self, state: Any) -> Trace | None:
        """End the profile, and return its trace if it has begun."""
        trace, self._trace, self.busy = self._trace, None, False
        if trace is not None:
            state.profile(None)
        return trace


def batches_to_profile(profile_batch: Any) -> range:
    """Return the batches that `profile_batch` of TensorBoard selects, counted from 1; none for 0.

    Raises
    ------
    ArgumentError
        For any value other than a number, a pair of numbers, or a string with a pair.
    """
    batches = profile_batch
    if isinstance(batches, str) and all(part.strip().isdecimal() for part in batches.split(",")):
        batches = [int(part) for part in batches.split(",")]
    if _is_whole(batches) and batches >= 0:
        return range(batches, batches + 1) if batches else range(0)
    if isinstance(batches, tuple | list) and len(batches) == 2 and all(_is_whole(n) for n in batches):
        first, last = batches
        if 1 <= first <= last:
            return range(first, last + 1)
    raise ArgumentError(
        "profile_batch must be a batch counted from 1, the first and the last of several, or 0 for none. "
        f"Received: profile_batch={profile_batch!r}. Pass for example profile_batch=(10, 20)."
    )


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)
