"""`Trace`: what took how long, as a timeline for Perfetto (https://ui.perfetto.dev) and chrome://tracing.

The format is Chrome's "Trace Event Format": JSON with a list of events, here of kind X, "complete", with a begin and
a duration in microseconds. Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
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
"""Spans after which a profile ends, so that memory is bounded."""


class Trace(Observer):
    """Spans of time, by row.

    Attributes
    ----------
    spans : list of (row, name, begin, end)
        In seconds of ``time.perf_counter``.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[str, str, float, float]] = []

    def timed(self, row: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, every call of which becomes a span."""

        @wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spans.append((row, name, begin, time.perf_counter()))

        return measured

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """The same methods, each of them timed."""
        return [(c, self.timed("callbacks", f"{type(c).__name__}.{hook}", method)) for c, method in calls]

    def timed_kernels(self, kernels: ModuleType) -> ModuleType:
        """The same kernels, each of them timed."""
        timed = ModuleType(kernels.__name__, kernels.__doc__)
        for name in kernels.__all__:
            kernel = getattr(kernels, name)
            setattr(timed, name, self.timed("kernels", name, kernel) if callable(kernel) else kernel)
        return timed

    def write(self, log_dir: str) -> str:
        """Write the file below ``plugins/profile``, in a folder named after the time; returns its path."""
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
    """A folder for this second, or for its next free number."""
    at = time.strftime("%Y_%m_%d_%H_%M_%S")
    names = (at if n == 0 else f"{at}_{n}" for n in range(1000))
    paths = (os.path.join(log_dir, "plugins", "profile", name) for name in names)
    return next(path for path in paths if not os.path.exists(path))


class Profiler:
    """Profiles some batches of a fit, which count from 1.

    Parameters
    ----------
    profile_batch : int, pair of int or str
        Which, as for TensorBoard.

    Attributes
    ----------
    busy : bool
        Whether it wants to be told of batches, or will before the fit is over.
    """

    def __init__(self, profile_batch: Any) -> None:
        self._wanted = batches_to_profile(profile_batch)
        self._trace: Trace | None = None
        self.busy = bool(self._wanted)
        self._done = 0
        self._under_way = (0, 0.0)  # the first batch since the last end of one, and the time

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: a copy profiles nothing yet."""
        return {**vars(self), "_trace": None}

    def wake_after(self) -> int | None:
        """In how many batches it must be told."""
        if self._trace is not None:
            return 1
        ahead = self._wanted.start - 1 - self._done
        return ahead if self.busy and ahead > 0 else None

    def batch_begins(self, batch: int, state: Any) -> None:
        """Begin a trace of what happens in a training, if it is time."""
        if self._trace is None and self._done + 1 in self._wanted:
            self._trace = Trace()
            state.profile(self._trace)
        self._under_way = batch, time.perf_counter()

    def batch_ends(self, batch: int, state: Any) -> Trace | None:
        """The trace, when the last batch that is wanted has ended."""
        first, began = self._under_way
        self._done += 1 + batch - first
        if self._trace is None:
            return None
        spans = self._trace.spans
        spans.append(("batches", f"batch {self._done}", began, time.perf_counter()))
        last = self._wanted.stop - 1
        if self._done < last and len(spans) >= MOST:
            console.warn(
                f"A profile has at most {MOST} spans. Received: profile_batch up to {last}. "
                f"It ends with batch {self._done}; pass fewer batches."
            )
            last = self._done
        return self.end(state) if self._done >= last else None

    def end(self, state: Any) -> Trace | None:
        """Stop; the trace, if there is one."""
        trace, self._trace, self.busy = self._trace, None, False
        if trace is not None:
            state.profile(None)
        return trace


def batches_to_profile(profile_batch: Any) -> range:
    """The batches, counted from 1, that `profile_batch` of TensorBoard means; none for 0.

    Raises
    ------
    ArgumentError
        For anything but a number, a pair of them, or a pair as a text.
    """
    given = profile_batch
    if isinstance(given, str) and all(part.strip().isdecimal() for part in given.split(",")):
        given = [int(part) for part in given.split(",")]
    if _is_whole(given) and given >= 0:
        return range(given, given + 1) if given else range(0)
    if isinstance(given, tuple | list) and len(given) == 2 and all(_is_whole(n) for n in given):
        first, last = given
        if 1 <= first <= last:
            return range(first, last + 1)
    raise ArgumentError(
        "profile_batch is a batch counted from 1, the first and the last of several, or 0 for none. "
        f"Received: profile_batch={profile_batch!r}. Pass for example profile_batch=(10, 20)."
    )


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)
