"""The only module that prints.

Text goes to the current ``sys.stdout``, so that redirecting it works as a user expects, and appears above the progress
bars that tqdm has on the screen. A failure to print never ends a training: a pipe without a reader, a full disk or a
closed stream gives one warning.
"""

import atexit
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from shutil import get_terminal_size
from typing import Any

from minifit import interrupts
from minifit.errors import MESSAGE, MinifitWarning, legible

MOST = 1 << 20
"""The largest number of characters to print at once."""

FAILURES = (AttributeError, OSError, RuntimeError, ValueError)
"""Errors of a stream that cannot be written: full, closed, without the method, or of a closed window."""


def say(text: str = "", out: Any = None) -> None:
    """Print one or more lines at once; to ``sys.stdout`` if `out` is None."""
    out = sys.stdout if out is None else out
    outlet = Outlet(out)
    with _bars_out_of_the_way(out):
        outlet.write(f"{fitting(legible(text, MOST, lines=True), out)}\n")
        outlet.flush()


def show(text: str) -> None:
    """Print text that the user has asked for, such as a table; raise like ``print`` if that fails."""
    with _bars_out_of_the_way(sys.stdout):
        print(fitting(legible(text, MOST, lines=True), sys.stdout), flush=True)


def ask(question: str) -> bool:
    """Ask until the answer is yes or no.

    Raises
    ------
    EOFError
        If no answer is possible: the input has ended or is closed, or the question cannot be printed.
    """
    while True:
        try:
            answer = input(f"{legible(question)} [y/n] ").strip().lower()
        except FAILURES as error:
            raise EOFError(str(error)) from error
        if answer in ("y", "n"):
            return answer == "y"


def warn(text: str) -> None:
    """Warn, with the location of the caller outside minifit; a warning that cannot be shown is lost."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "minifit":
        level, frame = level + 1, frame.f_back
    with _bars_out_of_the_way(sys.stderr), suppress(*FAILURES):
        warnings.warn(legible(text, MESSAGE, lines=True), MinifitWarning, stacklevel=level)


class Outlet:
    """A wrapper of a stream that may fail: the first text that it refuses becomes a warning.

    Parameters
    ----------
    out : file or None
        ``sys.stdout`` is None in a Windows program without a console; the outlet is then silent, like ``print``.
    """

    # the stream that refused the last text
    _failing: Any = None

    def __init__(self, out: Any) -> None:
        # tqdm compares streams by this attribute
        self._wrapped = out
        # the last text, and whether the stream accepted it
        self._text, self._accepted = "", False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == getattr(other, "_wrapped", other))

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def write(self, text: str) -> None:
        """Write a text, with escapes if the stream cannot encode it."""
        if self._wrapped is None:
            return
        self._text, self._accepted = text, False
        try:
            self._wrapped.write(text)
            self._accepted = True
        except UnicodeEncodeError:
            self.write(text.encode("ascii", "backslashreplace").decode())
        except FAILURES as error:
            self._fail(error)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            getattr(self._wrapped, "flush", bool)()
        except FAILURES as error:
            self._fail(error)
        else:
            if self._accepted and Outlet._failing is self._wrapped:
                Outlet._failing = None

    def _fail(self, error: Exception) -> None:
        if Outlet._failing is self._wrapped:
            return
        Outlet._failing = self._wrapped
        if isinstance(error, BrokenPipeError):
            atexit.register(_end, self._wrapped)
        line = legible(self._text.strip())
        warn(
            f"Lines that minifit prints cannot be written: {str(error).rstrip('.')}. The program continues without "
            f"them; this warning appears once.{f' The first one is: {line}' if line else ''}"
        )


def _end(out: Any) -> None:
    """Close a pipe that has no reader, so that Python does not report it at exit."""
    with suppress(*FAILURES):
        out.flush()
        return
    with suppress(*FAILURES):
        out.close()


# -- streams -------------------------------------------------------------------------------------------------


def place_of(out: Any) -> str:
    """Return the kind of a stream: "terminal" or "notebook", where tqdm can draw, or "lines"."""
    try:
        notebook = type(out).__module__.partition(".")[0] == "ipykernel"
        if not notebook and not out.isatty():
            return "lines"
        with interrupts.importing("tqdm"):
            # without tqdm only lines are printed
            import tqdm  # noqa: F401
    except (ImportError, *FAILURES):
        # a missing or closed stream, or no tqdm
        return "lines"
    return "notebook" if notebook else "terminal"


def columns(out: Any) -> int:
    """Return the usable width. The last column stays free, because some terminals begin a new line there."""
    try:
        return (os.get_terminal_size(out.fileno()).columns or 80) - 1
    except FAILURES:
        return 79


def only_ascii(out: Any) -> bool:
    """Return True if block characters cannot be shown: on a plain terminal, or in an encoding without them."""
    return os.environ.get("TERM") == "dumb" or fitting("▏█", out) != "▏█"


def fitting(text: str, out: Any) -> str:
    """Return the text with escapes for characters that a stream cannot encode."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        # an encoding that Python does not know
        return text.encode("ascii", "backslashreplace").decode()


