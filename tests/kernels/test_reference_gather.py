"""Rows of every kind of array, by the reference."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.kernels import reference

DTYPES = ["?", "u1", "i2", "i8", "f2", "f4", "f8", ">f4", "<i4"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_are_copied_and_cast(dtype: str) -> None:
    source = np.arange(12).reshape(4, 3).astype(dtype)
    out = np.empty((3, 3), np.float32)
    reference.gather_rows(source, np.array([2, 0, 2]), out)
    np.testing.assert_array_equal(out, source[[2, 0, 2]].astype(np.float32))


def test_no_rows_one_dimension_and_three() -> None:
    reference.gather_rows(np.ones((0, 2)), np.array([], int), np.empty((0, 2)))
    out = np.empty(2)
    reference.gather_rows(np.array([1.0, 2.0, 3.0]), np.array([2, 0], np.int32), out)
    np.testing.assert_array_equal(out, [3, 1])
    images, batch = np.arange(24.0).reshape(4, 3, 2), np.empty((1, 3, 2))
    reference.gather_rows(images, np.array([3]), batch)
    np.testing.assert_array_equal(batch, images[3:])


@pytest.mark.parametrize("layout", ["columns", "fortran", "misaligned", "memmap"])
def test_a_big_source_is_never_copied(layout: str, tmp_path: Path) -> None:
    source: Any = np.ones((50_000, 40), np.float32)
    if layout == "columns":
        source = source[:, ::2]
    elif layout == "fortran":
        source = np.asfortranarray(source)
    elif layout == "misaligned":
        source = np.zeros(source.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(source.shape)
    else:
        np.save(tmp_path / "source.npy", source)
        source = np.load(tmp_path / "source.npy", mmap_mode="r")
    out = np.empty((2, source.shape[1]), np.float32)
    tracemalloc.start()
    reference.gather_rows(source, np.array([1, 49_999]), out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000  # bytes; the smallest of the sources has four millions
    np.testing.assert_array_equal(out, source[[1, 49_999]])
