"""Printing goes to where sys.stdout points at that moment, and warnings point at the caller."""

import contextlib
import errno
import io
import os
import subprocess
import sys
import threading
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minifit.console import Outlet, ask, bar, fitting, place_of, say, show, warn
from minifit.errors import MESSAGE, MinifitWarning


class Flushed(io.StringIO):
    """Counts how often it is flushed."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1
        super().flush()


def test_say(capsys: pytest.CaptureFixture[str]) -> None:
    say("one")
    say("two\nthree")
    say()
    assert capsys.readouterr() == ("one\ntwo\nthree\n\n", "")


def test_what_is_said_does_not_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\nc\rd")
    assert capsys.readouterr().out == "a\\x1b[2Jb\nc\\rd\n"
    with pytest.warns(MinifitWarning) as caught:
        warn("\x1b]0;title\x07" * 1_000_000)
    assert len(text := str(caught[0].message)) == MESSAGE
    assert text.isprintable()


def test_it_follows_a_redirection_made_later() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        say("here")
    assert out.getvalue() == "here\n"


def test_it_is_seen_at_once() -> None:
    with contextlib.redirect_stdout(Flushed()) as out:
        say("here")
        assert out.flushes == 1


def inside_minifit(name: str, called: Callable[[], None]) -> Callable[[], None]:
    """A function that calls another, as if it stood in a module of this name."""
    space: dict[str, Any] = {"__name__": name, "called": called}
    exec("def function():\n    called()", space)
    function: Callable[[], None] = space["function"]
    return function


def look() -> None:
    warn("look here")


def test_a_warning_points_at_the_line_that_called_into_minifit() -> None:
    with pytest.warns(MinifitWarning, match="look here") as caught:
        look()
    assert caught[0].filename == __file__
    assert caught[0].lineno == look.__code__.co_firstlineno + 1


def test_however_deep_it_was_raised() -> None:
    space: dict[str, Any] = {"__name__": "minifit.console", "warn": warn}
    exec("def function():\n    warn('look here')", space)
    deep = inside_minifit("minifit", inside_minifit("minifit.training.loops", space["function"]))
    with pytest.warns(MinifitWarning) as caught:
        line = sys._getframe().f_lineno + 1
        deep()
    assert caught[0].filename == __file__
    assert caught[0].lineno == line


def test_a_module_of_a_similar_name_is_outside() -> None:
    space: dict[str, Any] = {"__name__": "minifitting", "warn": warn}
    exec(compile("def function():\n    warn('look here')", "elsewhere.py", "exec"), space)
    with pytest.warns(MinifitWarning) as caught:
        space["function"]()
    assert caught[0].filename == "elsewhere.py"


def test_a_warning_can_be_silenced_by_its_class() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MinifitWarning)
        look()


class Terminal(io.StringIO):
    """What is written to it a person would see."""

    def isatty(self) -> bool:
        return True


class OutStream(io.StringIO):
    """A notebook's cell."""

    __module__ = "ipykernel.iostream"


def drawn(out: io.StringIO, total: int | None, done: int = 0) -> str:
    """What a bar of 50 bytes writes."""
    with contextlib.redirect_stdout(out), bar("a.npz", total, done) as made:
        made.update(50)
    return out.getvalue()


@pytest.mark.parametrize("out", [Terminal, OutStream])
def test_a_bar_is_drawn_where_a_person_looks(out: type[io.StringIO]) -> None:
    text = drawn(out(), 100)
    assert text.startswith("\ra.npz:   0%|")
    assert " 50.0/100 " in text.split("\r")[-1]
    assert text.endswith("B/s]\n"), "the last state stays"


def test_a_bar_is_not_drawn_into_files_and_logs() -> None:
    assert drawn(io.StringIO(), 100) == ""


def test_a_bar_that_begins_in_the_middle() -> None:
    assert drawn(Terminal(), 200, done=50).startswith("\ra.npz:  25%|")


def test_a_bar_of_unknown_length() -> None:
    assert "50.0B [" in drawn(Terminal(), None)


