"""A step trains as a program as it does op by op; and in one call for many batches as in one for each."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses, metrics, ops, optimizers
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import DataError
from minifit.kernels import compiled
from minifit.layers import Activation, Dense, Flatten
from minifit.optimizers import SGD, Adam
from minifit.training import plan as plan_module
from minifit.training.step import TestStep
from minifit.utils import set_random_seed

RNG = np.random.default_rng(5)
X = RNG.standard_normal((37, 6)).astype(np.float32)
IDS = RNG.integers(4, size=37)
ONE_HOT = np.eye(4, dtype=np.float32)[IDS]
COLUMN = RNG.standard_normal((37, 1)).astype(np.float32)
YES_NO = (COLUMN > 0).astype(np.float32)


@pytest.fixture(autouse=True)
def _compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")


def model_of(*made: Any, optimizer: Any = None, loss: Any = "mse", **compiling: Any) -> Sequential:
    model = Sequential(list(made))
    model.build((None, 6))
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) / 2 for w in model.weights])
    model.compile(SGD(0.1) if optimizer is None else optimizer, loss, **compiling)
    return model


def spied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the number of batches of each call of the kernel."""
    taken: list[int] = []
    kernel = compiled.carry_out

    def counted(*args: Any) -> int:
        taken.append(kernel(*args))
        return taken[-1]

    monkeypatch.setattr(compiled, "carry_out", counted)
    return taken


# -- the same as op by op ------------------------------------------------------------------------------------

