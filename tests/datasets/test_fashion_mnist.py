"""Fashion-MNIST is read from Keras's four files, and a file that says or holds anything else is refused.

The real ones are not downloaded here: files of the same sizes stand for them.
"""

import gzip
import hashlib
import itertools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import datasets
from minifit.arrays import Array
from minifit.datasets import fashion_mnist
from minifit.datasets.cache import KERAS_FILES
from minifit.datasets.fashion_mnist import read_idx
from minifit.errors import DataError
from tests.datasets.server import Handler, file, serving

ARRAY = np.random.RandomState(2).randint(0, 256, (5, 4, 3)).astype(np.uint8)


def idx(array: Array) -> bytes:
    """An array as LeCun's format writes it, spelled out once more."""
    kind = {1: 2049, 3: 2051}[array.ndim]
    return struct.pack(f">{1 + array.ndim}I", kind, *array.shape) + array.tobytes()


def made() -> dict[str, Array]:
    """Arrays of the real shapes with something in every corner."""
    arrays: dict[str, Array] = {}
    for name, n, start in (("train", 60000, 1), ("t10k", 10000, 7)):
        images = np.zeros((n, 28, 28), np.uint8)
        images[0, 0, 0], images[-1, -1, -1], images[n // 2, 3, 20] = start, start + 1, start + 2
        arrays[f"{name}-images-idx3-ubyte.gz"] = images
        arrays[f"{name}-labels-idx1-ubyte.gz"] = (np.arange(n) * start % 10).astype(np.uint8)
    return arrays


def test_the_four_files(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = made()
    files = {name: gzip.compress(idx(array), 1) for name, array in arrays.items()}
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in fashion_mnist.FILES}
    monkeypatch.setattr(fashion_mnist, "FILES", sums)

    def by_name(handler: Handler) -> None:
        file(content=files[handler.path.lstrip("/")])(handler)

    with serving(b"") as server:
        server.answers += [by_name] * 4
        monkeypatch.setattr(fashion_mnist, "KERAS_FILES", server.url(""))
        (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
        assert len(server.requests) == 4
    folder = cache / "datasets" / "fashion-mnist"
    assert {f.name for f in folder.iterdir()} == set(files)
    for array, name in (
        (x_train, "train-images-idx3-ubyte.gz"),
        (y_train, "train-labels-idx1-ubyte.gz"),
        (x_test, "t10k-images-idx3-ubyte.gz"),
        (y_test, "t10k-labels-idx1-ubyte.gz"),
    ):
        assert array.dtype == np.uint8
        assert array.flags.writeable
        np.testing.assert_array_equal(array, arrays[name])


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("array", [ARRAY, ARRAY[:, 0, 0].copy(), np.zeros((0,), np.uint8)])
def test_an_array(array: Array, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_idx(written(tmp_path, gzip.compress(idx(array))), array.shape), array)


def changed(content: bytes, at: int, value: int) -> bytes:
    return content[:at] + bytes([value]) + content[at + 1 :]


GOOD = idx(ARRAY)
PACKED = gzip.compress(GOOD)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            gzip.compress(changed(GOOD, 0, 1)),
            "must begin with 00000803 00000005 00000004 00000003: bytes .*Received: 01000803",
        ),
        (gzip.compress(changed(GOOD, 2, 13)), r"must begin with .*shape \(5, 4, 3\)\. Received: 00000d03"),
        (gzip.compress(changed(GOOD, 3, 1)), "Received: 00000801"),
        (gzip.compress(changed(GOOD, 4, 255)), "Received: 00000803 ff000005"),
        (gzip.compress(changed(GOOD, 7, 6)), "Received: 00000803 00000006"),
        (gzip.compress(GOOD[:10]), r"Received: 00000803 00000005 0000\."),
        (gzip.compress(b""), "must begin with"),
        (gzip.compress(GOOD[:-1]), r"must contain 60 bytes\. Received: 59\."),
        (gzip.compress(GOOD + b"x"), r"must contain 60 bytes\. Received: more\."),
        (gzip.compress(GOOD + bytes(10**7)), r"must contain 60 bytes\. Received: more\."),
        (PACKED[:-9], r"must be a complete gzip file\. Received: "),
        (PACKED[:20], "must be a complete gzip file"),
        (b"", "must begin with"),
        (changed(PACKED, 0, 0), "must be a complete gzip file.*Not a gzipped file"),
        (changed(PACKED, len(PACKED) - 8, 0), "must be a complete gzip file.*CRC"),
        (changed(PACKED, 10, 255), r"must be a complete gzip file\. Received: Error -3 .*invalid block type"),
    ],
    ids=itertools.count(),
)
def test_anything_else_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=says) as caught:
        read_idx(path, ARRAY.shape)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith("Remove it; it will be downloaded again.")


def test_no_more_is_unpacked_than_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = 0
    read = gzip.GzipFile.read

    def counting(self: Any, size: int = -1) -> bytes:
        nonlocal unpacked
        got = read(self, size)
        unpacked += len(got)
        return got

    monkeypatch.setattr(gzip.GzipFile, "read", counting)
    with pytest.raises(DataError):
        read_idx(written(tmp_path, gzip.compress(GOOD + bytes(10**7))), ARRAY.shape)
    assert unpacked == len(GOOD) + 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none.gz", (5,))


def test_where_they_come_from() -> None:
    assert KERAS_FILES == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert list(fashion_mnist.FILES) == [
        f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
    ]
    assert all(len(sha256) == 64 for sha256 in fashion_mnist.FILES.values())
