"""`ProgressBar`: a moving bar for each part of a run, and the line that remains when the part ends.

On a terminal and in a notebook tqdm draws the bar; when the part ends, one line of text remains. Where a line cannot be
redrawn (a pipe, a file, the log of a CI service) only the lines are printed, and tqdm is not even imported. The same
happens where tqdm is not installed.
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
"""The time between two drawings of the bar, in seconds."""

WIDTH, NARROW = 20, 10
"""The width of the bar itself in characters, normally and on terminals with fewer than 100 columns."""

_BAR = "{title}{percentage:3.0f}%|{bar:WIDTH}| {n_fmt}/{total_fmt}{unit}s [{elapsed}<{remaining}]{values}"
_UNKNOWN = "{title}{n_fmt}{unit}s [{elapsed}]{values}"


class ProgressBar:
    """A bar, or lines, for the successive parts of a run, such as epochs and evaluations.

    Parameters
    ----------
    live : bool
        Whether to draw a moving bar where possible.
    width : int, optional
        The width of the bar itself in characters; if None, 20, or 10 on a narrow terminal.
    interval : float, optional
        The time between two drawings, in seconds; 0.1 if None.
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
        """Pickle and copy without the bar on the screen and its stream."""
        return {**vars(self), "out": None, "_place": "lines", "_bar": None, "_drawn": False}

    def begin(self, title: str, total: int | None, unit: str, began: float | None = None) -> None:
        """Begin a part on the current ``sys.stdout``; its clock starts now, or at the time `began`."""
        self.out = sys.stdout
        self._place = console.place_of(self.out) if self.live else "lines"
        self.title, self.total, self.unit, self.seen = title, total, f" {unit}", 0
        self._began = time.time() if began is None else began
        if self.due():
            self.draw("")

    def due(self) -> bool:
        """Return True if the bar is to be drawn again."""
        return self._place != "lines" and time.time() >= self._next

    def draw(self, values: str) -> None:
        """Draw the bar with its current count, followed by `values`."""
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
        # the widget draws its own bar in this place
        if self._is_widget:
            bar.bar_format = re.sub(r"{bar:\d+}", "{bar}", bar.bar_format)
        bar.refresh()
        self._drawn = True
        wait = INTERVAL if self.interval is None else self.interval
        self._next = bar.last_print_t = time.time() + wait

    def draw_again(self, values: str) -> None:
        """Draw immediately, if this part has a bar."""
        if self._bar is not None and self._place != "lines":
            self.draw(values)

    def lift(self) -> None:
        """Clear the bar from the terminal until it is drawn again, so that other code can print."""
        if self._drawn and not self._is_widget:
            self._drawn = False
            self._bar.clear()

    def finish(self, values: str) -> None:
        """End the part, and print the line that remains."""
        # the next epoch uses the same widget
        if self._is_widget:
            self.draw(values)
        else:
            self.close()
        elapsed = time.time() - self._began
        line = self._plain_line(elapsed) + values
        if self._place != "lines":
            full = self._full_line(elapsed) + values
            line = full if len(full) <= console.columns(self.out) else line
        console.say(line, self.out)

    def close(self, leave: bool = False) -> None:
        """Remove the bar, or leave it on the screen."""
        bar, self._bar = self._bar, None
        self._drawn = False
        if bar is not None:
            bar.leave = leave
            bar.close()
            # below another bar tqdm does not return the cursor after clearing the line
            if not leave:
                console.Outlet(self.out).write("\r")

    @property
    def _is_widget(self) -> bool:
        """True for a notebook's widget, which needs ipywidgets, instead of text."""
        return hasattr(self._bar, "container")

    def _plain_line(self, elapsed: float) -> str:
        count = f"{self.seen}/{self.total}" if self.total is not None else f"{self.seen}"
        before = f"{self.title} - " if self.title else ""
        return f"{before}{count}{self.unit}s - {duration(elapsed)}"

    def _format(self, width: int) -> str:
        """Return the format string for tqdm, with `width` unless the user has chosen one."""
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
        """Return a new bar of tqdm, not drawn yet."""
        return console.new_bar(
            self.out,
            self._place,
            total=self.total,
            leave=False,
            smoothing=0,
            # without a delay tqdm draws the bar as soon as it is created
            delay=1e-9,
            bar_format=self._format(WIDTH),
        )


def duration(seconds: float) -> str:
    """Return a duration as a string such as ``4.2 ms``, ``0.25 s``, ``1:05`` or ``2:00:30``."""
    if seconds < 0.1:
        return f"{seconds * 1000:.{0 if seconds >= 0.00995 else 1}f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def shown(value: Any, before: Any = None) -> str:
    """Return a value in the format of Keras: four decimals, or five digits with an exponent for small numbers.

    More digits are shown if the value differs from `before` and would look the same.
    """
    if isinstance(value, np.ndarray):
        if value.ndim:
            text = np.array2string(value, max_line_width=10**9, precision=4, threshold=8, separator=", ")
            return " ".join(text.split())
        value = value.item()
    if not isinstance(value, float | np.floating):
        # a value must not contain line ends
        return legible(" ".join(str(value).split()))
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
    """Return `stateful_metrics` as a set, after checking that it holds names."""
    if names is None:
        return set()
    wrong = isinstance(names, str) or not isinstance(names, Iterable)
    metrics = set() if wrong else set(names)
    if wrong or not all(isinstance(name, str) for name in metrics):
        raise ArgumentTypeError(
            f"stateful_metrics must be a list of names. Received: {names!r}. Pass for example ['auc']."
        )
    return metrics
