"""CIFAR-10 is the archive of its authors, whole and unchanged. The real one is not downloaded here."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import datasets
from minifit.datasets import cifar10
from minifit.errors import DataError
from tests.datasets import made
from tests.datasets.server import serving

N = 4


def part(first: int, n: int = N) -> dict[bytes, Any]:
    pictures = np.random.RandomState(first).randint(0, 256, (n, 3072)).astype(np.uint8)
    return {b"data": pictures, b"labels": [(first + i) % 10 for i in range(n)]}


def archive(folder: Path, parts: dict[str, Any]) -> bytes:
    return made.tar(folder, {f"{cifar10.FOLDER}/{name}": pickle.dumps(p, 3) for name, p in parts.items()})


PARTS = {name: part(i) for i, name in enumerate([*cifar10.TRAINING, cifar10.TESTING])}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "BATCH", N)


def load(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(cifar10, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(cifar10, "ORIGIN", server.url("cifar-10-python.tar.gz"))
        found = datasets.cifar10.load_data()
        datasets.cifar10.load_data()
        assert [r["path"] for r in server.requests] == ["/cifar-10-python.tar.gz"]
    return found


@pytest.mark.usefixtures("small")
def test_it_is_downloaded_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive(tmp_path, {"batches.meta": {}, **dict(reversed(PARTS.items()))})
    (x_train, y_train), (x_test, y_test) = load(content, monkeypatch)
    assert (cache / "datasets" / "cifar-10-batches-py.tar.gz").read_bytes() == content
    assert [(a.shape, a.dtype) for a in (x_train, y_train, x_test, y_test)] == [
        ((5 * N, 32, 32, 3), np.uint8),
        ((5 * N, 1), np.uint8),
        ((N, 32, 32, 3), np.uint8),
        ((N, 1), np.uint8),
    ]
    second = PARTS["data_batch_2"]
    assert y_train[N : 2 * N, 0].tolist() == second[b"labels"]
    assert x_train[N + 1, 4, 7, 2] == second[b"data"][1].reshape(3, 32, 32)[2, 4, 7]
    assert x_train.flags.writeable and x_test.flags.writeable


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({k: v for k, v in PARTS.items() if k != "test_batch"}, "Received: no test_batch"),
        ({**PARTS, "test_batch": [1]}, "4 images of 3,072 bytes"),
        ({**PARTS, "test_batch": part(1, 3)}, "4 images of 3,072 bytes"),
        ({**PARTS, "test_batch": {b"data": print}}, "which is not an array"),
    ],
)
def test_another_archive(
    parts: dict[str, Any], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=text):
        load(archive(tmp_path, parts), monkeypatch)


@pytest.mark.usefixtures("small")
def test_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="must be a complete archive"):
        load(b"nothing", monkeypatch)


def test_where_it_comes_from() -> None:
    assert cifar10.ORIGIN == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    assert cifar10.SHA256 == "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
