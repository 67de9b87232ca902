"""Models from configurations."""

import pytest

from minifit.errors import ArgumentTypeError, UnknownNameError
from minifit.layers import Dense, Input
from minifit.models import Model, Sequential, model_from_config, model_from_json


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
