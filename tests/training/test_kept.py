"""Kept steps hold only as long as nothing changes: each call computes the results that a first one would."""

import copy
import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.callbacks import LambdaCallback
from minifit.constraints import NonNeg
from minifit.errors import ArgumentError
from minifit.layers import BatchNormalization, Dense, Dropout, Layer
from minifit.losses import MeanSquaredError
from minifit.models import Model, Sequential
from minifit.optimizers import SGD, Adam
from minifit.regularizers import L2
from minifit.training.kept import MOST, Kept
from minifit.training.step import PredictStep, TestStep, TrainStep

X = np.random.default_rng(0).random((12, 3), np.float32)
Y = np.random.default_rng(1).random((12, 2), np.float32)


def new_model(*more: Layer) -> Any:
    np.random.seed(3)
    layers = [Dense(4, "relu", input_shape=(3,), name="first"), *more, Dense(2, name="last")]
    model = Sequential(layers, name="kept")
    model.compile(Adam(0.01), "mse", metrics=["mae"])
    return model


def noisy_model() -> Any:
    return new_model(BatchNormalization(name="norm"), Dropout(0.5, name="noise"))


def every_call(model: Any) -> list[Any]:
    """Return what all kinds of calls return, and the weights after them."""
    made = [
        model.train_on_batch(X, Y),
        model.train_on_batch(X[:5], Y[:5], sample_weight=np.arange(5.0)),
        model.fit(X[:4], Y[:4], verbose=0).history["loss"],
        model.test_on_batch(X, Y),
        model.evaluate(X, Y, verbose=0, batch_size=5),
        model.predict(X),
        model.predict_on_batch(X[:1]),
    ]
    return [np.asarray(each) for each in (*made, *model.get_weights())]


def freeze(model: Any) -> None:
    model.layers[0].trainable = False
    model.compile(model.optimizer, "mse", metrics=["mae"])


def add_a_layer(model: Any) -> None:
    model.add(Dense(2, name="added"))


def thaw(model: Any) -> None:
    model.layers[0].kernel.trainable = not model.layers[0].kernel.trainable


def regularize(model: Any) -> None:
    model.layers[0].kernel.regularizer = L2(0.1)


def constrain(model: Any) -> None:
    model.layers[0].kernel.constraint = NonNeg()


def give_an_optimizer(model: Any) -> None:
    model.optimizer = SGD(0.1)


def put_a_method_on_the_optimizer(model: Any) -> None:
    model.optimizer.rate = lambda: 0.25


def put_a_call_on_a_layer(model: Any) -> None:
    layer = model.layers[0]
    layer.call = lambda inputs: ops.tanh(inputs @ layer.kernel)


def compile_again(model: Any) -> None:
    model.compile("sgd", MeanSquaredError(reduction="sum"), metrics=["mse"])


def set_settings(model: Any) -> None:
    model.optimizer.beta_1, model.optimizer.clipnorm = 0.5, 0.01
    for layer in model.layers:
        if isinstance(layer, Dropout):
            layer.rate = 0.25


def pop(model: Any) -> None:
    model.pop()
    model.add(Dense(2, name="another"))


def replace_weights(model: Any) -> None:
    model.set_weights([w + 1 for w in model.get_weights()])


def replace_a_weight(model: Any) -> None:
    layer = model.layers[0]
    layer.kernel = layer.add_weight("kernel", (3, 4), initializer="ones")


CHANGES = [
    *(freeze, add_a_layer, thaw, regularize, constrain, give_an_optimizer, put_a_method_on_the_optimizer),
    *(put_a_call_on_a_layer, compile_again, set_settings, pop, replace_weights, replace_a_weight),
]