@pytest.mark.parametrize(("columns", "longest"), [(40, 39), (400, 100), (0, 79)])
def test_a_bar_fits_on_its_line(columns: int, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(terminal, "fileno", lambda: 7)
    # 0 is what a terminal without a size says
    monkeypatch.setattr(os, "get_terminal_size", lambda file=0: os.terminal_size((columns, 24)))
    lengths = {len(line) for line in drawn(terminal, 100).strip().split("\r")}
    assert max(lengths) == longest


def test_a_bar_of_plain_characters_where_there_are_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "#" in drawn(Terminal(), 100)
    monkeypatch.setenv("TERM", "xterm")
    assert "█" in drawn(Terminal(), 100)


@pytest.mark.parametrize("out", [None, types.SimpleNamespace(write=len)])
def test_no_bar_where_there_is_no_stream_to_ask(out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out)  # None in a Windows program without a console
    with bar("a.npz", 100) as made:
        made.update(50)


def test_the_place() -> None:
    assert place_of(Terminal()) == "terminal"
    assert place_of(OutStream()) == "notebook"
    assert place_of(io.StringIO()) == "lines"
    assert place_of(None) == "lines"
    with open(__file__, encoding="utf-8") as closed:
        pass
    assert place_of(closed) == "lines"


@pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")
def test_a_bar_on_a_terminal_without_a_size() -> None:
    import pty

    reader, writer = pty.openpty()
    with open(writer, "w") as terminal, contextlib.redirect_stdout(terminal), bar("a.npz", 100):
        pass
    with open(reader, "rb", buffering=0) as screen:
        assert b"a.npz:   0%|" in screen.read(200)


def test_a_bar_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    drawn(Terminal(), 100)
    assert threading.active_count() == before


def test_a_question_is_asked_until_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["", "maybe", " Y ", "n"])
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("builtins.input", answer)
    assert ask("Replace it?")
    assert not ask("And this?")
    assert asked == ["Replace it? [y/n] "] * 3 + ["And this? [y/n] "]


