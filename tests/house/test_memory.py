"""Training on a file takes little memory however large the file is: what is read is given back.

`RssAnon` counts memory that is the process's own. Pages of a mapped file are not in it: the system drops them
whenever it wants them for something else.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.memory import WAYS, Way, make, measure

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="RssAnon is in /proc/self/status of Linux alone"
)

SAMPLE = [Way("memmap", "float32", True), Way("memmap", "float64", False), Way("h5py", "float64", True)]


def rows_in(size: int, way: Way, width: int) -> int:
    return size // width // np.dtype(way.dtype).itemsize


@pytest.mark.parametrize("way", SAMPLE, ids=str)
def test_a_file_larger_than_the_memory_it_takes(way: Way, tmp_path: Path) -> None:
    file, width = tmp_path / "data", 1000
    rows = rows_in(300_000_000, way, width)
    make(file, way, rows, width, sparse=True)
    assert measure(file, way, rows, width, batch_size=2048)["megabytes"] < 150


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_file_of_four_gigabytes_takes_less_than_300_megabytes(way: Way, tmp_path: Path) -> None:
    file, width = tmp_path / "data", 256
    rows = rows_in(4_000_000_000, way, width)
    make(file, way, rows, width, sparse=False)
    try:
        found = measure(file, way, rows, width)
    finally:
        file.unlink()
    assert found["megabytes"] < 300
