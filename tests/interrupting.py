"""Interrupts at every instant of a call, one after another.

A trace function sees each line before it runs, and raises the signal there: the handler runs at once, as it would for a
Ctrl-C that comes between two lines. So a test goes through all instants of a call without a clock.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import minifit
from minifit import kernels

FOLDERS = tuple({str(Path(str(module.__file__)).resolve().parent) for module in (minifit, kernels)})


@contextmanager
def ctrl_c() -> Iterator[None]:
    """While the block runs, SIGINT raises KeyboardInterrupt, also where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Lines:
    """A trace function: counts the lines of minifit that run, and does something before some of them.

    Parameters
    ----------
    at : collection of int
        Before which lines, counted from 1.
    act : callable
    within : callable, optional
        Which files count, by their name.
    """

    def __init__(
        self,
        *at: int,
        act: Callable[[], Any] = lambda: signal.raise_signal(signal.SIGINT),
        within: Callable[[str], bool] = lambda name: name.startswith(FOLDERS),
    ) -> None:
        self.counted, self.at, self.act, self.within = 0, at, act, within

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        if not self.within(frame.f_code.co_filename):
            return None
        if event == "line":
            self.counted += 1
            if self.counted in self.at:
                self.act()
        return self

    def run(self, call: Callable[[], Any]) -> int:
        """Make the call under trace; how many lines have run."""
        before = sys.gettrace()
        with ctrl_c():
            sys.settrace(self)
            try:
                call()
            finally:
                sys.settrace(before)
        return self.counted
