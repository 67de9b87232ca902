"""The older methods for generators do what the newer ones do, and say so."""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.layers import Dense
from minifit.training.generator_methods import GeneratorMethods

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


def model() -> Sequential:
    made = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
    made.compile("sgd", "mse", metrics=["mae"])
    return made


def batches() -> Iterator[tuple[Any, Any]]:
    while True:
        yield X[:3], Y[:3]
        yield X[3:], Y[3:]


def test_fit() -> None:
    old, new = model(), model()
    options: dict[str, Any] = {"steps_per_epoch": 2, "epochs": 3, "verbose": 0, "initial_epoch": 1}
    options |= {"validation_data": (X, Y), "validation_freq": 2, "class_weight": None}
    with pytest.warns(UserWarning, match=r"Call model\.fit, which accepts generators") as warned:
        history = old.fit_generator(batches(), **options)
    assert warned[0].filename == __file__ and len(warned) == 1
    assert history.history == new.fit(batches(), **options).history


def test_evaluate() -> None:
    with pytest.warns(UserWarning, match=r"Call model\.evaluate"):
        values = model().evaluate_generator(batches(), 2)
    assert values == model().evaluate(batches(), steps=2, verbose=0)


def test_predict() -> None:
    with pytest.warns(UserWarning, match=r"Call model\.predict"):
        outputs = model().predict_generator(batches(), 2)
    assert np.array_equal(outputs, model().predict(batches(), steps=2))


@pytest.mark.parametrize("name", ["fit", "evaluate", "predict"])
def test_every_argument_is_handed_on(name: str) -> None:
    got: dict[str, Any] = {}

    class Model(GeneratorMethods):
        """A model that notes what it is called with."""

        def __getattr__(self, _: str) -> Any:
            return lambda generator, **options: got.update(generator=generator, **options)

    method = getattr(Model(), f"{name}_generator")
    given = {argument: object() for argument in inspect.signature(method).parameters}
    with pytest.warns(UserWarning, match=f"{name}_generator"):
        method(*given.values())
    assert got == given
