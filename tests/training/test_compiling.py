"""What `compile` sets, and what may not be set while a model trains."""

from typing import Any

import numpy as np
import pytest

from minifit.callbacks import LambdaCallback
from minifit.errors import ArgumentError, ArgumentTypeError, BusyError, NotCompiledError, UnknownNameError
from minifit.layers import Dense
from minifit.models import Sequential
from minifit.optimizers import SGD
from tests.small_models import two_layers

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
Y = 3 * X + 1


def set_optimizer(model: Any) -> None:
    model.optimizer = SGD(0.5)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda model: model.compile("sgd", "mae"), "can only be compiled between"),
        (set_optimizer, "can only be given an optimizer between"),
        (lambda model: model.add(Dense(1)), "can only be changed between"),
        (lambda model: model.pop(), "can only be changed between"),
    ],
    ids=["compile", "optimizer", "add", "pop"],
)
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_end"])
def test_a_model_that_trains_keeps_its_parts(act: Any, said: str, hook: str) -> None:
    refused: list[BaseException] = []

    def try_it(*_: Any) -> None:
        with pytest.raises(
            BusyError, match=f"A model {said} two trainings. Received: one that is being trained"
        ) as e:
            act(model)
        refused.append(e.value)

    model, plain = two_layers(), two_layers()
    options: dict[str, Any] = {"epochs": 2, "shuffle": False, "verbose": 0, "validation_data": (X, Y)}
    history = model.fit(X, Y, callbacks=[LambdaCallback(**{hook: try_it})], **options)
    assert refused
    assert history.history == plain.fit(X, Y, **options).history
    act(model)  # afterwards it is as it was before


def test_a_fit_that_fails_leaves_a_model_that_can_be_compiled() -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    model = two_layers()
    for hook in ("on_train_begin", "on_train_end"):
        with pytest.raises(ZeroDivisionError):
            model.fit(X, Y, verbose=0, callbacks=[LambdaCallback(**{hook: fail})])
        assert not model.training_state.running
        model.compile("sgd", "mse")


def test_the_optimizer_is_given_by_its_name_too() -> None:
    model = two_layers()
    model.optimizer = "adam"
    assert type(model.optimizer).__name__ == "Adam"
    with pytest.raises(UnknownNameError):
        model.optimizer = "adamant"


def test_the_loss_is_shown_and_set_by_compile_alone() -> None:
    assert Sequential([Dense(1)]).loss is None
    model = two_layers()
    assert model.loss == "mse"
    with pytest.raises(ArgumentError, match=r"Set the loss of a model with compile\. Received: loss='mae'"):
        model.loss = "mae"
    assert model.loss == "mse"


def test_whether_a_model_is_compiled() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    assert not model.compiled
    model.compile("sgd", "mse")
    assert model.compiled


def test_before_compile_there_are_no_metrics_and_nothing_is_trained() -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    assert model.metrics == []
    assert model.metrics_names == []
    assert model.optimizer is None
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(NotCompiledError, match=r"model\.compile"):
            call(X, Y)


def test_arguments_that_say_nothing_any_more() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", experimental_run_tf_function=False, sample_weight_mode=None, jit_compile=True)
    with pytest.raises(ArgumentTypeError, match="Received: 'losses'"):
        model.compile("sgd", losses="mse")
