"""The record comes back as it was kept, and gives medians and ratios."""

from pathlib import Path

import pytest

from tests.benchmarks import record
from tests.benchmarks.sections import of_growth, of_steps


def test_sections_come_back(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    record.keep(file, "steps", of_steps())
    record.keep(file, "growth", of_growth())
    assert record.read(file) == {"growth": of_growth(), "steps": of_steps()}


def test_a_section_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    record.keep(file, "steps", of_steps())
    one = of_steps() | {"seconds": {"seed": {"minifit": [1e-6]}}}
    record.keep(file, "steps", one)
    assert record.read(file) == {"steps": one}


def test_there_is_no_record_yet(tmp_path: Path) -> None:
    assert record.read(tmp_path / "record.json") == {}


@pytest.mark.parametrize("text", ["{", "[1]", '{"steps": 3}', '{"name": {"dependencies": {}}}'])
def test_a_file_that_is_no_record_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "package.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="record"):
        record.keep(file, "steps", of_steps())
    assert file.read_text(encoding="utf-8") == text


def test_the_middle_round_counts() -> None:
    assert record.medians(of_steps())["seed"] == {"minifit": 2e-6, "numpy": 8e-6, "bare": 1e-6}


def test_ratios_are_minifit_over_the_other() -> None:
    assert record.ratios(of_steps()) == {
        "best": {"seed": 0.25, "wide": 2.0},
        "numpy": {"seed": 0.25, "wide": 1.0},
        "torch": {"wide": 2.0},
        "bare": {"wide": 2.0},
    }


def test_without_minifit_there_are_no_ratios() -> None:
    assert record.ratios(of_steps() | {"seconds": {"seed": {"numpy": [1.0], "torch": [2.0]}}}) == {}


def test_it_says_where_it_was_made() -> None:
    made = record.made()
    assert str(made["processor"]) in record.where({"made": made})
    assert int(made["cores"]) >= 1


def test_the_projects_own_record_can_be_read(root: Path) -> None:
    sections = record.read(root / "docs" / "benchmarks.json")
    assert record.ratios(sections["steps"])["best"]
