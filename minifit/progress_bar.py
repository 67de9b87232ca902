"""`ProgressBar`: how far a run has come, and the line that stays when a part of it is over.

On a terminal and in a notebook tqdm draws a bar that moves; what stays behind is one line of text. Where a line cannot
be drawn again (a pipe, a file, the log of a CI service) there are only the lines, and tqdm is not even imported; where
tqdm is not installed there are only lines, too.
"""

import re
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from minifit import console, interrupts
from minifit.errors import ArgumentTypeError, legible

INTERVAL = 0.1
"""Seconds between two drawings of the bar."""

WIDTH, NARROW = 20, 10
"""Characters of the bar itself, and on terminals of fewer than 100 columns."""

_BAR = "{title}{percentage:3.0f}%|{bar:WIDTH}| {n_fmt}/{total_fmt}{unit}s [{elapsed}<{remaining}]{values}"
_UNKNOWN = "{title}{n_fmt}{unit}s [{elapsed}]{values}"


class ProgressBar:
    """A bar, or lines, for one part of a run after another: an epoch, an evaluation.

    Parameters
    ----------
    live : bool
        Whether there is to be a bar that moves, where that is possible.
    width : int, optional
        Characters of the bar itself; 20, or 10 on a narrow terminal, when None.
    interval : float, optional
        Seconds between two drawings; 0.1 when None.
    """

    def __init__(self, live: bool, width: int | None = None, interval: float | None = None) -> None:
        self.live = live
        self.width, self.interval = width, interval
        self.out: Any = None
        self.title, self.unit = "", " step"
        self.total: int | None = None
        self.seen = 0
        self._place = "lines"
        self._began = self._next = 0.0
        self._bar: Any = None
        self._drawn = False

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: without the bar that is on the screen, and the stream that it is drawn on."""
        return {**vars(self), "out": None, "_place": "lines", "_bar": None, "_drawn": False}

    def begin(self, title: str, total: int | None, unit: str, began: float | None = None) -> None:
        """Begin a part, on ``sys.stdout`` as it is now; its clock runs from now, or from when it `began`."""
        self.out = sys.stdout
        self._place = console.place_of(self.out) if self.live else "lines"
        self.title, self.total, self.unit, self.seen = title, total, f" {unit}", 0
        self._began = time.time() if began is None else began
        if self.due():
            self.draw("")

    def due(self) -> bool:
        """Whether it is time to draw the bar again."""
        return self._place != "lines" and time.time() >= self._next

    def draw(self, values: str) -> None:
        """Draw the bar as it stands, with these values behind it."""
        if self._bar is None:
            self._bar = self._open()
        bar = self._bar
        width = console.columns(self.out) if self._place == "terminal" else None
        bar.desc, bar.unit, bar.n, bar.values = (
            self.title,
            self.unit,
            self.seen,
            console.fitting(values, self.out),
        )
        bar.total, bar.start_t, bar.ncols = self.total, self._began, width
        bar.bar_format = self._format(NARROW if width and width < 100 else WIDTH)
        if self._is_widget:
            bar.bar_format = re.sub(r"{bar:\d+}", "{bar}", bar.bar_format)  # where the widget puts its own
        bar.refresh()
        self._drawn = True
        wait = INTERVAL if self.interval is None else self.interval
        self._next = bar.last_print_t = time.time() + wait

    def draw_again(self, values: str) -> None:
        """Draw at once, if a bar is to be seen for this part."""
        if self._bar is not None and self._place != "lines":
            self.draw(values)

    def lift(self) -> None:
        """Take the bar off the terminal, until it is drawn again: somebody else may print now."""
        if self._drawn and not self._is_widget:
            self._drawn = False
            self._bar.clear()

    def finish(self, values: str) -> None:
        """The part is over: one line stays."""
        if self._is_widget:
            self.draw(values)  # the same widget goes on in the next epoch
        else:
            self.close()
        elapsed = time.time() - self._began
        line = self._plain_line(elapsed) + values
        if self._place != "lines":
            full = self._full_line(elapsed) + values
            line = full if len(full) <= console.columns(self.out) else line
        console.say(line, self.out)

    def close(self, leave: bool = False) -> None:
        """Remove the bar, or leave it where it has come to."""
        bar, self._bar = self._bar, None
        self._drawn = False
        if bar is not None:
            bar.leave = leave
            bar.close()
            if not leave:
                console.Outlet(self.out).write(
                    "\r"
                )  # below another bar tqdm leaves the cursor behind what it has cleared

    @property
    def _is_widget(self) -> bool:
        """Whether the bar is no text: a notebook's, where ipywidgets are installed."""
        return hasattr(self._bar, "container")

    def _plain_line(self, elapsed: float) -> str:
        count = f"{self.seen}/{self.total}" if self.total is not None else f"{self.seen}"
        before = f"{self.title} - " if self.title else ""
        return f"{before}{count}{self.unit}s - {duration(elapsed)}"

    def _format(self, width: int) -> str:
        """The bar as tqdm is told to draw it, of a width unless there is one of the user's choice."""
        chosen = width if self.width is None else self.width
        text = _UNKNOWN if self.total is None else _BAR.replace("WIDTH", str(chosen))
        return text.replace("{title}", "{desc}: " if self.title else "")

    def _full_line(self, elapsed: float) -> str:
        with interrupts.importing("tqdm"):
            from tqdm import tqdm

        return tqdm.format_meter(
            self.seen,
            self.total,  # type: ignore[arg-type]
            elapsed,
            prefix=self.title,
            ascii=console.only_ascii(self.out),
            unit=self.unit,
            bar_format=self._format(WIDTH).replace("<{remaining}", ", {rate_fmt}"),
            values="",  # type: ignore[call-arg]
        )

    def _open(self) -> Any:
        """A bar of tqdm, not drawn yet."""
        return console.new_bar(
            self.out,
            self._place,
            total=self.total,
            leave=False,
            smoothing=0,
            delay=1e-9,  # tqdm draws when it is made unless it is told to wait
            bar_format=self._format(WIDTH),
        )


def duration(seconds: float) -> str:
    """Such as ``4.2 ms``, ``0.25 s``, ``1:05`` or ``2:00:30``."""
    if seconds < 0.1:
        return f"{seconds * 1000:.{0 if seconds >= 0.00995 else 1}f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def shown(value: Any, before: Any = None) -> str:
    """Return a value as Keras shows it: four decimals, or five digits with an exponent when it is small.

    There are more digits when the value differs from the one `before` and would look the same.
    """
    if isinstance(value, np.ndarray):
        if value.ndim:
            text = np.array2string(value, max_line_width=10**9, precision=4, threshold=8, separator=", ")
            return " ".join(text.split())
        value = value.item()
    if not isinstance(value, float | np.floating):
        return legible(" ".join(str(value).split()))  # a line stays one line
    value = float(value)
    style = "f" if value == 0 or 1e-3 < abs(value) < 1e9 else "e"
    text = f"{value:.4{style}}"
    if isinstance(before, float | np.floating) and before != value:
        for digits in range(5, 18):
            if text != f"{before:.{digits - 1}{style}}":
                break
            text = f"{value:.{digits}{style}}"
    return text


def metric_names(names: Any) -> set[str]:
    """Return the names of `stateful_metrics`, if they are names."""
    if names is None:
        return set()
    wrong = isinstance(names, str) or not isinstance(names, Iterable)
    found = set() if wrong else set(names)
    if wrong or not all(isinstance(name, str) for name in found):
        raise ArgumentTypeError(
            f"stateful_metrics must be a list of names. Received: {names!r}. Pass for example ['auc']."
        )
    return found
