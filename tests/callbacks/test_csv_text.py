"""The text of a CSV file: headers that are read and lines that are closed; whole files are in test_csv_logger.py."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.callbacks import csv_text
from minifit.parameters import Variable
from minifit.tensor import Tensor


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"epoch,loss\r\n0,1.0\r\n", ["epoch", "loss"]),
        ("\ufeffepoch,loss\n".encode(), ["epoch", "loss"]),
        (b'"a,b",c\n', ["a,b", "c"]),
    ],
)
def test_a_header(content: bytes, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    assert csv_text.header_of(str(tmp_path / "log.csv"), ",") == expected


def test_a_file_that_is_not_there_has_no_header(tmp_path: Path) -> None:
    assert csv_text.header_of(str(tmp_path / "log.csv"), ",") == []


@pytest.mark.parametrize("content", ["a,b\r\n1,2\r\n", "a,b\n1,2", 'a,b\n1,"2', 'a,b\n1,"x\ny"', "a\r1\r"])
def test_a_row_behind_the_end_of_the_last_line_is_a_row_of_its_own(content: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content.encode())
    whole = content + csv_text.end_of_last_line(str(path)) + "new"
    assert list(csv.reader(whole.splitlines(keepends=True)))[-1] == ["new"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, 0.5), ("text", "text"), (np.array(0.25), 0.25), ([0.5, 1], '"[0.5, 1]"')],
)
def test_a_cell(value: Any, expected: Any) -> None:
    assert csv_text.cell(value) == expected


def test_a_cell_of_tensors_holds_their_numbers() -> None:
    assert csv_text.cell(Tensor(2.5)) == 2.5
    assert csv_text.cell(Variable(0.5)) == 0.5
    assert csv_text.cell(Tensor([1.0, 2.0])) == '"[1.0, 2.0]"'
