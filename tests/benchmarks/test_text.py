"""Numbers and tables."""

import pytest

from tests.benchmarks.text import markdown, number, plain

ROWS = [["", "seed", "wide"], ["minifit", "0.25", "120,868"], ["NumPy loop", "9.30", "–"]]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0173, "0.017"),
        (0.0, "0.00"),
        (0.254, "0.25"),
        (3.306, "3.31"),
        (9.996, "10.0"),
        (20.44, "20.4"),
        (99.96, "100"),
        (135484.2, "135,484"),
        (-0.5, "-0.50"),
        (None, "–"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float | None, written: str) -> None:
    assert number(value) == written


def test_columns_stand_below_one_another() -> None:
    assert plain(ROWS).splitlines() == [
        "            seed     wide",
        "minifit     0.25  120,868",
        "NumPy loop  9.30        –",
    ]


def test_a_table_of_a_page() -> None:
    assert markdown(ROWS) == [
        "|  | seed | wide |",
        "| --- | ---: | ---: |",
        "| minifit | 0.25 | 120,868 |",
        "| NumPy loop | 9.30 | – |",
    ]
