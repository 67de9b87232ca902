"""The methods of a step, as the library has them and as a model overrides them."""

from types import MethodType
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential
from minifit.layers import Dense
from minifit.training.step_methods import PREDICTING, TESTING, TRAINING, overridden
from minifit.training.trainer import Trainer
from tests.small_models import small_model

X = np.sin(np.arange(12, dtype=np.float32)).reshape(4, 3)
Y = np.cos(np.arange(4, dtype=np.float32)).reshape(4, 1)


@pytest.mark.parametrize("name", [*TRAINING, *TESTING, *PREDICTING])
def test_what_a_class_overrides_is_found(name: str) -> None:
    own = type("Own", (Sequential,), {name: lambda self: None})()
    for names in (TRAINING, TESTING, PREDICTING):
        assert overridden(own, names, Trainer) == (name if name in names else None)


def test_what_is_set_on_an_instance_is_found() -> None:
    model = small_model()
    assert overridden(model, TRAINING, Trainer) is None
    model.train_step = MethodType(lambda self, data: {}, model)  # type: ignore[method-assign]
    assert overridden(model, TRAINING, Trainer) == "train_step"
    del model.train_step
    assert overridden(model, TRAINING, Trainer) is None


@pytest.mark.parametrize("kind", [Sequential, Model])
def test_the_librarys_own_classes_override_nothing(kind: Any) -> None:
    x = Input((3,))
    model = Sequential([x, Dense(1)]) if kind is Sequential else Model(x, Dense(1)(x))
    assert [overridden(model, names, Trainer) for names in (TRAINING, TESTING, PREDICTING)] == [None] * 3


def test_a_step_called_by_hand_trains_and_reports() -> None:
    model, other = small_model(metrics=["mae"]), small_model(metrics=["mae"])
    function = model.make_train_function()
    logs = function(iter([(X, Y)]))
    expected = other.train_on_batch(X, Y, return_dict=True)
    assert logs == pytest.approx(expected)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_the_functions_of_test_and_predict_by_hand() -> None:
    model = small_model(metrics=["mae"])
    expected = model.evaluate(X, Y, verbose=0, return_dict=True)
    model.reset_metrics()
    assert model.make_test_function()(iter([(X, Y)])) == pytest.approx(expected)
    np.testing.assert_array_equal(model.make_predict_function()(iter([X])), model.predict(X))
