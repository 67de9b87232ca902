"""What float32 cannot hold and what is not finite, found in whole arrays; what lies in a file is not looked through."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.data import values
from minifit.errors import DataError

SOUND: list[Any] = [
    [0.0, 1.0, -1.0],
    [values.LARGEST, -values.LARGEST],
    [np.inf, -np.inf, np.nan],
    np.zeros((2, 3, 4)),
    np.array([2**63], np.uint64),
    np.array([True]),
    np.array([6e4], np.float16),
    np.array([3e38], np.float32),
    np.array([1.0], np.longdouble),
    np.zeros((0, 3)),
]


@pytest.mark.parametrize("given", SOUND, ids=range(len(SOUND)))
def test_what_float32_can_hold(given: Any) -> None:
    values.check_range("x", np.asarray(given))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([0.0, 3.5e38], r"3\.5e\+38 in row 1"),
        ([-1e300, 1e300], r"-1e\+300 in row 0"),
        ([np.nan, np.inf, 1e39], r"1e\+39 in row 2"),
        ([[0.0, 1.0], [np.nan, -1e40]], r"-1e\+40 in row 1"),
        (np.array([1e100], np.longdouble), r"1e\+100 in row 0"),
    ],
)
def test_what_it_cannot(given: Any, says: str) -> None:
    with pytest.raises(
        DataError, match=rf"^y must hold numbers that float32 can hold.*Received: {says}\. Scale"
    ):
        values.check_range("y", np.asarray(given))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([0.0, 1.0], None),
        ([3e38, 3e38], None),
        (np.array([3e38, 3e38], np.float32), None),
        (np.array([6e4, 6e4], np.float16), None),
        ([1, 2], None),
        (np.zeros(0), None),
        ([0.0, np.nan], "nan in row 1 of y"),
        ([np.inf, -np.inf, 0.0], "inf in row 0 of y, the first of 2 such rows"),
        ([[0.0, 0.0], [0.0, -np.inf]], "-inf in row 1 of y"),
        ([[np.nan, np.nan], [0.0, -np.inf]], "nan in row 0 of y, the first of 2 such rows"),
    ],
)
def test_what_is_not_finite(given: Any, found: str | None) -> None:
    assert values.not_finite("y", np.asarray(given)) == found


def test_the_first_row() -> None:
    assert values.first_row(np.array([False, False, True, True])) == 2
    assert values.first_row(np.array([[[False]], [[True]]])) == 1


def test_what_lies_in_memory(tmp_path: Path) -> None:
    whole = np.arange(24.0).reshape(6, 4)
    for array in (whole, whole[1:], whole.T, whole[::2, 1:], np.frombuffer(b"12345678", np.uint8)):
        assert values.in_memory(array)
    file = np.memmap(tmp_path / "x", np.float32, "w+", shape=(6, 4))
    for array in (file, file[1:], file.T, np.asarray(file), np.asarray(file)[1:].reshape(-1)):
        assert not values.in_memory(array)
    with (tmp_path / "x").open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        array = np.frombuffer(mapped, np.float32)
        assert not values.in_memory(array)
        del array  # or the map cannot be closed
