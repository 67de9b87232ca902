"""The pictures are drawn from a record."""

import re
from pathlib import Path

import pytest

from tests.benchmarks import charts, record
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.sections import of_growth, of_models, of_steps


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All pictures of a record, drawn once."""
    file = tmp_path_factory.mktemp("record") / "record.json"
    record.keep(file, "steps", of_steps())
    record.keep(file, "models", of_models())
    record.keep(file, "growth", of_growth())
    return charts.draw(file)


def test_there_is_a_picture_of_each_kind_for_light_and_dark(made: list[Path]) -> None:
    names = [
        f"{name}{theme.ending}.svg" for name in ("benchmarks", "models", "growth") for theme in charts.THEMES
    ]
    assert [picture.relative_to(picture.parents[1]) for picture in made] == [
        Path("pictures") / n for n in names
    ]
    for picture, theme in zip(made, charts.THEMES * 3, strict=True):
        text = picture.read_text(encoding="utf-8")
        assert text.rstrip().endswith("</svg>")
        assert theme.ours in text
        assert theme.ink in text


def test_the_same_record_gives_the_same_picture(made: list[Path], tmp_path: Path) -> None:
    charts.save(charts.growth, of_growth(), charts.LIGHT, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == made[4].read_bytes()


def test_the_page_shows_through(made: list[Path]) -> None:
    for picture, theme in zip(made, charts.THEMES * 3, strict=True):
        assert not re.search(rf"fill: {theme.page}", picture.read_text(encoding="utf-8"))


def test_a_record_of_other_things_has_no_pictures(tmp_path: Path) -> None:
    record.keep(tmp_path / "record.json", "cold", {"made": record.made(), "processes": {}})
    assert charts.draw(tmp_path / "record.json") == []
    assert not (tmp_path / "pictures").exists()


def test_headings_do_not_run_into_each_other() -> None:
    section = {**of_models(), "workloads": {name: recipe.shape for name, recipe in RECIPES.items()}}
    section["seconds"] = {name: {"minifit": [1e-6], "torch": [1e-5]} for name in RECIPES}
    figure = charts.comparison(section, charts.LIGHT)
    figure.draw_without_rendering()
    headings = [panel.title.get_window_extent() for panel in figure.axes[: len(RECIPES)]]
    for i, one in enumerate(headings):
        assert one.x1 <= figure.bbox.x1
        assert not any(one.overlaps(other) for other in headings[i + 1 :])


@pytest.mark.parametrize(
    ("size", "written"), [(64, "64"), (4096, "4,096"), (10_000, "10 k"), (10_000_000, "10 M")]
)
def test_sizes_are_written_short(size: int, written: str) -> None:
    assert charts._short(size) == written
