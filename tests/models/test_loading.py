"""Models from configurations."""

import io
import tempfile
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentTypeError, FileFormatError, UnknownNameError
from minifit.layers import Dense, Input
from minifit.models import Model, Sequential, load_model, model_from_config, model_from_json, save_model


def test_every_kind_comes_back() -> None:
    x = Input((3,))
    for model in (Model(x, Dense(1)(x)), Sequential([Dense(1, input_shape=(3,))])):
        config = {"class_name": type(model).__name__, "config": model.get_config()}
        again = model_from_config(config)
        assert type(again) is type(model)
        assert again.get_config() == model.get_config()
        assert model_from_json(model.to_json()).get_config() == model.get_config()


def test_other_things_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="'class_name' and 'config'"):
        model_from_config({"layers": []})
    with pytest.raises(UnknownNameError, match="model"):
        model_from_config({"class_name": "Parallel", "config": {}})


@pytest.mark.parametrize("make", [io.BytesIO, tempfile.TemporaryFile])
def test_a_model_in_an_open_file(make: Any) -> None:
    model = Sequential([Dense(3, "relu", input_shape=(2,)), Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((4, 2))
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    with make() as file:
        save_model(model, file, overwrite=False)
        again = load_model(file)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert int(again.optimizer.iterations) == 2


def test_open_files_that_hold_no_model() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    others: list[tuple[Any, str | None]] = [(io.StringIO(), None), (io.BytesIO(), "h5")]
    for other, save_format in others:
        with pytest.raises(ArgumentTypeError, match="A path is a string"):
            model.save(other, save_format=save_format)
    with pytest.raises(FileFormatError, match="zip archive"):
        load_model(io.BytesIO(b"nothing"))
