"""Reuters is Keras's file, whole and unchanged. The real one is not downloaded here: a small one stands for it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from minifit import datasets
from minifit.datasets import reuters, texts
from minifit.datasets.cache import KERAS_FILES
from minifit.errors import ArgumentError
from tests.datasets import made
from tests.datasets.server import serving


def test_it_is_downloaded_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = made.npz(tmp_path, x=made.texts(50), y=np.arange(50))
    monkeypatch.setattr(reuters, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(reuters, "KERAS_FILES", server.url(""))
        (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data(num_words=30, maxlen=9, seed=3)
        assert len(datasets.reuters.load_data(test_split=0.5)[0][0]) == 25
        assert [r["path"] for r in server.requests] == ["/reuters.npz"]
    # As Keras 2.7 has made it of this file:
    assert (len(x_train), len(x_test)) == KERAS_LENGTHS
    assert y_test.tolist() == KERAS_LABELS
    assert x_test[0] == KERAS_TEXT
    assert y_train.dtype == np.int64


KERAS_LENGTHS = (26, 7)
KERAS_LABELS = [14, 44, 49, 19, 21, 0, 8]
KERAS_TEXT = [1, 2, 2, 27, 19, 17]


def test_a_part_that_is_none() -> None:
    with pytest.raises(ArgumentError, match="test_split must be"):
        reuters.load_data(test_split=1)


def test_where_it_comes_from() -> None:
    assert KERAS_FILES == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert reuters.SHA256 == "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
    assert reuters.WORDS_MD5 == "4d44cc38712099c9e383dc6e5f11a921"


def test_the_numbers_of_words(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"the": 1}'
    monkeypatch.setattr(reuters, "WORDS_MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(texts, "KERAS_FILES", server.url(""))
        assert reuters.get_word_index() == {"the": 1}
        assert [r["path"] for r in server.requests] == ["/reuters_word_index.json"]
