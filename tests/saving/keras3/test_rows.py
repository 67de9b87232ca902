"""The kinds of rows: what each does to the arguments of a class."""

from typing import Any

import pytest

from minifit.errors import ArgumentError, FileFormatError
from minifit.saving.keras3 import rows


def write(row: rows.Difference, **config: Any) -> dict[str, Any]:
    row.write("X", config)
    return config


def read(row: rows.Difference, **config: Any) -> dict[str, Any]:
    row.read("X", config)
    return config


def test_whom_a_row_concerns() -> None:
    assert rows.Difference("", "a", "b").concerns("X")
    two = rows.Difference("X, Y", "a", "b")
    assert [two.concerns(name) for name in ("X", "Y", "Z", "X, Y", "")] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "kind", [rows.Noted, rows.Arithmetic, rows.Named, rows.NamedByClass, rows.ByFunction, rows.Refused]
)
def test_rows_that_change_nothing(kind: type[rows.Difference]) -> None:
    row = kind("", "a", "b")
    assert write(row, a=1, b=2) == read(row, a=1, b=2) == {"a": 1, "b": 2}
    assert row.effect


def test_renamed() -> None:
    row = rows.Renamed("", "old", "new")
    assert write(row, old=1, other=2) == {"new": 1, "other": 2}
    assert read(row, new=1, other=2) == {"old": 1, "other": 2}
    assert write(row) == read(row) == {}


def test_left_out() -> None:
    assert write(rows.LeftOut("", "a", ""), a=1, b=2) == {"b": 2}
    assert read(rows.LeftOut("", "", "a"), a=1, b=2) == {"b": 2}
    assert read(rows.LeftOut("", "a", ""), a=1) == {"a": 1}


def test_only_in_keras_3() -> None:
    row = rows.OnlyKeras3("", "a")
    for idle in (None, False):
        assert read(row, a=idle, b=1) == read(row, b=1) == {"b": 1}
    odd: list[Any] = [0, True, "", 0.0, -1, [], "x"]
    for value in odd:
        with pytest.raises(FileFormatError, match="X with a="):
            read(row, a=value)
    assert read(rows.OnlyKeras3("", "a", idle=-1), a=-1) == {}


def test_words() -> None:
    row = rows.Words(
        "", "r", "", written={"auto": "sum"}, back={"mean": "sum", None: "none"}, refused=("odd",)
    )
    assert [write(row, r=word)["r"] for word in ("auto", "none")] == ["sum", "none"]
    assert [read(row, r=word)["r"] for word in ("mean", None, "sum", 3)] == ["sum", "none", "sum", 3]
    assert write(row) == read(row) == {}
    assert read(row, r=["x"]) == {"r": ["x"]}
    with pytest.raises(FileFormatError, match="X with r='odd'"):
        read(row, r="odd")


def test_own_functions() -> None:
    row = rows.Own(
        "", "a", "b", "as it says", lambda name, c: c.update(w=name), lambda name, c: c.update(r=name)
    )
    assert write(row) == {"w": "X"}
    assert read(row) == {"r": "X"}
    assert write(rows.Own("", "a", "b")) == read(rows.Own("", "a", "b")) == {}


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ArgumentError, match=r"Received: X\. Keras 3 has no such thing.*\.h5"):
        rows.refuse_to_write("X")
    with pytest.raises(FileFormatError, match=r"Received: X\. Because\. Save it without"):
        rows.refuse_to_read("X", "Because")