@contextmanager
def _bars_out_of_the_way(out: Any) -> Iterator[None]:
    """Clear all bars of tqdm while the block prints; there are none if tqdm has not been imported."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    with ExitStack() as lifted:
        if tqdm is not None:
            # a bar of the user may be on a stream that fails
            with suppress(*FAILURES):
                lifted.enter_context(tqdm.external_write_mode(file=out))
        yield
        with suppress(*FAILURES):
            lifted.close()


# -- bars ----------------------------------------------------------------------------------------------------


def bar(title: str, total: int | None, done: int = 0) -> Any:
    """Return a progress bar that counts bytes: a context manager with a method ``update(bytes)``.

    The bar is drawn on a terminal and in a notebook. In a file or the log of a test run, where it would be thousands of
    control characters, nothing is written.

    Parameters
    ----------
    title : str
        The text before the bar.
    total : int or None
        The total number of bytes, if known.
    done : int, default 0
        The number of bytes that are already present.
    """
    out = sys.stdout
    place = place_of(out)
    return new_bar(
        out,
        place,
        desc=legible(title),
        total=total,
        initial=done,
        ncols=min(columns(out), 100) if place == "terminal" else None,
        miniters=1,
        unit="B",
        unit_scale=True,
    )


class NoBar:
    """A bar that is not drawn."""

    values = ""

    def __enter__(self) -> "NoBar":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, n: float = 1) -> None:
        """Draw nothing."""

    refresh = clear = close = update


def new_bar(out: Any, place: str, **options: Any) -> Any:
    """Return a bar of tqdm on a stream; its attribute `values` replaces ``{values}`` in its format."""
    if place == "lines":
        return NoBar()
    # tqdm draws nothing if a terminal reports no size
    lines = get_terminal_size().lines
    try:
        return _bar_class(place == "notebook")(
            file=Outlet(out), ascii=only_ascii(out), nrows=lines, **options
        )
    except FAILURES as error:
        # tqdm flushes both standard streams itself, without the outlet
        Outlet(out)._fail(error)
        return NoBar()


def _bar_class(notebook: bool) -> Any:
    """Return tqdm's class of bars, extended by `values` and without the monitor thread, which would never end."""
    if notebook:
        # without ipywidgets tqdm warns and draws text
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with interrupts.importing("tqdm.autonotebook"):
                from tqdm.autonotebook import tqdm
    else:
        with interrupts.importing("tqdm"):
            from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0
        values = ""

        def __init__(self, **options: Any) -> None:
            try:
                super().__init__(**options)
            except BaseException:
                # otherwise the next bar would be drawn a line below
                self._decr_instances(self)  # type: ignore[attr-defined]
                raise

        @property
        def format_dict(self) -> Any:
            return {**super().format_dict, "values": self.values}

    return Bar
