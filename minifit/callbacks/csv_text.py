"""The text of a CSV file: its header, its cells, and the end of a line that a crash left incomplete."""

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError

PLAIN = frozenset((float, int, str))
"""The types that the module csv writes correctly by itself."""


def file_name(filename: Any) -> str:
    """Return `filename` as a string, after checking that it can name a file."""
    name = os.fspath(filename) if isinstance(filename, os.PathLike) else filename
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"filename must be a string or a PathLike of one. Received: filename={filename!r}. "
            "Pass for example 'training.log'."
        )
    if not name or "\0" in name:
        raise ArgumentError(
            f"filename must name a file. Received: filename={name!r}. Pass for example 'training.log'."
        )
    return name


def one_character(separator: Any) -> str:
    """Return the separator of a CSV file, after checking it."""
    if not isinstance(separator, str):
        raise ArgumentTypeError(
            f"separator must be one character. Received: separator={separator!r}. Pass for example ';'."
        )
    if len(separator) != 1 or separator in '"\r\n\0':
        raise ArgumentError(
            "separator must be one character other than a quotation mark or a line end. "
            f"Received: separator={separator!r}. Pass for example ';'."
        )
    return separator


def header_of(filename: str, separator: str) -> list[str]:
    """Return the first row of a file; an empty list if it has none, or is a device or pipe, which may never end."""
    if not os.path.isfile(filename):
        return []
    try:
        with open(filename, encoding="utf-8-sig", errors="replace", newline="") as file:
            return next(csv.reader(file, delimiter=separator), [])
    except csv.Error:
        return ["(no CSV file)"]


def end_of_last_line(filename: str) -> str:
    """Return the characters that close a cell and a line that a crash or an editor left incomplete.

    Only the whole file shows whether a quotation is open at its end; a million epochs are read in 50 ms.
    """
    quotes, last = 0, b""
    with open(filename, "rb") as file:
        while block := file.read(1 << 20):
            quotes, last = quotes + block.count(b'"'), block[-1:]
    if quotes % 2:
        return '"\r\n'
    return "" if last in (b"\n", b"\r") else "\r\n"


def cell(value: Any) -> Any:
    """Return the content of the cell for a value: a list or an array is one cell."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    if hasattr(value, "__array__"):
        value = np.asarray(value)
        if value.ndim == 0:
            return value.item()
    return f'"[{", ".join(map(str, value))}]"'
