"""The only place that prints.

Everything goes to ``sys.stdout`` as it is at that moment, so that redirecting it works as a user expects, and above
the progress bars that tqdm has on the screen.
"""

import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from shutil import get_terminal_size
from typing import Any, TextIO

from minifit.errors import MinifitWarning


def say(text: str = "", out: TextIO | None = None) -> None:
    """Print one line (or several) and make sure that it is seen at once; `out` is ``sys.stdout`` when None."""
    out = sys.stdout if out is None else out
    with _bars_out_of_the_way(out):
        print(fitting(text, out), file=out, flush=True)


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
        warnings.warn(text, MinifitWarning, stacklevel=level)


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
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # no thread that stays behind: a process with threads should not be forked

    notebook = type(sys.stdout).__module__.startswith("ipykernel.")
    screen = get_terminal_size()  # 80 x 24 for a terminal that has no size, where tqdm would draw nothing
    return Bar(
        desc=title,
        total=total,
        initial=done,
        file=sys.stdout,
        disable=not (notebook or sys.stdout.isatty()),
        ncols=None if notebook else min(screen.columns - 1, 100),
        nrows=None if notebook else screen.lines,
        miniters=1,
        unit="B",
        unit_scale=True,
    )


def fitting(text: str, out: Any) -> str:
    """The text in characters that a stream can show."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _bars_out_of_the_way(out: TextIO) -> AbstractContextManager[None]:
    """While something is printed; bars are there only if somebody has imported tqdm."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    return nullcontext() if tqdm is None else tqdm.external_write_mode(file=out)
