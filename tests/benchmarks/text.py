"""How figures are written: numbers with three digits that count, and tables for a terminal and for a page."""

from collections.abc import Sequence

NONE = "–"
"""Stands where nothing was measured."""

Row = Sequence[str]


def number(value: float | None) -> str:
    """Three digits that count, or all before the point: 0.017, 0.25, 3.31, 20.4, 204, 135,484."""
    if value is None:
        return NONE
    digits = 3 if 0 < abs(value) < 0.0995 else 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:,.{digits}f}"


def plain(rows: Sequence[Row]) -> str:
    """A table for a terminal: names on the left, numbers on the right. The first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Row]) -> list[str]:
    """The same for a page."""
    line = ["---"] + ["---:"] * (len(rows[0]) - 1)
    return [f"| {' | '.join(row)} |" for row in [rows[0], line, *rows[1:]]]
