"""ProgressBar: where a bar can be drawn, what stays of it, and what tqdm is told."""

import contextlib
import functools
import io
import re
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tqdm import tqdm

from minifit import console, progress_bar
from minifit.progress_bar import ProgressBar, duration, shown


class Terminal(io.StringIO):
    """What a terminal is to a program: a stream that says so, in an encoding."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines as they look: a carriage return begins the line again, a code of tqdm's goes up one line."""
        lines, row, column = [""], 0, 0
        for code in re.findall(r"\x1b\[A|.|\n", self.getvalue()):
            if code == "\x1b[A":
                row -= 1
            elif code == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif code == "\r":
                column = 0
            else:
                lines[row] = lines[row].ljust(column)[:column] + code + lines[row][column + 1 :]
                column += 1
        return [line.rstrip() for line in lines]


def on_a_terminal(test: Callable[..., None]) -> Callable[..., None]:
    """The test's ``terminal`` is stdout while it runs (pytest puts its own there after the fixtures are made)."""

    @functools.wraps(test)
    def run(*args: Any, terminal: Terminal, **kwargs: Any) -> None:
        with contextlib.redirect_stdout(terminal):
            test(*args, terminal=terminal, **kwargs)

    return run


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "columns", lambda out: 119)
    return made


@on_a_terminal
def test_a_part_from_begin_to_end(terminal: Terminal) -> None:
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/2", 4, "step")
    assert terminal.screen() == ["Epoch 1/2:   0%|                    | 0/4 steps [00:00<?]"]
    bar.seen = 2
    assert not bar.due(), "it has just been drawn"
    bar.draw(" - loss: 0.5000")
    (line,) = terminal.screen()
    assert line.startswith("Epoch 1/2:  50%|██████████          | 2/4 steps [00:00<00:00] - loss: 0.5000")
    bar.seen = 4
    bar.finish(" - loss: 0.2500")
    first, rest = terminal.screen()
    assert first.startswith("Epoch 1/2: 100%|████████████████████| 4/4 steps [00:00, ")
    assert first.endswith(" step/s] - loss: 0.2500")
    assert rest == ""
    assert "\x1b" not in terminal.getvalue()


@on_a_terminal
def test_a_total_that_nobody_knows(terminal: Terminal) -> None:
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/2", None, "step")
    bar.seen = 3
    bar.draw(" - loss: 0.5000")
    assert terminal.screen() == ["Epoch 1/2: 3 steps [00:00] - loss: 0.5000"]
    bar.close()


@on_a_terminal
def test_a_line_too_long_for_the_terminal_stays_as_text(terminal: Terminal, monkeypatch: Any) -> None:
    monkeypatch.setattr(console, "columns", lambda out: 59)
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/2", 4, "step")
    bar.seen = 4
    bar.draw(" - some_metric: 0.5000")
    assert max(map(len, terminal.screen())) <= 59, "a bar that is drawn anew must fit"
    bar.finish(" - some_metric: 0.5000 - val_some_metric: 0.5000")
    line, _ = terminal.screen()
    assert line.startswith("Epoch 1/2 - 4/4 steps - ")
    assert line.endswith(" - some_metric: 0.5000 - val_some_metric: 0.5000"), "nothing is cut off"


@on_a_terminal
def test_short_parts_share_the_time_between_two_drawings(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bar, "INTERVAL", 3600)
    bar = ProgressBar(live=True)
    for epoch in range(5):
        bar.begin(f"Epoch {epoch + 1}/5", 2, "step")
        bar.seen = 2
        bar.finish("")
    assert terminal.getvalue().count("0%|  ") == 1, "one bar was drawn, at the beginning"
    assert len(terminal.screen()) == 6


@on_a_terminal
def test_it_is_lifted_while_others_print(terminal: Terminal) -> None:
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/2", 4, "step")
    bar.lift()
    sys.stdout.write("mine\n")
    bar.draw_again("")
    assert [line[:10] for line in terminal.screen()] == ["mine", "Epoch 1/2:"]
    bar.close()


@on_a_terminal
def test_one_that_breaks_off_stays_as_it_is(terminal: Terminal) -> None:
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/2", 4, "step")
    bar.seen = 2
    bar.draw("")
    bar.close(leave=True)
    assert [line[:16] for line in terminal.screen()] == ["Epoch 1/2:  50%|", ""]


