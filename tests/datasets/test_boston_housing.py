"""Boston housing is Keras's file, whole and unchanged. The real one is not downloaded here."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import datasets
from minifit.datasets import boston_housing
from minifit.datasets.cache import KERAS_FILES
from minifit.errors import ArgumentError
from tests.datasets import made
from tests.datasets.server import serving


def test_it_is_downloaded_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.arange(20.0)[:, None] + np.zeros(13)
    content = made.npz(tmp_path, x=x, y=np.arange(20.0))
    monkeypatch.setattr(boston_housing, "SHA256", hashlib.sha256(content).hexdigest())
    with serving(content) as server:
        monkeypatch.setattr(boston_housing, "KERAS_FILES", server.url(""))
        (x_train, y_train), (_, y_test) = datasets.boston_housing.load_data()
        assert len(boston_housing.load_data(test_split=0)[1][0]) == 0
        assert [r["path"] for r in server.requests] == ["/boston_housing.npz"]
    assert x_train.shape == (16, 13)
    assert (x_train[:, 3] == y_train).all()
    # As Keras 2.7 has made it of this file:
    assert y_test.tolist() == KERAS_PRICES


KERAS_PRICES = [12.0, 10.0, 2.0, 5.0]


@pytest.mark.parametrize("arguments", [{"test_split": 1}, {"test_split": -0.1}, {"seed": -1}])
def test_numbers_that_are_none(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="must be"):
        boston_housing.load_data(**arguments)


def test_where_it_comes_from() -> None:
    assert KERAS_FILES == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
    assert boston_housing.SHA256 == "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
