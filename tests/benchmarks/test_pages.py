"""What pages show of the record."""

from pathlib import Path

import pytest

from docs import build
from tests.benchmarks import pages, record
from tests.benchmarks.sections import (
    of_calls,
    of_cold,
    of_growth,
    of_models,
    of_standin,
    of_steps,
    of_workers,
)


def test_every_part_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in build.FILLED)
    assert sorted(found[1] for found in build.FIGURES.findall(text)) == sorted(pages.PARTS)


@pytest.mark.parametrize("page", build.FILLED, ids=lambda page: page.name)
def test_a_page_shows_the_record_of_now(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == build.FILLED[page](text), "run `make docs`"


def test_the_parts_of_a_record(tmp_path: Path) -> None:
    record.keep(tmp_path / "record.json", "steps", of_steps())
    record.keep(tmp_path / "record.json", "growth", of_growth())
    record.keep(tmp_path / "record.json", "models", of_models())
    record.keep(tmp_path / "record.json", "workers", of_workers())
    parts = pages.parts(tmp_path / "record.json")
    assert set(parts) == set(pages.PARTS)
    summary = " ".join(parts["summary"])
    assert "between 0.25 (`seed`) and 2.00 (`wide`) times" in summary
    assert "the fastest of 2 others" in summary
    assert "| minifit | 2.00 | 200,000 |" in parts["steps"]
    assert parts["cold"] == pages.NOTHING
    assert "| mnist256 | 256 | 2,000 | 10,000 | 6,000 | 1.67 | 11,000 | 1.82 |" in parts["workers"]
    assert "| 4 | 2.00 | 2.20 | 1.10 |" in parts["workers"]
    assert "| PyTorch loop | 4.00 | – |" in parts["models"]
    assert "| PyTorch loop | 0.50 | – |" in parts["models"]


def test_the_comparison_has_the_multiples_of_five_sections(tmp_path: Path) -> None:
    sections = {
        "steps": of_steps(),
        "models": of_models(),
        "calls": of_calls(),
        "cold": of_cold(),
        "standin": of_standin(),
    }
    for name, section in sections.items():
        assert pages.parts(tmp_path / "record.json")["comparison"] == pages.NOTHING
        record.keep(tmp_path / "record.json", name, section)
    lines = pages.parts(tmp_path / "record.json")["comparison"]
    assert lines[0] == "|  | minifit | NumPy loop | PyTorch loop | Keras 3 on JAX | tf.keras 2 |"
    rows = {cells[1]: cells[2:-1] for cells in ([c.strip() for c in line.split("|")] for line in lines[2:-2])}
    assert list(rows.values()) == [
        ["1", "× 2.00", "–", "–", "–"],  # torch has no figure for one workload
        ["1", "–", "–", "–", "–"],
        ["1", "–", "–", "–", "–"],
        ["200 µs", "–", "× 0.50", "–", "–"],
        ["100 µs", "–", "× 0.50", "–", "–"],
        ["0.20 s", "–", "–", "× 10.0", "–"],
        ["40.0 MB", "–", "–", "× 9.00", "–"],
        ["2.00 s", "–", "–", "–", "× 9.00"],
    ]
    assert "torch 3" in lines[-1]


def test_figures_are_put_between_their_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "parts", lambda file: {"cold": ["new"]})
    mark = "<!-- made by `make docs` from benchmarks.json: cold -->\n"
    once = build.with_figures(f"before\n{mark}old\n<!-- until here -->\nafter\n")
    assert once == f"before\n{mark}\nnew\n\n<!-- until here -->\nafter\n"
    assert build.with_figures(once) == once
