"""Losses of samples become one number as op by op: weighted, reduced, of several outputs, with penalties."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Model, Sequential, losses, ops
from minifit.callbacks import Callback, TerminateOnNaN
from minifit.errors import MinifitWarning
from minifit.layers import Dense, Input
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered
from minifit.metrics import AUC
from minifit.parameters import Variable
from minifit.randomness import Streams
from minifit.regularizers import L1, L1L2, L2
from tests.lowering.agreeing import Keep, assert_agree, assert_refused, engine


def test_class_numbers_are_whole_and_one_a_sample() -> None:
    program = Program(Streams(0))
    p: Any = program.value((None, 4))
    with pytest.raises(Unlowered):
        ops.sparse_categorical_crossentropy(program.value((None,)), p)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(None, 3), (4,)])
def test_weights_are_one_for_each_sample_or_value(shape: Any) -> None:
    program = Program(Streams(0))
    values: Any = program.value((None, 4))
    with pytest.raises(Unlowered):
        ops.weighted_mean(values, program.value(shape), 1)  # type: ignore[arg-type]


X = np.random.default_rng(2).standard_normal((11, 3)).astype(np.float32)
Y = np.random.default_rng(3).standard_normal((11, 2)).astype(np.float32)
OF_SAMPLES = np.random.default_rng(4).random(11).astype(np.float32)


def one_output(loss: Any, **compiling: Any) -> Callable[[], Sequential]:
    """Return what makes a model of one output, with penalties."""

    def make() -> Sequential:
        more: Any = {"bias_regularizer": L1(0.1), "activity_regularizer": L1L2(0.1, 0.2)}
        hidden = Dense(4, "tanh", kernel_regularizer="l2", **more)
        model = Sequential([hidden, Dense(2, kernel_regularizer=L1L2(0.01, 0.02))])
        model.build((None, 3))
        model.compile("sgd", loss, **compiling)
        return model

    return make


def with_weights(model: Model, *compiling: Any, **options: Any) -> Model:
    """Return the model with weights that are always the same, compiled."""
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) for w in model.weights])
    model.compile(*compiling, **options)
    return model


def two_outputs(**compiling: Any) -> Callable[[], Model]:
    """Return what makes a model of two outputs, each with metrics."""

    def make() -> Model:
        inputs = Input((3,))
        hidden = Dense(4, "tanh", kernel_regularizer="l2")(inputs)
        model = Model(inputs, [Dense(2, name="a")(hidden), Dense(2, "sigmoid", name="b")(hidden)])
        return with_weights(model, "sgd", **compiling)

    return make


@pytest.mark.parametrize("reduction", ["auto", "sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize("weighted", [True, False])
def test_reductions_agree(reduction: str, weighted: bool) -> None:
    make = one_output(losses.MeanSquaredError(reduction), metrics=["mae"], loss_weights=[0.5])
    assert_agree(make, X, Y, sample_weight=OF_SAMPLES if weighted else None)


@pytest.mark.parametrize("shape", [(11,), (11, 1)])
def test_weights_of_samples_agree(shape: tuple[int, ...]) -> None:
    make = one_output("mae", weighted_metrics=["mse", "mae"])
    assert_agree(make, X, Y, sample_weight=OF_SAMPLES.reshape(shape))


def test_several_outputs_agree() -> None:
    given = {"loss": ["mse", "bce"], "metrics": {"b": ["accuracy", AUC()]}, "loss_weights": {"b": 0.25}}
    assert_agree(two_outputs(**given), X, [Y, (Y > 0).astype(np.float32)], shuffle=False)


@pytest.mark.parametrize("reductions", [("none", "sum"), ("none", "none")])
def test_losses_of_each_sample_agree_at_several_outputs(reductions: tuple[str, str]) -> None:
    both = [losses.MeanAbsoluteError(reductions[0]), losses.MeanSquaredError(reductions[1])]
    assert_agree(two_outputs(loss=both, loss_weights=[2.0, 1.0]), X, [Y, Y])


def test_an_output_without_a_loss_agrees() -> None:
    assert_agree(two_outputs(loss={"b": "mse"}, metrics={"b": ["mae"]}), X, {"b": Y})


def test_a_loss_weight_that_is_a_variable_is_looked_up_at_every_batch() -> None:
    class Raise(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            weight.assign(0.1 * (batch + 1))

    found = []
    for kernels in ("numpy", "numba"):
        weight, kept = Variable(0.5), Keep()
        model = two_outputs(loss="mse", loss_weights=[weight, 1.0])()
        with engine(kernels):
            fitting: Any = {"batch_size": 4, "epochs": 2, "shuffle": False, "verbose": 0}
            history = model.fit(X, [Y, Y], callbacks=[kept, Raise()], **fitting).history
        assert kernels == "numpy" or not kept.reason
        found.append(np.concatenate([*history.values(), *(w.value.reshape(-1) for w in model.weights)]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_a_model_without_targets_agrees() -> None:
    def make() -> Model:
        inputs = Input((3,))
        hidden = Dense(4, "tanh")(inputs)
        model = Model(inputs, hidden)
        model.add_loss(losses.mean_squared_error(hidden, 2 * Dense(4)(inputs)))
        model.add_metric(ops.sum(hidden, 1), name="sums")
        return with_weights(model, "sgd")

    assert_agree(make, X, None)


@pytest.mark.parametrize("name", ["kernel_regularizer", "activity_regularizer"])
@pytest.mark.parametrize("regularizer", [lambda x: ops.sum(x * x), type("Own", (L2,), {})(0.1)])
def test_regularizers_of_ones_own_go_op_by_op(name: str, regularizer: Any) -> None:
    def make() -> Sequential:
        model = Sequential([Dense(2, input_shape=(3,), **{name: regularizer})])
        model.compile("sgd", "mse")
        return model

    assert_refused(make, X, Y, "regularizer")


def test_a_loss_that_is_not_finite_ends_a_stretch() -> None:
    y = Y.copy()
    y[5] = np.inf
    for kernels in ("numpy", "numba"):
        model = one_output("mse")()
        with engine(kernels), pytest.warns(MinifitWarning, match="inf in row 5 of y"):
            history = model.fit(X, y, batch_size=2, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()])
        assert int(model.optimizer.iterations) == 3
        assert not np.isfinite(history.history["loss"][0])
