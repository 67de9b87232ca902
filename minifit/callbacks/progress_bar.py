"""`ProgressBar`: how far a run has come, and the line that stays when a part of it is over.

On a terminal and in a notebook tqdm draws a bar that moves; what stays behind is one line of text. Where a line cannot
be drawn again (a pipe, a file, the log of a CI service) there are only the lines, and tqdm is not even imported; where
tqdm is not installed there are only lines, too.
"""

import sys
import time
from typing import Any

from minifit import console, interrupts

INTERVAL = 0.1
"""Seconds between two drawings of the bar."""

_BAR = "{desc}: {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{unit}s [{elapsed}<{remaining}]{values}"
_NARROW = _BAR.replace("20", "10")
_UNKNOWN = "{desc}: {n_fmt}{unit}s [{elapsed}]{values}"
_DONE = _BAR.replace("<{remaining}", ", {rate_fmt}")


class ProgressBar:
    """A bar, or lines, for one part of a run after another: an epoch, an evaluation.

    Parameters
    ----------
    live : bool
        Whether there is to be a bar that moves, where that is possible.
    """

    def __init__(self, live: bool) -> None:
        self.live = live
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

    def begin(self, title: str, total: int | None, unit: str) -> None:
        """A part begins, on ``sys.stdout`` as it is now."""
        self.out = sys.stdout
        self._place = console.place_of(self.out) if self.live else "lines"
        self.title, self.total, self.unit, self.seen = title, total, f" {unit}", 0
        self._began = time.time()
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
        bar.bar_format = _UNKNOWN if self.total is None else _NARROW if width and width < 100 else _BAR
        if self._is_widget:
            bar.bar_format = bar.bar_format.replace("{bar:20}", "{bar}")  # where the widget puts its own
        bar.refresh()
        self._drawn = True
        self._next = bar.last_print_t = time.time() + INTERVAL

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
        return f"{self.title} - {count}{self.unit}s - {duration(elapsed)}"

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
            bar_format=_UNKNOWN if self.total is None else _DONE,
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
            bar_format=_BAR,
        )


def duration(seconds: float) -> str:
    """Such as ``4.2 ms``, ``0.25 s``, ``1:05`` or ``2:00:30``."""
    if seconds < 0.1:
        return f"{seconds * 1000:.{0 if seconds >= 0.00995 else 1}f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