@pytest.fixture(params=["numpy", "numba"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Make a model for an engine."""
    monkeypatch.setenv("MINIFIT_KERNELS", request.param)
    return new_model if request.param == "numba" else noisy_model


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_counts_from_the_next_call_on(
    change: Callable[[Any], None], make: Callable[[], Any]
) -> None:
    model, forgetful = make(), make()
    for each in (model, forgetful):
        every_call(each)
        change(each)
    for _ in range(2):
        forgetful.training_state.kept = Kept(forgetful)
        for got, expected in zip(every_call(model), every_call(forgetful), strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("change", CHANGES)
def test_such_a_change_is_seen_at_all(change: Callable[[Any], None], make: Callable[[], Any]) -> None:
    model, unchanged = make(), make()
    every_call(model), every_call(unchanged)
    change(model)
    got, expected = every_call(model), every_call(unchanged)
    assert len(got) != len(expected) or not all(map(np.array_equal, got, expected))


def steps_of(model: Any) -> dict[type, Any]:
    found: dict[type, Any] = model.training_state.kept._steps
    return found


def test_the_next_call_takes_the_step_of_the_last(make: Callable[[], Any]) -> None:
    model = make()
    every_call(model)
    first = dict(steps_of(model))
    every_call(model)
    assert set(first) == {TrainStep, TestStep, PredictStep}
    assert steps_of(model) == first


def test_a_step_is_not_kept_that_failed() -> None:
    model = new_model()
    every_call(model)

    def fail(*_: Any) -> None:
        raise RuntimeError("this batch")

    model.layers[0].call = fail
    with pytest.raises(RuntimeError, match="this batch"):
        model.train_on_batch(X, Y)
    assert TrainStep not in steps_of(model)


def test_a_method_that_nothing_calls_is_refused_at_the_next_call() -> None:
    model = new_model()
    model.train_on_batch(X, Y)
    model.optimizer.get_updates = lambda loss, params: []
    with pytest.raises(ArgumentError, match="get_updates, which nothing calls"):
        model.train_on_batch(X, Y)


def test_the_data_is_let_go_of(make: Callable[[], Any]) -> None:
    model = make()
    x, y = X.copy(), Y.copy()
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x)
    model.train_on_batch(x, y)
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


def test_a_step_that_is_large_is_not_kept() -> None:
    model = Sequential([Dense(MOST // 8, input_shape=(1,))])
    model.predict(np.zeros((2, 1)))
    assert steps_of(model)
    model.predict(np.zeros((16, 1)))
    assert not steps_of(model)


def test_a_copy_keeps_nothing() -> None:
    model = new_model()
    every_call(model)
    for made in (copy.deepcopy(model), pickle.loads(pickle.dumps(model.training_state))._model):
        assert not steps_of(made)
        assert made.training_state.kept._model is made
        np.testing.assert_array_equal(made.predict(X), model.predict(X))


def test_a_call_in_a_hook_leaves_the_outer_one_alone() -> None:
    model, alone = new_model(), new_model()
    inner: list[Any] = []
    look = LambdaCallback(
        on_predict_batch_end=lambda batch, logs: inner.append(model.predict(X[:2])),
        on_train_batch_end=lambda batch, logs: inner.append(model.evaluate(X, Y, verbose=0)),
    )
    for _ in range(2):
        model.fit(X, Y, batch_size=4, verbose=0, callbacks=[look], shuffle=False)
        alone.fit(X, Y, batch_size=4, verbose=0, shuffle=False)
        np.testing.assert_array_equal(
            model.predict(X, batch_size=4, callbacks=[look]), alone.predict(X, batch_size=4)
        )


def test_calls_in_several_threads_do_not_share_a_step() -> None:
    model = new_model()
    model.predict(X)
    expected = {n: model.predict(X[:n]) for n in range(1, 12)}
    wrong: list[int] = []

    def predict(n: int) -> None:
        wrong.extend(n for _ in range(50) if not np.array_equal(model.predict(X[:n]), expected[n]))

    threads = [threading.Thread(target=predict, args=(n,)) for n in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_a_step_goes_from_one_thread_to_another(kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupts are held in the main thread alone, and whose that is can change with every call."""
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    model, done = new_model(), list[Any]()

    def call() -> None:
        done.append((model.train_on_batch(X, Y), model.test_on_batch(X, Y), model.predict(X)))

    call()
    for target in (call, call):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
        call()
    assert len(done) == 5


scale: ContextVar[float] = ContextVar("scale", default=1.0)


class Scaling(Layer):
    """A layer that looks at a context variable."""

    def call(self, inputs: Any) -> Any:
        """Multiply by it."""
        return inputs * scale.get()


def test_each_call_has_the_context_of_its_caller() -> None:
    model = Sequential([Scaling(input_shape=(3,))])
    np.testing.assert_array_equal(model.predict(X), X)
    token = scale.set(2.0)
    try:
        np.testing.assert_array_equal(model.predict(X), 2 * X)
    finally:
        scale.reset(token)
    np.testing.assert_array_equal(model.predict(X), X)


class Growing(Model):
    """A model with a list of layers, which grows without notice."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [Dense(2, name="one")]

    def call(self, inputs: Any) -> Any:
        """Go through all layers."""
        for layer in self.blocks:
            inputs = layer(inputs)
        return inputs


class Choosing(Sequential):
    """A model that says by a property what is trained."""

    phase = 0

    @property
    def trainable_weights(self) -> Any:
        """Those of one layer."""
        return self.layers[self.phase].trainable_weights


def test_of_a_model_that_changes_without_notice_nothing_is_kept() -> None:
    growing = Growing()
    growing.compile("sgd", "mse")
    growing.train_on_batch(X, Y)
    growing.blocks.append(Dense(2, input_shape=(2,), name="two"))
    growing.blocks[1](X[:, :2])
    before = growing.get_weights()
    growing.train_on_batch(X, Y)
    assert len(before) == 4
    assert not any(map(np.array_equal, before, growing.get_weights()))
    assert not steps_of(growing)

    choosing = Choosing([Dense(4, input_shape=(3,)), Dense(2)])
    choosing.compile("sgd", "mse")
    for choosing.phase in (0, 1):
        before = choosing.get_weights()
        choosing.train_on_batch(X, Y)
        same = list(map(np.array_equal, before, choosing.get_weights()))
        assert same == [choosing.phase == 1] * 2 + [choosing.phase == 0] * 2


def test_an_answer_holds_until_a_setting_changes() -> None:
    model = new_model()
    model.build((None, 3))
    kept, asked = Kept(model), iter(range(10))
    assert [kept.answer("how many", lambda: next(asked)) for _ in range(3)] == [0, 0, 0]
    model.layers[0].activation = "tanh"
    assert [kept.answer("how many", lambda: next(asked)) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("call", ["predict", "predict_on_batch", "evaluate", "test_on_batch"])
def test_a_first_call_knows_where_the_weights_lie_once_somebody_looks_at_the_layers(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking at the layers of a model lays its weights out side by side."""
    found = {}
    for kernels in ("numpy", "numba"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        model = new_model()
        judges = call in ("evaluate", "test_on_batch")
        getattr(model, call)(*(X, Y) if judges else (X,))
        model.layers[-1].bias.assign([5.0, 7.0])
        found[kernels] = getattr(model, call)(*(X, Y) if judges else (X,))
    np.testing.assert_allclose(found["numpy"], found["numba"], rtol=1e-4)


def test_weights_that_are_laid_out_in_a_hook_of_predict_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for kernels in ("numpy", "numba"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        model = new_model()

        def assign(batch: int, logs: Any = None, model: Any = model) -> None:
            if batch == 1:
                model.layers[-1].bias.assign([5.0, 7.0])

        hook = LambdaCallback(on_predict_batch_end=assign)
        found[kernels] = model.predict(X, batch_size=3, callbacks=[hook], verbose=0)
    np.testing.assert_allclose(found["numpy"], found["numba"], rtol=1e-4)
