"""Printing goes to where sys.stdout points at that moment, and warnings point at the caller."""

import contextlib
import io
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from minifit.console import say, warn
from minifit.errors import MinifitWarning


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
