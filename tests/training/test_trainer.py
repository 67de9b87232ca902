"""Whatever has weights and can compute an output can be trained: here a model that is no Sequential."""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from minifit import ops, regularizers
from minifit.arrays import Array
from minifit.callbacks import Callback, CallbackList, LambdaCallback
from minifit.constraints import UnitNorm
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    NotCompiledError,
    ShapeError,
)
from minifit.kernels import load
from minifit.layers import Dense, InputLayer, Layer
from minifit.metrics import Metric
from minifit.models import Sequential
from minifit.optimizers import SGD
from minifit.parameters import Parameter, ParameterBuffer
from minifit.tensor import Context, Tensor, constant
from minifit.training.trainer import Trainer
from tests.house.kinds import LISTS, REAL, WHOLE, Series, TorchLike
from tests.small_models import two_layers

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
Y = 3 * X + 1


class Line(Trainer):
    """``slope * x + offset``, with no layers at all."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = Parameter("slope", np.zeros((1, 1)))
        self.offset = Parameter("offset", np.zeros(1))
        ParameterBuffer().adopt([self.slope, self.offset])
        self.seen: list[bool] = []

    @property
    def weights(self) -> list[Parameter]:
        return [self.slope, self.offset]

    @property
    def trainable_weights(self) -> list[Parameter]:
        return self.weights

    input_keys = None
    output_names: ClassVar[Any] = ["output_1"]
    output_shapes: ClassVar[Any] = [(None, 1)]

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        assert inputs[0].shape[1:] == (1,)

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        self.seen.append(training)
        return (ops.dense(constant(inputs[0]), self.slope, self.offset),)

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        return columns[0]

    def adopt_weights(self) -> None:
        pass

    def describe(self) -> list[Any]:
        return []

    def numbers_in_a_step(self, samples: int) -> int:
        return samples + 2


def trained(epochs: int = 60) -> Line:
    model = Line()
    model.compile("sgd", "mse", metrics=["mae"])
    model.optimizer.lr = 0.2
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0)
    return model


def test_it_learns() -> None:
    model = trained()
    np.testing.assert_allclose([float(w.value.item()) for w in model.weights], [3, 1], atol=1e-3)
    loss, mae = model.evaluate(X, Y, verbose=0)
    assert loss < 1e-5
    assert mae < 1e-2
    np.testing.assert_allclose(model.predict(X), Y, atol=1e-2)


def test_forward_is_told_what_it_is_for() -> None:
    model = trained(epochs=1)
    assert model.seen == [True] * 4
    model.seen.clear()
    model.evaluate(X, Y, batch_size=32, verbose=0)
    model.predict(X, batch_size=32)
    assert model.seen == [False, False]


def test_before_compile() -> None:
    model = Line()
    with pytest.raises(NotCompiledError, match=r": model\.compile"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), np.zeros((32, 1)))


def test_a_ready_made_list_of_callbacks_is_taken_as_it_is() -> None:
    told = []

    class Tells(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            told.append((epoch, self.params, self.model))

    model = trained(epochs=1)
    made = CallbackList([Tells()], epochs=9)
    assert model.fit(X, Y, epochs=2, callbacks=made) is None  # it has no History
    assert told == [(0, {"epochs": 9}, None), (1, {"epochs": 9}, None)]


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_verbose(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = trained(epochs=1)
    model.fit(X, Y, epochs=2, verbose=verbose)
    assert [line.split(" - ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Epoch 1/2",
        "Epoch 2/2",
    ]


@pytest.mark.parametrize(
    "verbose", [True, np.True_, np.int64(1), np.array(2), TorchLike(np.int64(0), "int64")]
)
def test_verbose_of_every_kind(verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = trained(0)
    model.fit(X, Y, verbose=verbose)
    assert bool(capsys.readouterr().out) == bool(float(verbose))


@pytest.mark.parametrize("kind", WHOLE)
def test_sizes_of_every_kind(kind: str) -> None:
    made = WHOLE[kind]
    history = trained(0).fit(
        X,
        Y,
        batch_size=made(8),
        epochs=made(5),
        initial_epoch=made(1),
        steps_per_epoch=made(2),
        validation_data=[X, Y],
        validation_steps=made(1),
        validation_batch_size=made(4),
        validation_freq=made(2),
        verbose=0,
    )
    assert history.epoch == [1, 2, 3, 4]
    assert len(history.history["val_loss"]) == 2
    assert trained(0).predict(X, batch_size=made(4), steps=made(2)).shape == (8, 1)


@pytest.mark.parametrize("kind", LISTS)
def test_epochs_to_validate_after_in_every_kind_of_list(kind: str) -> None:
    history = trained(0).fit(
        X, Y, epochs=4, validation_data=(X, Y), validation_freq=LISTS[kind]([2, 3]), verbose=0
    )
    assert history._places["val_loss"] == [2, 3]


@pytest.mark.parametrize("wrong", [[1.5], ["2"], [0], [True], 1.5, "2", {2: 1}, np.array([[1]])])
def test_what_are_no_epochs_to_validate_after(wrong: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError),
        match=r"(?s)validation_freq must be a positive integer\. Received: vali",
    ):
        trained(0).fit(X, Y, validation_data=(X, Y), validation_freq=wrong, verbose=0)


@pytest.mark.parametrize("kind", REAL)
def test_a_validation_split_of_every_kind(kind: str) -> None:
    history = trained(0).fit(X, Y, validation_split=REAL[kind](0.5), verbose=0)
    assert "val_loss" in history.history


@pytest.mark.parametrize("nothing", [None, False, 0, 0.0, np.float32(0)])
def test_no_validation_split(nothing: Any) -> None:
    assert "val_loss" not in trained(0).fit(X, Y, validation_split=nothing, verbose=0).history


@pytest.mark.parametrize("wrong", [np.array([0.5, 0.5]), np.array([0.5]), [], "", True, 1j])
def test_what_is_no_validation_split(wrong: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"(?s)validation_split must be a number between 0 and 1\. Received"
    ):
        trained(0).fit(X, Y, validation_split=wrong, verbose=0)


@pytest.mark.parametrize("made", [Series, TorchLike, list, lambda v: TorchLike(v, "bfloat16", grad=True)])
def test_data_of_every_kind(made: Any) -> None:
    x, y, weight = made(X.tolist()), made(Y.tolist()), made([1.0] * len(X))
    model = trained(0)
    model.fit(x, y, sample_weight=weight, validation_data=[x, y, weight], verbose=0)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert model.predict(x).shape == Y.shape
    assert len(model.train_on_batch(x, y, weight)) == 2


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("trainable", False), ("regularizer", regularizers.l2(0.5)), ("constraint", UnitNorm())],
)
def test_what_is_set_on_a_weight_counts_from_the_next_batch_on(
    name: str, value: Any, kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)

    def trained(*values: Any) -> bytes:
        model = two_layers()
        model.build((None, X.shape[1]))
        kernel = model.weights[0]
        turn = LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(kernel, name, values[epoch]))
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0, callbacks=[turn])
        found: bytes = kernel.numpy().tobytes()
        return found

    before = True if name == "trainable" else None
    assert trained(before, value) not in {trained(before, before), trained(value, value)}


def test_a_thawed_layer_has_gradients_again() -> None:
    model = two_layers()
    model.layers[0].trainable = False
    model.compile(model.optimizer, model.loss)
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = True
    for weight in model.weights:
        weight.grad = None
    model(X).sum().backward()
    assert all(weight.grad is not None for weight in model.weights)


def test_without_batch_hooks_a_stop_counts_after_the_batch_as_well() -> None:
    model = two_layers()
    drawn = []

    def stopping() -> Any:
        for i in range(10**6):
            drawn.append(i)
            model.stop_training = i == 4
            yield X, Y

    model.fit(stopping(), steps_per_epoch=1000, epochs=3, verbose=0)
    assert len(drawn) == 5


# -- copies --------------------------------------------------------------------------------------------------


def test_a_deep_copy_trains_on_as_the_original_does() -> None:
    model = two_layers(SGD(0.1, momentum=0.9))
    model.fit(X, Y, verbose=0)
    copied = copy.deepcopy(model)
    for each in (model, copied):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))
    assert copied.weights[0] is not model.weights[0]
    copied.set_weights([w * 0 for w in copied.get_weights()])
    assert np.any(model.predict(X))


# -- what else a person tried --------------------------------------------------------------------------------


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("units", [1, 200])
@pytest.mark.parametrize(
    "loss", [lambda t, p: ops.mean(p), lambda t, p: ops.sum(p, axis=-1), lambda t, p: ops.sum(p)]
)
def test_losses_with_a_constant_gradient(
    kernels: str, units: int, loss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    model = Sequential([Dense(units, input_shape=(1,)), Dense(1)])
    model.compile("sgd", loss)
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[-1] != before[-1]).all()


def test_a_loss_of_one_number_takes_weights() -> None:
    model = two_layers()
    model.compile("sgd", lambda t, p: ops.mean(ops.square(t - p)))
    plain = model.test_on_batch(X, Y)
    assert model.test_on_batch(X, Y, sample_weight=np.full(32, 2.0)) == pytest.approx(2 * plain)


def test_a_sigmoid_output_is_judged_by_its_logits() -> None:
    model = Sequential([Dense(1, "sigmoid", kernel_initializer="ones", input_shape=(1,))])
    model.compile(SGD(0.01), "binary_crossentropy")
    loss = model.train_on_batch(np.array([[50.0]]), np.array([[0.0]]))
    assert loss == pytest.approx(50)  # as TensorFlow 2.7 computes it, where the probability itself is 1
    np.testing.assert_allclose(np.ravel(model.get_weights()[0]), [0.5], rtol=1e-6)


class Numbered:
    """Batches by their number, as Keras's Sequence gives them; it never says that it is at its end."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]


