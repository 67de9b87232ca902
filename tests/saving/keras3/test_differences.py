"""The table of what differs."""

import pytest

from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.families import FAMILIES
from minifit.saving.keras3.rows import ByFunction, Difference, Named, NamedByClass

ROWS = [(family, row) for family, rows in DIFFERENCES.items() for row in rows]


def test_the_families_are_those_that_are_known() -> None:
    assert set(DIFFERENCES) - set(FAMILIES) == {"models", "compile"}


@pytest.mark.parametrize(("family", "row"), ROWS, ids=str)
def test_a_row_is_about_classes_that_exist(family: str, row: Difference) -> None:
    for name in row.classes.split(", ") if row.classes else ():
        assert name in FAMILIES[family].table, name


@pytest.mark.parametrize(
    ("family", "row"), [r for r in ROWS if isinstance(r[1], Named | NamedByClass | ByFunction)], ids=str
)
def test_a_name_that_is_translated_is_one_of_minifits(family: str, row: Named) -> None:
    assert all(name in FAMILIES[family].table for name in row.keras2.split(", "))
    if isinstance(row, NamedByClass):
        assert row.keras3 in FAMILIES[family].table


@pytest.mark.parametrize(("family", "row"), ROWS, ids=str)
def test_every_row_says_what_minifit_does(family: str, row: Difference) -> None:
    assert row.keras2 or row.keras3
    assert row.effect
    assert "None" not in (row.keras2, row.keras3)
