"""IMDB is Keras's file, whole and unchanged. The real one is not downloaded here: a small one stands for it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from minifit import datasets
from minifit.datasets import imdb, texts
from minifit.datasets.cache import KERAS_FILES
from tests.datasets import made
from tests.datasets.server import serving


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    labels = np.arange(30) % 2
    return made.npz(
        tmp_path, x_train=made.texts(30), y_train=labels, x_test=made.texts(20, 1), y_test=labels[:20]
    )


def test_it_is_downloaded_once(content: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imdb, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(imdb, "KERAS_FILES", server.url(""))
        (x_train, y_train), (x_test, y_test) = datasets.imdb.load_data(num_words=20, skip_top=2)
        datasets.imdb.load_data()
        assert [r["path"] for r in server.requests] == ["/imdb.npz"]
    assert [a.shape for a in (x_train, y_train, x_test, y_test)] == [(30,), (30,), (20,), (20,)]
    assert all(type(text) is list and text[0] == 2 for text in x_train)  # the mark of the start is below 2
    assert max(max(text) for text in (*x_train, *x_test)) == 19
    assert y_train.dtype == np.int64
    # As Keras 2.7 has made it of this file:
    assert y_train[:10].tolist() == KERAS_LABELS
    assert x_train[0] == KERAS_TEXT


KERAS_LABELS = [1, 0, 1, 0, 1, 1, 1, 1, 0, 0]
KERAS_TEXT = [2, 2, 2, 17, 2]


def test_where_it_comes_from() -> None:
    assert KERAS_FILES == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert imdb.SHA256 == "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
    assert imdb.WORDS_MD5 == "bfafd718b763782e994055a2d397834f"


def test_the_numbers_of_words(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"the": 1}'
    monkeypatch.setattr(imdb, "WORDS_MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(texts, "KERAS_FILES", server.url(""))
        assert imdb.get_word_index() == {"the": 1}
        assert [r["path"] for r in server.requests] == ["/imdb_word_index.json"]