@pytest.mark.parametrize(
    ("encoding", "term", "expected"),
    [
        ("utf-8", "xterm", False),
        ("utf-8", "dumb", True),
        ("ascii", "xterm", True),
        ("latin-1", "xterm", True),
    ],
)
@on_a_terminal
def test_plain_ascii_where_there_is_no_more(
    encoding: str, term: str, expected: bool, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(Terminal, "encoding", encoding)
    assert console.only_ascii(terminal) is expected
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/1", 2, "step")
    bar.seen = 1
    bar.draw(" - métrique: 1")
    bar.finish(" - métrique: 1")
    assert (
        terminal.getvalue().isascii() is (expected and encoding == "ascii")
        or not expected
        or "█" not in (terminal.getvalue())
    )
    assert ("#" in terminal.getvalue()) is expected
    terminal.getvalue().encode(encoding)


def kernel_stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The stream that a notebook's kernel puts in the place of stdout."""
    made = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stdout", made)
    return made  # type: ignore[no-any-return]


def forget_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n in ("tqdm.notebook", "tqdm.autonotebook")]:
        monkeypatch.delitem(sys.modules, name)


def test_a_notebook_without_widgets_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_tqdm(monkeypatch)
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", types.ModuleType("ipykernel.zmqshell"))
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.setitem(sys.modules, "IPython", None)
    out = kernel_stream(monkeypatch)
    bar = ProgressBar(live=True)
    bar.begin("Epoch 1/1", 2, "step")
    bar.seen = 2
    bar.finish(" - loss: 0.5000")
    bar.close()
    assert "\rEpoch 1/1:   0%|" in out.getvalue()
    assert out.getvalue().rstrip().endswith(" - loss: 0.5000")
    forget_tqdm(monkeypatch)


def test_a_notebook_has_one_widget_for_all_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Widget:
        """As much of tqdm's notebook bar as is used."""

        def __init__(self, **kwargs: Any) -> None:
            made.append(self)
            self.container = "of widgets"
            self.shown: list[tuple[str, int, int | None]] = []

        def refresh(self) -> None:
            bar: Any = self
            self.shown.append((bar.desc, bar.n, bar.total))

        def close(self) -> None:
            self.shown.append(("closed", 0, 0))

    monkeypatch.setattr(console, "_bar_class", lambda notebook: Widget if notebook else None)
    out = kernel_stream(monkeypatch)
    bar = ProgressBar(live=True)
    for epoch in (1, 2):
        bar.begin(f"Epoch {epoch}/2", 3, "step")
        bar.seen = 3
        bar.finish(f" - loss: {epoch}")
    bar.close(leave=True)
    (widget,) = made
    assert widget.shown == [("Epoch 1/2", 0, 3), ("Epoch 1/2", 3, 3), ("Epoch 2/2", 3, 3), ("closed", 0, 0)]
    assert [line.split(" - ")[-1] for line in out.getvalue().splitlines()] == ["loss: 1", "loss: 2"]


@on_a_terminal
def test_tqdm_can_be_switched_off(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = ProgressBar(live=True)
    monkeypatch.setattr(bar, "_open", lambda: tqdm(disable=True))  # as TQDM_DISABLE=1 does
    bar.begin("Epoch 1/1", 2, "step")
    bar.lift()
    bar.seen = 2
    bar.finish(" - loss: 0.5000")
    assert terminal.getvalue().count("Epoch") == 1
    assert terminal.screen()[0].endswith(" - loss: 0.5000")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 ms"),
        (0.0042, "4.2 ms"),
        (0.0421, "42 ms"),
        (0.1, "0.10 s"),
        (1.239, "1.24 s"),
        (59.99, "59.99 s"),
        (65, "1:05"),
        (7230.5, "2:00:30"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# -- values ------------------------------------------------------------------------------------------------


@pytest.mark.rule("PB-3")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5000"),
        (12345.678, "12345.6780"),
        (0.0, "0.0000"),
        (0.00051234, "5.1234e-04"),
        (-2e-9, "-2.0000e-09"),
        (3.5e12, "3.5000e+12"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(0.25), "0.2500"),
        (np.array(0.25), "0.2500"),
        (7, "7"),
        (np.int64(7), "7"),
        (True, "True"),
        (None, "None"),
        ([0.5, 1], "[0.5, 1]"),
        (np.array([0.5, 0.25]), "[0.5 , 0.25]"),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.rule("PB-9")
@pytest.mark.parametrize(
    ("value", "before", "text"),
    [
        (0.50001, 0.5, "0.50001"),
        (0.5, 0.50001, "0.50000"),
        (0.5, 0.5, "0.5000"),
        (0.6, 0.5, "0.6000"),
        (np.nextafter(0.5, 1), 0.5, "0.5000000000000001"),
        (5.00001e-4, 5e-4, "5.00001e-04"),
        (0.5, float("nan"), "0.5000"),
    ],
)
def test_a_difference_is_never_hidden(value: float, before: float, text: str) -> None:
    assert shown(value, before) == text
