"""Which path a model takes, and the words that say so."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.errors import NotBuiltError, NotCompiledError
from minifit.layers import Dense, Layer
from minifit.models import Sequential
from minifit.optimizers import SGD
from tests.small_models import small_model


class Twice(Layer):
    """A layer of the user's."""

    def call(self, inputs: Any) -> Any:
        """Double what comes in."""
        return inputs * 2


class OwnSGD(SGD):
    """An optimizer of the user's."""


class Own(Sequential):
    """A model with a step of its own."""

    def train_step(self, data: Any) -> Any:
        """Train as ever."""
        return super().train_step(data)


def classifier() -> Any:
    model = Sequential([Dense(4, "softmax", input_shape=(3,))])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def own_step() -> Any:
    model = Own([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (small_model, "can run as a program"),
        (classifier, "can run as a program"),
        (own_step, "op by op, by train_step of Own"),
        (lambda: small_model(Twice(name="two")), "op by op: .* the layer 'two' of class Twice"),
        (lambda: small_model(loss=lambda t, p: t - p), "op by op: .* the function"),
        (lambda: small_model(optimizer=OwnSGD()), "op by op: .* the optimizer OwnSGD"),
        (
            lambda: small_model(Dense(3, kernel_regularizer=lambda w: ops.sum(w * w), name="heavy")),
            "the regularizer of heavy/kernel",
        ),
    ],
)
def test_the_report_says_which_part_is_not_compiled(model: Callable[[], Any], words: str) -> None:
    report = model().engine_report()
    assert re.search(words, report)
    assert "The engine is numpy" in report


def test_the_report_names_the_engine_of_the_latest_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    model = small_model()
    model.fit(np.zeros((4, 3)), np.zeros(4), verbose=0)
    report = model.engine_report()
    assert "runs as a program" in report
    assert "The engine is numba" in report


def test_a_report_before_the_first_batch_is_that_after_it() -> None:
    model = classifier()
    before = model.engine_report()
    model.fit(np.zeros((4, 3)), np.zeros(4, int), verbose=0)
    assert model.engine_report() == before


def test_a_report_needs_a_model_that_is_compiled_and_built() -> None:
    model = Sequential([Dense(1)])
    with pytest.raises(NotCompiledError):
        model.engine_report()
    model.compile("sgd", "mse")
    with pytest.raises(NotBuiltError):
        model.engine_report()
