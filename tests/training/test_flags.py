"""`trainable` counts as `compile` found it: a discriminator that is frozen for another model learns by itself."""

import copy
import warnings
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential
from minifit.callbacks import LambdaCallback
from minifit.errors import MinifitWarning
from minifit.layers import Dense
from minifit.lowering.assembly import Assembly
from minifit.training.flags import Outlook
from tests.small_models import small_model

X = np.sin(np.arange(30, dtype=np.float32)).reshape(10, 3)
Y = np.cos(np.arange(10, dtype=np.float32)).reshape(10, 1)
COMPILE_AGAIN = "counts as it was when the model was compiled.*Call model.compile again"


def bits(layer: Any) -> list[bytes]:
    return [w.tobytes() for w in layer.get_weights()]


def learns(model: Any, layer: Any, train: Any = None) -> bool:
    before = bits(layer)
    (train or model.train_on_batch)(X, Y)
    return bits(layer) != before


def fit(model: Any) -> Any:
    return lambda x, y: model.fit(x, y, verbose=0)


def test_a_layer_that_is_frozen_after_compile_learns_until_the_next_one_and_a_warning_says_so() -> None:
    model = small_model()
    first = model.layers[0]
    first.trainable = False
    with pytest.warns(MinifitWarning, match=COMPILE_AGAIN):
        assert learns(model, first)
    assert learns(model, first, fit(model)), "the warning comes once"
    assert not first.trainable, "the flag stays as it was set"
    model.compile("sgd", "mse")
    assert not learns(model, first)
    assert not learns(model, first, fit(model))


def test_a_layer_that_is_thawed_after_compile_stays_frozen() -> None:
    model = small_model()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.layers[0].trainable = True
    with pytest.warns(MinifitWarning, match=COMPILE_AGAIN):
        assert not learns(model, model.layers[0])
    assert model.layers[0].trainable


def test_a_whole_model_that_is_frozen_after_compile() -> None:
    model = small_model()
    model.trainable = False
    with pytest.warns(MinifitWarning, match=COMPILE_AGAIN):
        assert learns(model, model)
    assert not model.trainable
    model.compile("sgd", "mse")
    assert not learns(model, model)


def test_a_callback_that_freezes_in_the_middle_of_a_fit_is_told_to_compile() -> None:
    model, plain = small_model(), small_model()
    freeze = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(model.layers[0], "trainable", epoch == 0)
    )
    with pytest.warns(MinifitWarning, match=COMPILE_AGAIN):
        model.fit(X, Y, epochs=3, shuffle=False, verbose=0, callbacks=[freeze])
    plain.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    assert bits(model) == bits(plain)
    assert not model.layers[0].trainable


def test_flags_are_put_back_where_a_training_fails() -> None:
    model = small_model()
    model.layers[0].trainable = False

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    with pytest.warns(MinifitWarning), pytest.raises(ZeroDivisionError):
        model.fit(X, Y, verbose=0, callbacks=[LambdaCallback(on_batch_end=fail)])
    assert not model.layers[0].trainable


def adversaries() -> tuple[Any, Any, Any]:
    """A generator, a discriminator, and both in a row with the latter frozen: as scripts write it."""
    np.random.seed(0)
    generator = Sequential([Dense(3, input_shape=(2,))])
    discriminator = Sequential([Dense(4, "relu", input_shape=(3,)), Dense(1, "sigmoid")])
    discriminator.compile("adam", "binary_crossentropy")
    discriminator.trainable = False
    noise = Input((2,))
    combined = Model(noise, discriminator(generator(noise)))
    combined.compile("adam", "binary_crossentropy")
    return generator, discriminator, combined


def test_the_discriminator_learns_by_itself_and_not_in_the_combined_model() -> None:
    generator, discriminator, combined = adversaries()
    ones = np.ones((10, 1), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error"
        )  # the flags were set for the combined model, which was compiled with them
        assert learns(discriminator, discriminator, lambda x, y: discriminator.train_on_batch(x, ones))
        before = bits(discriminator)
        assert learns(combined, generator, lambda x, y: combined.train_on_batch(x[:, :2], ones))
        assert bits(discriminator) == before
        assert learns(discriminator, discriminator, lambda x, y: discriminator.train_on_batch(x, ones))


def test_a_copy_has_flags_of_its_own() -> None:
    model = small_model()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    other = copy.deepcopy(model)
    assert not learns(other, other.layers[0])
    other.layers[0].trainable = True
    other.compile("sgd", "mse")
    assert learns(other, other.layers[0])
    assert not learns(model, model.layers[0])


# -- what plans go by ----------------------------------------------------------------------------------------


def test_flags_that_are_put_back_are_no_change() -> None:
    model, other = small_model(), small_model()
    outlook = Outlook(model)
    assert outlook.moved()
    assert not outlook.moved()
    model.layers[0].trainable = False
    model.layers[0].trainable = True
    other.trainable = False
    assert not outlook.moved()
    model.layers[0].trainable = False
    assert outlook.moved()
    model.layers[0].trainable = True
    assert outlook.moved()
    model.layers[0].weights[0].trainable = False
    assert outlook.moved()
    model.layers[0].weights[0].trainable = True
    model.layers[0].kernel_regularizer = "l2"
    assert outlook.moved()
    assert not outlook.moved()


def test_a_loop_over_two_models_writes_their_steps_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flags of the discriminator are set and put back around each batch of the model that it is in."""
    written: list[Any] = []

    class Noted(Assembly):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            written.append(self)

    monkeypatch.setattr("minifit.training.plan.Assembly", Noted)
    ended = []
    for kernels in ("numpy", "numba"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        generator = Sequential([Dense(4, "tanh", input_shape=(3,)), Dense(3)])
        judge = Sequential([Dense(4, "tanh", input_shape=(3,)), Dense(1)])
        for part in (generator, judge):
            part.set_weights([np.cos(np.arange(w.value.size)).reshape(w.shape) for w in part.weights])
        judge.compile("sgd", "mse")
        judge.trainable = False
        both = Sequential([generator, judge])
        both.compile("sgd", "mse")
        for _ in range(4):
            judge.trainable = True
            judge.train_on_batch(X, Y)
            judge.trainable = False
            both.train_on_batch(X, Y)
        ended.append(np.concatenate([w.ravel() for w in both.get_weights()]))
        if kernels == "numba":
            assert 2 <= len(written) <= 3  # the second model has the weights of the first moved
    np.testing.assert_allclose(ended[0], ended[1], rtol=1e-4, atol=1e-6)