@pytest.mark.parametrize("error", [EOFError, OSError, RuntimeError("input(): lost sys.stdin"), ValueError])
def test_a_question_that_cannot_be_answered(error: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(question: str) -> str:
        raise error

    monkeypatch.setattr("builtins.input", answer)
    with pytest.raises(EOFError):
        ask("Replace it?")


# -- streams that fail -------------------------------------------------------------------------------------


class Failing(io.StringIO):
    """A stream that raises while `error` is set: at each write, or only when it is flushed."""

    def __init__(self, error: Exception | None = None, buffered: bool = False) -> None:
        super().__init__()
        self.error = error
        self.buffered = buffered

    def write(self, text: str) -> int:
        if self.error is not None and not self.buffered:
            raise self.error
        return super().write(text)

    def flush(self) -> None:
        if self.error is not None:
            raise self.error


class FailingTerminal(Failing):
    def isatty(self) -> bool:
        return True


def closed() -> io.StringIO:
    made = io.StringIO()
    made.close()
    return made


BROKEN = BrokenPipeError(errno.EPIPE, "Broken pipe")
FULL = OSError(errno.ENOSPC, "No space left on device")
FAILING: dict[str, Callable[[], Any]] = {
    "broken pipe": lambda: Failing(BROKEN),
    "broken pipe, buffered": lambda: Failing(BROKEN, buffered=True),
    "full disk": lambda: Failing(FULL),
    "full disk, buffered": lambda: Failing(FULL, buffered=True),
    "closed": closed,
    "terminal that is gone": lambda: FailingTerminal(OSError(errno.EIO, "Input/output error")),
    "terminal, broken": lambda: FailingTerminal(BROKEN),
    "window that is gone": lambda: FailingTerminal(RuntimeError("wrapped C/C++ object has been deleted")),
    "no stream": object,
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_stream_that_fails_costs_one_warning(kind: str) -> None:
    with contextlib.redirect_stdout(FAILING[kind]()), pytest.warns(MinifitWarning) as caught:
        say("Epoch 1")
        say("Epoch 2")
        with bar("a.npz", 100) as made:
            made.update(50)
    (warning,) = caught
    assert "cannot be written: " in str(warning.message)
    assert str(warning.message).endswith("The first one is: Epoch 1")
    assert warning.filename == __file__


def test_a_stream_that_works_again_is_used_again() -> None:
    out = Failing()
    with contextlib.redirect_stdout(out):
        for round in ("first", "second"):
            out.error = FULL
            with pytest.warns(MinifitWarning, match=round):
                say(f"{round} lost")
            say("lost, too")
            out.error = None
            say(f"{round} written")
    assert out.getvalue() == "first written\nsecond written\n"


def test_other_errors_of_a_stream_pass() -> None:
    for error in (KeyboardInterrupt(), TypeError("a bug"), MemoryError()):
        with contextlib.redirect_stdout(Failing(error)), pytest.raises(type(error)):  # type: ignore[arg-type]
            say("here")


def test_where_not_even_a_warning_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", closed())
    with warnings.catch_warnings(), contextlib.redirect_stdout(closed()):
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", lambda *args: sys.stderr.write("shown"))
        say("here")
        warn("here")


def test_a_table_that_was_asked_for_raises_as_print_does(capsys: pytest.CaptureFixture[str]) -> None:
    show("a\x1bb\nc")
    assert capsys.readouterr().out == "a\\x1bb\nc\n"
    with contextlib.redirect_stdout(Failing(BROKEN)), pytest.raises(BrokenPipeError):
        show("here")


def test_a_program_without_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    say("here")
    show("here")
    with pytest.warns(MinifitWarning):
        warn("here")


class Ascii:
    """A stream with a method `write` alone, for ASCII alone."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, text: str) -> None:
        self.written += text.encode("ascii")


def test_a_stream_with_write_alone() -> None:
    out = Ascii()
    with contextlib.redirect_stdout(out):  # type: ignore[type-var]
        say("größe")
    assert out.written == b"gr\\xf6\\xdfe\n"


def test_a_strict_ascii_stream() -> None:
    raw = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(raw, "ascii", errors="strict")) as out:
        say("größe")
    assert raw.getvalue().split() == [b"gr\\xf6\\xdfe"]
    out.close()
    assert fitting("größe", types.SimpleNamespace(encoding="no such encoding")) == r"gr\xf6\xdfe"


def test_an_outlet_is_the_stream_to_tqdm() -> None:
    out = io.StringIO()
    assert Outlet(out) == out
    assert out == Outlet(out)
    assert Outlet(out) != io.StringIO()
    assert hash(Outlet(out)) == hash(out)


def test_a_bar_of_the_users_on_a_stream_that_fails() -> None:
    from tqdm import tqdm

    out = FailingTerminal()
    with contextlib.redirect_stdout(out):
        theirs = tqdm(total=2, file=sys.stdout)
        out.error = BROKEN
        with pytest.warns(MinifitWarning, match="cannot be written"):
            say("here")
        out.error = None
        theirs.close()
    free: list[bool] = []

    def take() -> None:
        lock: Any = tqdm.get_lock().locks[-1]  # type: ignore[no-untyped-call]
        free.append(lock.acquire(timeout=10))
        if free[0]:
            lock.release()

    asking = threading.Thread(target=take)
    asking.start()
    asking.join()
    assert free == [True], "nobody holds tqdm's lock"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise")
@pytest.mark.parametrize(("full", "code"), [(False, 0), (True, 120)])
def test_nothing_of_ours_is_left_for_the_interpreter_to_complain_about(
    full: bool, code: int, root: Path
) -> None:
    """A full disk is another matter: what the program printed is lost, and Python says so."""
    if full and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    reader, writer = os.pipe()
    os.close(reader)
    program = "from minifit import console\nconsole.say('one')\nconsole.say('two')"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with open("/dev/full", "wb") if full else open(writer, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=out,
            stderr=subprocess.PIPE,
            cwd=root,
            text=True,
            env=environment,
            check=False,
        )
    assert done.returncode == code
    assert done.stderr.count("cannot be written") == 1
    assert ("Exception ignored" in done.stderr) is full


def test_without_tqdm_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert place_of(Terminal()) == place_of(OutStream()) == "lines"
    assert drawn(Terminal(), 100) == ""
    with contextlib.redirect_stdout(Terminal()) as out:
        say("here")
    assert out.getvalue() == "here\n"
