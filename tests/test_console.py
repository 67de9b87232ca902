"""Printing goes to where sys.stdout points at that moment, and warnings point at the caller."""

import contextlib
import io
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from minifit.console import ask, bar, place_of, say, warn
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
