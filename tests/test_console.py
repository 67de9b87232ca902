"""Printing goes to where sys.stdout points at that moment, and warnings point at the caller."""

import contextlib
import io
import sys
import warnings

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


def inner(**options: int) -> None:
    warn("look here", **options)


def outer(**options: int) -> None:
    inner(**options)


def test_a_warning_points_at_the_caller_of_the_function_that_warns() -> None:
    with pytest.warns(MinifitWarning, match="look here") as caught:
        line = sys._getframe().f_lineno + 1
        inner()
    assert caught[0].filename == __file__
    assert caught[0].lineno == line


def test_or_further_up() -> None:
    with pytest.warns(MinifitWarning) as caught:
        line = sys._getframe().f_lineno + 1
        outer(stacklevel=4)
    assert caught[0].lineno == line


def test_a_warning_can_be_silenced_by_its_class() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MinifitWarning)
        inner()
