"""Pickles of numbers, lists and arrays are read; whatever names anything else is refused."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.datasets.unpickling import lists_of, unpickled
from minifit.errors import DataError
from tests.datasets import made


def read(value: Any, protocol: int = 2) -> Any:
    return unpickled(io.BytesIO(pickle.dumps(value, protocol)), "a file")


@pytest.mark.parametrize("protocol", range(5))
def test_plain_values(protocol: int) -> None:
    value = {"a": [1, 2.5, None], "b": ("x", True)}
    assert read(value, protocol) == value


def test_bytes_in_an_array() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    found = read({"data": array}, 3)["data"]
    assert found.dtype == np.uint8
    assert found.tolist() == array.tolist()


def test_what_python_2_has_written() -> None:
    """A pickle like the parts of CIFAR-10: texts and arrays of protocol 2 with bytes for text."""
    content = (
        b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x06K\tesU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05"
        b"cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87R"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x05\x07tbs."
    ).replace(b"(U\x06labels", b"U\x06labels")
    found = unpickled(io.BytesIO(content), "a file")
    assert found[b"labels"] == [6, 9]
    assert found[b"data"].tolist() == [[5, 7]]


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("called",)


@pytest.mark.parametrize(
    "value", [Evil(), [Evil()], {"a": Evil()}, print, np.ones(2), np.array([Evil()], object), np.float64(1)]
)
def test_what_names_anything_else_is_refused(
    value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="a file must contain arrays and lists of numbers"):
        read(value, 3)
    assert not list(tmp_path.iterdir())


def test_half_a_pickle_is_refused() -> None:
    with pytest.raises(DataError, match="must contain arrays and lists"):
        unpickled(io.BytesIO(pickle.dumps([1, 2, 3])[:-4]), "a file")


def test_lists_in_a_file(tmp_path: Path) -> None:
    texts = made.texts(5)
    made.npz(tmp_path, x=texts, y=np.arange(5))
    x, y = lists_of(str(tmp_path / "made.npz"), "x", "y")
    assert x == texts.tolist()
    assert y.tolist() == [0, 1, 2, 3, 4]


def test_a_file_without_the_array_is_refused(tmp_path: Path) -> None:
    made.npz(tmp_path, x=np.arange(3))
    with pytest.raises(DataError, match=r"KeyError.*y\.npy"):
        lists_of(str(tmp_path / "made.npz"), "y")


def test_a_file_that_could_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made.npz(tmp_path, x=np.array([Evil()], object))
    with pytest.raises(DataError, match="which is not an array"):
        lists_of("made.npz", "x")
    assert not (tmp_path / "called").exists()
