"""Progbar: Keras's arguments, drawn as the bar of `fit`."""

import re
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.tensor import Tensor
from minifit.utils import Progbar
from tests.test_progress_bar import Terminal, on_a_terminal, terminal  # noqa: F401 (a fixture)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed, without times."""
    return re.sub(r" - [\d.]+ m?s", "", capsys.readouterr().out).splitlines()


@pytest.mark.parametrize("verbose", [1, 2])
def test_one_line_at_the_end(verbose: int, capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(3, verbose=verbose)
    for step in range(3):
        assert capsys.readouterr().out == ""
        bar.update(step + 1, [("loss", 1.0 + step)])
    assert lines(capsys) == ["3/3 steps - loss: 2.0000"]


def test_it_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(3, verbose=0)
    bar.add(3, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


def test_means_by_steps_and_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(10, stateful_metrics=["acc"], unit_name="sample")
    bar.add(2, [("loss", np.float32(1.0)), ("acc", 0.5)])
    bar.add(8, [("loss", Tensor(np.array(2.0))), ("acc", 0.75)])
    assert lines(capsys) == ["10/10 samples - loss: 1.8000 - acc: 0.7500"]
    assert bar.stateful_metrics == {"acc"} and (bar.target, bar.width, bar.interval) == (10, 30, 0.05)


def test_the_end_is_where_the_caller_says(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(None, verbose=2)
    bar.update(4, [("loss", np.array([1.0, 3.0]))])
    bar.update(7, finalize=True)
    assert lines(capsys) == ["7 steps - loss: 2.0000"]
    bar = Progbar(4, verbose=2)
    bar.update(4, finalize=False)
    assert lines(capsys) == []
    bar.target = 9
    bar.update(9)
    assert lines(capsys) == ["9/9 steps"]


@on_a_terminal
def test_the_bar_on_a_terminal(terminal: Terminal) -> None:  # noqa: F811
    bar = Progbar(4, width=12, interval=0)
    assert terminal.screen() == [""], "nothing is drawn before the first step"
    bar.update(1, [("loss", 0.5)])
    (line,) = terminal.screen()
    assert re.fullmatch(r" 25%\|███         \| 1/4 steps \[00:0\d<00:0\d\] - loss: 0.5000", line)
    bar.update(4, [("loss", 0.5)])
    line, rest = terminal.screen()
    assert line.startswith("100%|████████████| 4/4 steps [00:0") and line.endswith("step/s] - loss: 0.5000")
    assert rest == ""


@on_a_terminal
def test_it_waits_between_two_drawings(terminal: Terminal) -> None:  # noqa: F811
    bar = Progbar(None, interval=3600)
    for step in range(5):
        bar.update(step + 1)
    assert "1steps" not in terminal.screen()[0] and "0 steps" in terminal.screen()[0]
    bar.update(6, finalize=True)
    assert "6 steps" in terminal.screen()[0]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"target": -1}, ArgumentError),
        ({"target": "many"}, ArgumentTypeError),
        ({"target": 1, "verbose": 3}, ArgumentError),
        ({"target": 1, "width": 0}, ArgumentError),
        ({"target": 1, "interval": -1.0}, ArgumentError),
        ({"target": 1, "interval": "often"}, ArgumentTypeError),
        ({"target": 1, "stateful_metrics": "acc"}, ArgumentTypeError),
    ],
)
def test_what_is_refused(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="Received"):
        Progbar(**arguments)
