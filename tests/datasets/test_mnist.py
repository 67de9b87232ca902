"""MNIST is Keras's file, whole and unchanged. The real one is not downloaded here: a small one stands for it."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import datasets
from minifit.datasets import mnist
from minifit.datasets.cache import KERAS_FILES
from tests.datasets.server import serving


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """A file made as Keras's is, of fewer digits."""
    random = np.random.RandomState(1)
    arrays: dict[str, Any] = {
        f"{kind}_{part}": random.randint(0, high, (n, *shape)).astype(np.uint8)
        for part, n in (("train", 50), ("test", 20))
        for kind, high, shape in (("x", 256, (28, 28)), ("y", 10, ()))
    }
    np.savez(tmp_path / "made.npz", **arrays)
    return (tmp_path / "made.npz").read_bytes()


def test_it_is_downloaded_once(content: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(mnist, "KERAS_FILES", server.url(""))
        (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
        datasets.mnist.load_data()
        assert [r["path"] for r in server.requests] == ["/mnist.npz"]
    with np.load(cache / "datasets" / "mnist.npz") as stored:
        for name, array in zip(
            ("x_train", "y_train", "x_test", "y_test"), (x_train, y_train, x_test, y_test), strict=True
        ):
            assert array.dtype == np.uint8
            assert array.flags.writeable
            np.testing.assert_array_equal(array, stored[name])


def test_under_another_name(
    content: bytes, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(mnist, "KERAS_FILES", server.url(""))
        mnist.load_data("digits.npz")
        mnist.load_data(path=str(tmp_path / "here.npz"))
    assert (cache / "datasets" / "digits.npz").read_bytes() == content
    assert (tmp_path / "here.npz").read_bytes() == content


def test_a_file_that_could_run_code_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "bad.npz", x_train=np.array([print], dtype=object))
    content = (tmp_path / "bad.npz").read_bytes()
    monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(mnist, "KERAS_FILES", server.url(""))
        with pytest.raises(ValueError, match="allow_pickle=False"):
            mnist.load_data()


def test_where_it_comes_from() -> None:
    assert KERAS_FILES == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert mnist.SHA256 == "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
