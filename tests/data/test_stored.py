"""Arrays in files: recognised without h5py being imported, sliced without being read, read when asked."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from minifit.data.stored import Stored, is_stored, rows_of
from minifit.errors import DataError
from tests.data.drawing import dataset

X = np.arange(24, dtype=np.float32).reshape(8, 3)


class Chunked:
    """An array of another library, which says how it is stored, and what is read of it."""

    shape, dtype = (8, 3), np.dtype("f4")

    def __init__(self, chunks: Any = (2, 3)) -> None:
        self.chunks = chunks
        self.asked: list[slice] = []

    chunks = None

    def __len__(self) -> int:
        return 8

    def __getitem__(self, rows: slice) -> Any:
        self.asked.append(rows)
        return X[rows]


# -- what is recognised --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [dataset(X), dataset(X, chunks=(2, 3)), dataset(X).astype("f8"), Chunked()],
    ids=["contiguous", "chunked", "view", "other library"],
)
def test_in_a_file(value: Any) -> None:
    assert is_stored(value)
    assert isinstance(rows_of("x", value), Stored)
    assert isinstance(rows_of("x", [value]), Stored)  # Keras takes a list of inputs, here of one


@pytest.mark.parametrize("value", [X, X.tolist(), [X], np.float32(3), "abc", dataset(X).file], ids=str)
def test_not_in_a_file(value: Any) -> None:
    assert not is_stored(value)


def test_a_memory_map_is_an_array(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(8, 3))
    rows = rows_of("x", mapped)
    assert isinstance(rows, np.ndarray)
    assert np.shares_memory(rows, mapped)


def test_an_array_is_checked_as_ever() -> None:
    assert rows_of("x", X) is X
    with pytest.raises(DataError, match="x must hold real numbers"):
        rows_of("x", ["a"])


def test_h5py_is_imported_by_nobody_but_the_user(root: Path) -> None:
    program = """
import sys, numpy, minifit
model = minifit.Sequential([minifit.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(numpy.zeros((4, 2)), numpy.zeros(4), verbose=0)
assert "h5py" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


# -- views ---------------------------------------------------------------------------------------------------


def test_what_it_says_of_itself() -> None:
    rows = rows_of("x", dataset(X.astype(">f8"), chunks=(5, 2)))
    assert isinstance(rows, Stored)
    assert (rows.shape, rows.dtype, len(rows)) == ((8, 3), np.dtype(">f8"), 8)
    assert (rows.chunk, rows.row_bytes) == (5, 24)


@pytest.mark.parametrize(
    ("value", "chunk"),
    [
        (dataset(X), 1),
        (dataset(X).astype("f8"), 1),
        (Chunked((4, 3)), 4),
        (Chunked(None), 1),
        (Chunked(()), 1),
        (Chunked(((4, 4), (3,))), 1),  # as Dask says it
    ],
    ids=range(6),
)
def test_chunks(value: Any, chunk: int) -> None:
    rows = rows_of("x", value)
    assert isinstance(rows, Stored)
    assert rows.chunk == chunk


@pytest.mark.parametrize(
    "part", [slice(None), slice(3), slice(2, 5), slice(-3, None), slice(5, 100), slice(6, 2), slice(8, 9)]
)
def test_slices(part: slice) -> None:
    rows = Stored(dataset(X), 1, 7)
    np.testing.assert_array_equal(rows.read(), X[1:7])
    view = rows[part]
    assert len(view) == len(X[1:7][part])
    np.testing.assert_array_equal(view.read(), X[1:7][part])
    np.testing.assert_array_equal(view[1:].read(), X[1:7][part][1:])
    np.testing.assert_array_equal(np.asarray(view), X[1:7][part])


def test_nothing_but_the_first_row_is_read_before_its_time() -> None:
    source = Chunked()
    rows = rows_of("x", source)
    assert isinstance(rows, Stored)
    view = rows[2:7][1:3]
    assert source.asked == [slice(None, 1)]
    view.read()
    assert source.asked[1:] == [slice(3, 5)]


# -- what cannot be used -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.array([b"a", b"b"]), r"x must hold real numbers\. Received: dtype"),
        (np.zeros(3, [("a", "f4")]), r"x must hold real numbers\. Received: dtype \[\('a'"),
        (np.zeros(3, complex), r"x must hold real numbers\. Received: dtype complex128"),
        (np.float32(3), r"x must have one row for each sample\. Received: a single number"),
        (np.zeros((0, 3)), r"x must hold at least one sample.* Received: shape \(0, 3\)"),
        (h5py.Empty("f4"), r"x must be one array of numbers\. Received: a value of type Empty"),
    ],
    ids=["bytes", "compound", "complex", "scalar", "no rows", "nothing"],
)
def test_datasets_that_hold_no_samples(value: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        rows_of("x", dataset(value))


def test_a_closed_file() -> None:
    values = dataset(X)
    values.file.close()
    says = r"x must be readable\. Received: a Dataset whose file reports: .*\. Keep the file open"
    with pytest.raises(DataError, match=says):
        rows_of("x", values)
