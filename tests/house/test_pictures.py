"""The picture of a run in the README."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs import terminal
from examples import quickstart

OUTPUT = [
    "one digit & more",
    'Model: "sequential"',
    "dense (Dense)",
    *(f"Epoch {epoch}/30 - loss: 0.5 - val_loss: 0.{epoch}" for epoch in range(1, 31)),
    "Validation accuracy: 98.6%",
]


def text_of(picture: str) -> list[str]:
    """The lines of text in a picture."""
    texts = ElementTree.fromstring(picture).findall("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in texts]


def test_the_summary_and_the_epochs_in_the_middle_are_left_out() -> None:
    lines = terminal.shortened(OUTPUT)
    assert lines[0] == "one digit & more"
    assert [int(line.split("/")[0].split()[1]) for line in lines if "/" in line] == [1, 2, 3, 27, 28, 29, 30]
    assert lines[4] == "..."
    assert lines[-1] == "Validation accuracy: 98.6%"


def test_a_short_run_is_shown_whole() -> None:
    assert terminal.shortened(OUTPUT[:8]) == [OUTPUT[0], *OUTPUT[3:8]]


def test_a_picture_has_the_text_of_its_lines() -> None:
    assert text_of(terminal.svg(OUTPUT, "A <run>")) == OUTPUT
    assert '<tspan class="result">Validation accuracy: 98.6%</tspan>' in terminal.svg(OUTPUT, "")


def test_the_kept_picture_shows_the_example_as_it_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quickstart.main()
    printed = terminal.shortened(capsys.readouterr().out.splitlines())
    kept = text_of((root / "docs/pictures/run.svg").read_text(encoding="utf-8"))
    assert kept[0] == "$ make run"
    assert kept[1:10] == printed[:9]  # the digit

    def without_numbers(line: str) -> str:
        return re.sub(r"[\d.]+", "0", line)

    assert [*map(without_numbers, kept[10:13])] == [*map(without_numbers, printed[9:12])]
    assert without_numbers(kept[-1]) == without_numbers(printed[-1])
