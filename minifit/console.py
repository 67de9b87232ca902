"""The only place that prints.

Everything goes to ``sys.stdout`` as it is at that moment, so that redirecting it works as a user expects, and above
the progress bars that tqdm has on the screen. Nothing that is printed ends a training: a reader that has gone away, a
full disk or a closed stream costs one warning.
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
"""Characters that are printed at once."""

FAILURES = (AttributeError, OSError, RuntimeError, ValueError)
"""Errors of a stream that takes no text: full or closed, without the method, or a window that is gone."""


def say(text: str = "", out: Any = None) -> None:
    """Print one line (or several) at once; `out` is ``sys.stdout`` when None."""
    out = sys.stdout if out is None else out
    outlet = Outlet(out)
    with _bars_out_of_the_way(out):
        outlet.write(f"{fitting(legible(text, MOST, lines=True), out)}\n")
        outlet.flush()


def show(text: str) -> None:
    """Print what the user asked for, such as a table: where it cannot be printed, raise as ``print`` does."""
    with _bars_out_of_the_way(sys.stdout):
        print(fitting(legible(text, MOST, lines=True), sys.stdout), flush=True)


def ask(question: str) -> bool:
    """Ask until the answer is yes or no.

    Raises
    ------
    EOFError
        When no answer can come: the input has ended, is closed, or the question cannot be printed.
    """
    while True:
        try:
            answer = input(f"{legible(question)} [y/n] ").strip().lower()
        except FAILURES as error:
            raise EOFError(str(error)) from error
        if answer in ("y", "n"):
            return answer == "y"


def warn(text: str) -> None:
    """Warn, pointing at the line outside of minifit that led here; a warning that cannot be shown is lost."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "minifit":
        level, frame = level + 1, frame.f_back
    with _bars_out_of_the_way(sys.stderr), suppress(*FAILURES):
        warnings.warn(legible(text, MESSAGE, lines=True), MinifitWarning, stacklevel=level)


class Outlet:
    """A stream that may fail: a text that it does not take becomes a warning, the first time.

    Parameters
    ----------
    out : file or None
        ``sys.stdout`` is None in a Windows program without a console; the outlet is silent then, as ``print`` is.
    """

    _failing: Any = None  # the stream that did not take the last text

    def __init__(self, out: Any) -> None:
        self._wrapped = out  # the name is tqdm's, which compares streams by it
        self._text, self._taken = "", False  # what was written last, and whether the stream took it

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == getattr(other, "_wrapped", other))

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def write(self, text: str) -> None:
        """Write a text; one that the stream cannot encode is written with escapes."""
        if self._wrapped is None:
            return
        self._text, self._taken = text, False
        try:
            self._wrapped.write(text)
            self._taken = True
        except UnicodeEncodeError:
            self.write(text.encode("ascii", "backslashreplace").decode())
        except FAILURES as error:
            self._fail(error)

    def flush(self) -> None:
        """Make what was written visible."""
        try:
            getattr(self._wrapped, "flush", bool)()
        except FAILURES as error:
            self._fail(error)
        else:
            if self._taken and Outlet._failing is self._wrapped:
                Outlet._failing = None

    def _fail(self, error: Exception) -> None:
        if Outlet._failing is self._wrapped:
            return
        Outlet._failing = self._wrapped
        if isinstance(error, BrokenPipeError):
            atexit.register(_end, self._wrapped)
        line = legible(self._text.strip())
        warn(
            f"Lines that minifit prints cannot be written: {str(error).rstrip('.')}. The program goes on without "
            f"them; this is said once.{f' The first one is: {line}' if line else ''}"
        )


def _end(out: Any) -> None:
    """Close a pipe that has no reader, so that Python does not complain about it when it exits."""
    with suppress(*FAILURES):
        out.flush()
        return
    with suppress(*FAILURES):
        out.close()


# -- where it is shown ---------------------------------------------------------------------------------------


def place_of(out: Any) -> str:
    """Return a stream's kind: a "terminal" or a "notebook", where tqdm can draw, or only good for "lines"."""
    try:
        notebook = type(out).__module__.partition(".")[0] == "ipykernel"
        if not notebook and not out.isatty():
            return "lines"
        with interrupts.importing("tqdm"):
            import tqdm  # noqa: F401 (without it there are lines)
    except (ImportError, *FAILURES):  # no stream at all, or a closed one
        return "lines"
    return "notebook" if notebook else "terminal"


def columns(out: Any) -> int:
    """The width that can be used; the last column stays free, or some terminals begin a new line."""
    try:
        return (os.get_terminal_size(out.fileno()).columns or 80) - 1
    except FAILURES:
        return 79


def only_ascii(out: Any) -> bool:
    """Whether blocks cannot be shown: a plain terminal, or an encoding without them."""
    return os.environ.get("TERM") == "dumb" or fitting("▏█", out) != "▏█"


def fitting(text: str, out: Any) -> str:
    """Return the text in characters that a stream can show."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:  # a name that Python does not know
        return text.encode("ascii", "backslashreplace").decode()


@contextmanager
def _bars_out_of_the_way(out: Any) -> Iterator[None]:
    """Lift all bars of tqdm while the block prints; there are none if tqdm has not been imported."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    with ExitStack() as lifted:
        if tqdm is not None:
            with suppress(*FAILURES):  # a bar of the user's on a stream that fails
                lifted.enter_context(tqdm.external_write_mode(file=out))
        yield
        with suppress(*FAILURES):
            lifted.close()


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
    """A bar of tqdm on a stream; what its attribute `values` says stands where its format has ``{values}``."""
    if place == "lines":
        return NoBar()
    lines = get_terminal_size().lines  # tqdm draws nothing where a terminal has no size
    try:
        return _bar_class(place == "notebook")(
            file=Outlet(out), ascii=only_ascii(out), nrows=lines, **options
        )
    except FAILURES as error:  # tqdm flushes both standard streams, past the outlet
        Outlet(out)._fail(error)
        return NoBar()


def _bar_class(notebook: bool) -> Any:
    """tqdm's bar with our values in it, and without the thread that watches slow bars and stays behind."""
    if notebook:
        with warnings.catch_warnings():  # it warns where ipywidgets are missing, and draws text there
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
                self._decr_instances(self)  # type: ignore[attr-defined] # or the next bar would stand a line below it
                raise

        @property
        def format_dict(self) -> Any:
            return {**super().format_dict, "values": self.values}

    return Bar