def test_batches_by_their_number() -> None:
    model, other = two_layers(), two_layers()
    model.fit(Numbered(), epochs=2, shuffle=False, verbose=0)
    other.fit(X[:24], Y[:24], batch_size=8, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_the_rate_can_be_halved_in_place() -> None:
    model = two_layers(SGD(0.5))
    model.optimizer.lr *= 0.5
    assert float(model.optimizer.learning_rate) == 0.25
    seen = np.asarray(model.optimizer.lr)
    model.optimizer.lr = 0.1
    assert seen == 0.25


class Twice(Layer):
    """Has a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Dense(4, activation="tanh")

    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs) * 2.0


class TwiceAndSaysSo(Twice):
    """Knows the shape of its output, so that nobody needs a trial for that."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 4)


@pytest.mark.parametrize("kind", [Twice, TwiceAndSaysSo])
def test_a_layer_within_a_layer_learns(kind: Any) -> None:
    model = Sequential([kind(), Dense(1)])
    model.compile("sgd", "mse")
    model.build((None, 1))
    assert model.count_params() == 2 * 4 + 4 + 1
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2


def test_a_layer_in_two_models_has_a_shape_in_each() -> None:
    shared = Dense(2)
    first = Sequential([InputLayer((4,)), shared])
    Sequential([InputLayer((7, 4)), shared])
    assert first.output_shape == (None, 2)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("bias", [(1,), (2,), (9,), (1, 4)])
def test_a_bias_that_does_not_fit_is_refused_before_a_kernel_sees_it(kernels: str, bias: Any) -> None:
    weights, short = constant(np.ones((3, 4), np.float32)), constant(np.ones(bias, np.float32))
    with Context(load(kernels)), pytest.raises(ShapeError, match="bias of"):
        ops.dense(constant(np.ones((2, 3), np.float32)), weights, short)


class Counts(Metric):
    """Knows the older name of `reset_state` only."""

    def __init__(self) -> None:
        super().__init__("counts")
        self.n = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.n += 1

    def result(self) -> int:
        return self.n

    def reset_states(self) -> None:
        self.n = 0


def test_a_metric_with_the_older_name_begins_anew_at_every_epoch() -> None:
    model = two_layers()
    model.compile("sgd", "mse", metrics=[Counts()])
    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert history is not None
    assert history.history["counts"] == [4, 4, 4]


def test_what_a_metric_keeps_of_the_predictions_stays_as_it_is() -> None:
    kept = []

    def keeps(y_true: Any, y_pred: Any) -> Any:
        kept.append((np.asarray(y_pred), y_pred.numpy()))
        return np.zeros(len(y_pred))

    model = two_layers()
    model.compile("sgd", "mse", metrics=[keeps])
    model.fit(X, Y, batch_size=8, verbose=0)
    assert len(kept) == 4
    assert all((array == copied).all() for array, copied in kept)
    assert (kept[0][0] != kept[1][0]).any()


def test_a_line_prints_what_is_no_number_too(capsys: pytest.CaptureFixture[str]) -> None:
    class Notes(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["note"], logs["nothing"] = "hi", None

    two_layers().fit(X, Y, verbose=1, callbacks=[Notes()])
    assert "note: hi - nothing: None" in capsys.readouterr().out


def test_validation_without_targets_is_refused_before_training() -> None:
    model = two_layers()
    before = model.get_weights()
    with pytest.raises(DataError, match="validation_data needs targets"):
        model.fit(X, Y, validation_data=(X,), verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_from_its_beginning_a_fit_has_a_history_of_its_own() -> None:
    seen: list[Any] = []

    class Look(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append(self.model.history)

    model, look = Line(), Look()
    model.compile("sgd", "mse")
    assert [model.fit(X, Y, verbose=0, callbacks=[look]) for _ in range(2)] == seen
    assert seen[0] is not seen[1]
