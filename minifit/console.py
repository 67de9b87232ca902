"""The only place that prints.

Everything goes to ``sys.stdout`` as it is at that moment, so that redirecting it works as a user expects, and above
the progress bars that tqdm has on the screen.
"""

import os
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from shutil import get_terminal_size
from typing import Any, TextIO

from minifit.errors import MESSAGE, MinifitWarning, legible

MOST = 1 << 20
"""Characters that are printed at once."""


def say(text: str = "", out: TextIO | None = None) -> None:
    """Print one line (or several) and make sure that it is seen at once; `out` is ``sys.stdout`` when None."""
    out = sys.stdout if out is None else out
    with _bars_out_of_the_way(out):
        print(fitting(legible(text, MOST, lines=True), out), file=out, flush=True)


def ask(question: str) -> bool:
    """Ask until the answer is yes or no.

    Raises
    ------
    EOFError
        When nobody can answer.
    """
    while True:
        answer = input(f"{question} [y/n] ").strip().lower()
        if answer in ("y", "n"):
            return answer == "y"


def warn(text: str) -> None:
    """Warn, pointing at the line outside of minifit that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "minifit":
        level, frame = level + 1, frame.f_back
    with _bars_out_of_the_way(sys.stderr):
        warnings.warn(legible(text, MESSAGE, lines=True), MinifitWarning, stacklevel=level)


# -- where it is shown ---------------------------------------------------------------------------------------


def place_of(out: Any) -> str:
    """What a stream is: a "terminal", a "notebook", or only good for "lines"."""
    if type(out).__module__.partition(".")[0] == "ipykernel":
        return "notebook"
    try:
        return "terminal" if out.isatty() else "lines"
    except (AttributeError, ValueError):  # no stream at all, or a closed one
        return "lines"


def columns(out: Any) -> int:
    """The width that can be used; the last column stays free, or some terminals begin a new line."""
    try:
        return (os.get_terminal_size(out.fileno()).columns or 80) - 1
    except (AttributeError, OSError, ValueError):
        return 79


def only_ascii(out: Any) -> bool:
    """Whether blocks cannot be shown: a plain terminal, or an encoding without them."""
    return os.environ.get("TERM") == "dumb" or fitting("▏█", out) != "▏█"


def fitting(text: str, out: Any) -> str:
    """The text in characters that a stream can show."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _bars_out_of_the_way(out: TextIO) -> AbstractContextManager[None]:
    """While something is printed; bars are there only if somebody has imported tqdm."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    return nullcontext() if tqdm is None else tqdm.external_write_mode(file=out)


# -- bars ----------------------------------------------------------------------------------------------------


def bar(title: str, total: int | None, done: int = 0) -> Any:
    """A progress bar of bytes: a context manager with a method ``update(bytes)``.

    It is drawn on a terminal and in a notebook. A file or the log of a test run, where a bar would be thousands of
    control characters, shows nothing of it.

    Parameters
    ----------
    title : str
        What stands before the bar.
    total : int or None
        Bytes in all, if known.
    done : int, default 0
        Bytes that are there already.
    """
    out = sys.stdout
    place = place_of(out)
    return new_bar(
        out,
        place,
        desc=title,
        total=total,
        initial=done,
        disable=place == "lines",
        ncols=min(columns(out), 100) if place == "terminal" else None,
        miniters=1,
        unit="B",
        unit_scale=True,
    )


def new_bar(out: Any, place: str, **options: Any) -> Any:
    """A bar of tqdm on a stream; what its attribute `values` says stands where its format has ``{values}``."""
    lines = get_terminal_size().lines  # tqdm draws nothing where a terminal has no size
    return _bar_class(place == "notebook")(file=out, ascii=only_ascii(out), nrows=lines, **options)


def _bar_class(notebook: bool) -> Any:
    """tqdm's bar with our values in it, and without the thread that watches slow bars and stays behind."""
    if notebook:
        with warnings.catch_warnings():  # it warns where ipywidgets are missing, and draws text there
            warnings.simplefilter("ignore")
            from tqdm.autonotebook import tqdm
    else:
        from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0
        values = ""

        @property
        def format_dict(self) -> Any:
            return {**super().format_dict, "values": self.values}

    return Bar