CASES: dict[str, Callable[[], tuple[Sequential, Any]]] = {
    "regression": lambda: (model_of(Dense(5, "relu"), Dense(1), metrics=["mse"]), COLUMN),
    "a vector as targets": lambda: (model_of(Dense(1)), COLUMN[:, 0]),
    "tanh and sigmoid": lambda: (model_of(Dense(5, "tanh"), Dense(4, "sigmoid")), ONE_HOT),
    "softmax inside": lambda: (model_of(Dense(5, "softmax"), Dense(4, "softmax")), ONE_HOT),
    "class numbers": lambda: (
        model_of(
            Dense(8, "relu"),
            Dense(4, "softmax"),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        ),
        IDS,
    ),
    "class numbers of int8 in a column": lambda: (
        model_of(Dense(4, "softmax"), loss="sparse_categorical_crossentropy", metrics=["accuracy"]),
        IDS.astype(np.int8)[:, None],
    ),
    "one-hot": lambda: (
        model_of(
            Dense(4), Activation("softmax"), loss="categorical_crossentropy", metrics=["accuracy", "mse"]
        ),
        ONE_HOT,
    ),
    "logits": lambda: (
        model_of(Dense(4), loss=losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"]),
        ONE_HOT,
    ),
    "yes or no": lambda: (
        model_of(Dense(3, "tanh"), Dense(1, "sigmoid"), loss="bce", metrics=["accuracy"]),
        YES_NO,
    ),
    "yes or no as whole numbers": lambda: (
        model_of(Dense(1, "sigmoid"), loss="bce", metrics=["accuracy"]),
        YES_NO[:, 0].astype(int),
    ),
    "several yeses and noes": lambda: (
        model_of(Dense(4, "sigmoid"), loss="bce", metrics=["accuracy"]),
        ONE_HOT,
    ),
    "no bias": lambda: (model_of(Dense(5, "relu", use_bias=False), Dense(1)), COLUMN),
    "momentum": lambda: (model_of(Dense(5, "relu"), Dense(1), optimizer=SGD(0.05, momentum=0.9)), COLUMN),
    "nesterov": lambda: (
        model_of(Dense(5, "relu"), Dense(1), optimizer=SGD(0.05, momentum=0.9, nesterov=True)),
        COLUMN,
    ),
    "adam": lambda: (model_of(Dense(5, "tanh"), Dense(1), optimizer=Adam(0.01)), COLUMN),
    "a schedule": lambda: (
        model_of(Dense(1), optimizer=SGD(optimizers.schedules.ExponentialDecay(0.1, 5, 0.5))),
        COLUMN,
    ),
    "decay": lambda: (model_of(Dense(1), optimizer=SGD(0.1, decay=0.1)), COLUMN),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shuffle", [True, False])
def test_it_trains_as_op_by_op(case: str, shuffle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    histories, weights = [], []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        set_random_seed(7)
        model, y = CASES[case]()
        history = model.fit(X, y, batch_size=8, epochs=4, shuffle=shuffle, verbose=0)
        histories.append(history.history)
        weights.append(model.get_weights())
        assert int(model.optimizer.iterations) == 20
    assert sum(taken) == 20
    assert histories[0].keys() == histories[1].keys()
    for name in histories[0]:
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=2e-5, atol=1e-6, err_msg=name)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


# -- watched or not, the same bits ---------------------------------------------------------------------------


class Watcher(Callback):
    """Sees every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict[str, Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(dict(logs))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("unit", [1, 3])
def test_watched_and_unwatched_runs_are_the_same_bits(
    case: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = spied(monkeypatch)
    runs = []
    for callbacks in ([], [Watcher()]):
        set_random_seed(7)
        model, y = CASES[case]()
        model._steps_per_execution = unit
        logs = model.fit(X, y, batch_size=4, epochs=3, verbose=0, callbacks=callbacks).history
        runs.append((logs, [w.tobytes() for w in model.get_weights()]))
        if callbacks:
            assert len(callbacks[0].seen) == 3 * -(-10 // unit)
            assert max(taken) <= unit
        elif case not in ("a schedule", "decay"):
            assert max(taken) > unit
        taken.clear()
    assert runs[0] == runs[1]


def test_a_callback_that_changes_things_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that callbacks change between batches counts from the next batch on, as it does op by op."""

    def change(model: Sequential) -> Callback:
        def act(batch: int, logs: Any) -> None:
            if batch == 3:
                model.optimizer.learning_rate = 0.02
            elif batch == 5:
                model.optimizer.momentum = 0.5  # makes a slot
            elif batch == 7:
                model.optimizer.clipnorm = 0.1
            elif batch == 8:
                model.optimizer.clipnorm = None
                model.weights[0].assign(model.weights[0].value * 0.5)

        return LambdaCallback(on_train_batch_begin=act)

    ended = []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        model = model_of(Dense(5, "relu"), Dense(1))
        model.fit(X, COLUMN, batch_size=4, verbose=0, shuffle=False, callbacks=[change(model)])
        ended.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_allclose(ended[0], ended[1], rtol=1e-5, atol=1e-6)


# -- data ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u1", "f2", ">f4", "?"])
def test_data_of_any_kind(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = (X * 3).astype(dtype)
    ended = []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        set_random_seed(3)
        model = model_of(Dense(5, "relu"), Dense(1), optimizer=SGD(0.01))
        model.fit(x, COLUMN.astype("f8"), batch_size=5, epochs=2, verbose=0)
        ended.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_allclose(ended[0], ended[1], rtol=1e-5, atol=1e-6)


def test_memory_for_data_that_is_cast_is_used_again() -> None:
    kept: list[int] = []

    class Look(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append(len(self.model.training_state.step.memory._kept))

    model_of(Dense(1)).fit(X.astype("f8"), COLUMN, batch_size=5, epochs=4, verbose=0, callbacks=[Look()])
    assert kept == [kept[0]] * 4
    assert kept[0] > 0


def images() -> Sequential:
    model = Sequential([Flatten(input_shape=(2, 3)), Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_images_are_flattened_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    images().fit(X.reshape(37, 2, 3), COLUMN, verbose=0)
    assert sum(taken) == 2


def test_numbers_without_an_axis_are_trained_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    model.fit(X[:, 0].copy(), COLUMN, verbose=0)
    assert sum(taken) == 2


def test_targets_that_change_between_evaluations_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are cast: the copy is of the present numbers."""
    taken = spied(monkeypatch)
    y_val = np.zeros(37)

    def change(epoch: int, logs: Any) -> None:
        y_val[...] = epoch * 100

    history = model_of(Dense(1), optimizer=SGD(0.0)).fit(
        X,
        COLUMN,
        epochs=2,
        verbose=0,
        validation_data=(X, y_val),
        callbacks=[LambdaCallback(on_epoch_begin=change)],
    )
    assert sum(taken) == 8
    assert history.history["val_loss"][1] > 1000 > history.history["val_loss"][0]


@pytest.mark.parametrize("weight", ["sample_weight", "class_weight"])
def test_weighed_samples_are_trained_as_op_by_op(weight: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    weights: Any = {"sample_weight": np.linspace(0, 2, 37), "class_weight": {0: 1.0, 1: 2.0, 2: 0.5, 3: 0.0}}[
        weight
    ]
    trained = []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        model = model_of(
            Dense(4, "softmax"), loss="sparse_categorical_crossentropy", weighted_metrics=["accuracy"]
        )
        history = model.fit(X, IDS, batch_size=8, shuffle=False, verbose=0, **{weight: weights})
        trained.append(({k: v[-1] for k, v in history.history.items()}, model.get_weights()))
    assert sum(taken) == 5
    (program, ours), (op_by_op, theirs) = trained
    assert program == pytest.approx(op_by_op, rel=1e-4)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("targets", [IDS, IDS.astype("i2"), ONE_HOT], ids=["i8", "i2", "one-hot"])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_of_classes_are_one_column(
    targets: Array, weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = spied(monkeypatch)
    sparse = "" if targets.ndim > 1 else "sparse_"
    fitted = []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        set_random_seed(0)
        model = model_of(Dense(4, "softmax"), loss=f"{sparse}categorical_crossentropy", metrics=["accuracy"])
        weights = np.linspace(0.5, 2, len(X)) if weighted else None
        classes = {0: 1.0, 1: 0.5, 2: 0.0, 3: 3.0}
        model.fit(X, targets, 8, 4, verbose=0, sample_weight=weights, class_weight=classes)
        fitted.append(model.get_weights())
    assert max(taken) > 1
    for compiled_weight, weight in zip(*fitted, strict=True):
        np.testing.assert_allclose(compiled_weight, weight, rtol=1e-4, atol=1e-5)


def test_of_many_forms_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "FORMS", 2)
    taken = spied(monkeypatch)
    model = model_of(Dense(1))
    forms = [(X, COLUMN), (X, COLUMN[:, 0]), (X, IDS[:, None]), (X, IDS)]
    first = [model.test_on_batch(*form) for form in forms]
    assert [model.test_on_batch(*form) for form in forms] == first
    assert taken == [1] * 8
    programs = model.training_state.kept.reuse(TestStep, compiled, *_parts_of(model)).programs
    assert len(programs._programs) == 2


def _parts_of(model: Any) -> tuple[Any, ...]:
    state = model.training_state
    return state.streams, state.objective, state.objective.heads


def test_a_generator_has_its_batches_trained_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    batches = [(X[i : i + n], COLUMN[i : i + n]) for i, n in ((0, 4), (4, 9), (13, 24))]  # growing
    runs = []
    for kernels in ("numba", "numpy"):
        monkeypatch.setenv("MINIFIT_KERNELS", kernels)
        model = model_of(Dense(5, "relu"), Dense(1))
        model.fit(iter(batches), verbose=0)
        runs.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    assert taken == [1, 1, 1]
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-5, atol=1e-6)


# -- when something is wrong ---------------------------------------------------------------------------------


def test_a_class_that_is_none_is_told_as_ever_and_changes_nothing() -> None:
    model = model_of(Dense(4, "softmax"), loss="sparse_categorical_crossentropy")
    bad = [(X[:4], IDS[:4]), (X[4:8], np.array([0, 9, 1, 2]))]
    before: list[Array] = []
    note = LambdaCallback(
        on_train_batch_begin=lambda batch, logs: before.__setitem__(slice(None), model.get_weights())
    )
    with pytest.raises(DataError, match=r"In batch 1.*Received: 9"):
        model.fit(iter(bad), verbose=0, callbacks=[note])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(model.optimizer.iterations) == 1


def test_batches_end_at_a_loss_that_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    x = X.copy()
    x[17] = np.nan
    with pytest.warns(UserWarning, match="nan in row 17 of x"):
        model_of(Dense(1)).fit(x, COLUMN, batch_size=1, shuffle=False, verbose=0)
    ends = np.cumsum(taken)
    assert 18 in ends  # the one with the loss, and no more
    assert ends[-1] == 37


def test_ctrl_c_leaves_as_many_iterations_as_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python raises it as soon as the kernel is back, before the caller has the result."""
    kernel = compiled.carry_out

    def interrupted(*args: Any) -> int:
        kernel(*args)
        raise KeyboardInterrupt

    model = model_of(Dense(1), optimizer=Adam(0.01))
    model.fit(X, COLUMN, batch_size=8, epochs=2, shuffle=False, verbose=0)
    monkeypatch.setattr(compiled, "carry_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, COLUMN, batch_size=37, verbose=0)
    assert int(model.optimizer.iterations) == 11


# -- what goes op by op ---------------------------------------------------------------------------------------


class Wider(Sequential):
    """Goes a way of its own."""

    def forward(self, inputs: Any, training: bool) -> Any:
        return super().forward((inputs[0] * 2,), training)


class OwnDense(Dense):
    """Might do anything."""


class OwnSGD(SGD):
    """Might do anything."""


class OwnLoss(losses.MeanSquaredError):
    """Might do anything."""


class OwnMetric(metrics.MeanAbsoluteError):
    """Might do anything."""


def instance_with_a_call_of_its_own() -> Sequential:
    layer = Dense(1)
    vars(layer)["call"] = layer.call
    return model_of(layer)


def wider() -> Sequential:
    model = Wider([Dense(1)])
    model.build((None, 6))
    model.compile("sgd", "mse")
    return model


def own_output() -> Sequential:
    layer = Dense(1)
    model = model_of(layer)
    vars(layer)["call"] = lambda inputs: ops.dense(inputs, layer.kernel, layer.bias) * 2.0
    return model


OP_BY_OP: dict[str, tuple[str, Callable[[], Sequential]]] = {
    "a layer of the user's": ("the layer 'own_dense", lambda: model_of(OwnDense(1))),
    "a call of the instance's": ("the layer 'dense", instance_with_a_call_of_its_own),
    "a call set later": ("the layer 'dense", own_output),
    "a function as activation": ("in the layer 'dense", lambda: model_of(Dense(1, lambda x: x * 2))),
    "a forward of the user's": ("the model", wider),
    "an optimizer of the user's": ("the optimizer OwnSGD", lambda: model_of(Dense(1), optimizer=OwnSGD())),
    "a loss of the user's": ("the loss", lambda: model_of(Dense(1), loss=OwnLoss())),
    "a function as loss": (
        "the function '<lambda>', which is the user's own",
        lambda: model_of(Dense(1), loss=lambda t, p: losses.mse(t, p) * 1),
    ),
    "a metric of the user's": ("the metric", lambda: model_of(Dense(1), metrics=[OwnMetric()])),
    "a constraint of the user's": ("the constraint", lambda: model_of(Dense(1, bias_constraint=lambda w: w))),
    "a regularizer of the user's": (
        "the regularizer",
        lambda: model_of(Dense(1, kernel_regularizer=lambda w: (w * w).sum())),
    ),
}


@pytest.mark.parametrize("why", OP_BY_OP)
def test_what_is_the_users_goes_op_by_op(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reason, make = OP_BY_OP[why]
    taken = spied(monkeypatch)
    model = make()
    model.fit(X, COLUMN, verbose=0)
    assert not any(taken)
    assert reason in model.engine_report()


@pytest.mark.parametrize("case", CASES)
def test_the_cases_are_programs(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = spied(monkeypatch)
    model, y = CASES[case]()
    model.fit(X, y, batch_size=8, verbose=0)
    assert sum(taken) == 5
