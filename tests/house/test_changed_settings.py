"""A setting that is changed counts from there on, as if the object had been made with it, or changing it is an error.

Over every class of every table and every callback: each argument that is a public attribute is set on an object that
was made with another value. Nothing may be ignored, and what the constructor refuses is refused in the same words.
"""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import (
    Sequential,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import MinifitError, MinifitWarning
from minifit.layers.merge import Merge
from minifit.metrics import resolve
from minifit.tables import plain
from minifit.tensor import Tensor
from minifit.utils import set_random_seed
from tests.house.changing import Case, cases_of

X = np.random.default_rng(0).random((8, 4), np.float32) + 0.25
Y = np.random.default_rng(1).random((8, 2), np.float32)
ONE_HOT = np.eye(2, dtype=np.float32)[np.arange(8) % 2]

Change = Callable[[], None]

# -- what an object does -------------------------------------------------------------------------------------


def bits(value: Any) -> Any:
    """A result in a form that is equal for equal bits alone."""
    if isinstance(value, dict):
        return {k: bits(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [bits(v) for v in value]
    if isinstance(value, Tensor | np.ndarray | np.generic | float):
        return str(np.asarray(value).dtype), np.shape(value), np.asarray(value).tobytes()
    return plain(value)


def configuration(member: Any) -> Any:
    """The configuration, without a name that was counted up."""
    return {k: v for k, v in plain(member.get_config()).items() if k != "name" or v == "other"}


def unchanged(made: Any) -> None:
    pass


def trained(model: Sequential, x: Any, y: Any, change: Change, when: str) -> Any:
    """What a small training gives when something is changed before it, after a first look, or in its middle."""
    fit = partial(model.fit, x, y, batch_size=4, shuffle=False, verbose=0)
    if when == "made":
        change()
    if when == "used":
        model.predict(x)
        change()
    if when == "between fits":
        history = fit(epochs=1).history
        change()
        later = fit(epochs=2, initial_epoch=1).history
        history = {k: history[k] + later[k] for k in history}
    else:
        turn = LambdaCallback(on_epoch_begin=lambda epoch, logs: change() if epoch == 1 else None)
        history = fit(epochs=2, callbacks=[turn] if when == "running" else []).history
    judged = model.evaluate(x, y, verbose=0)
    return bits({"history": history, "weights": model.get_weights(), "judged": judged, "y": model.predict(x)})


def use_layer(layer: Any, change: Change, when: str) -> Any:
    if when == "made":  # before there are weights
        change()
        change = partial(unchanged, layer)
    words = isinstance(layer, layers.Embedding)
    ahead: list[Any] = [] if words else [layers.Dense(4, "tanh", name="ahead")]
    if isinstance(layer, layers.Permute | layers.SpatialDropout1D | layers.PReLU):
        ahead.append(layers.Reshape((2, 2)))
    behind = [layers.Flatten(name="flat")] if not isinstance(layer, layers.Dense | layers.Activation) else []
    model = Sequential([*ahead, layer, *behind, layers.Dense(2, name="last")], name="model")
    model.compile(optimizers.SGD(0.125), "mse")
    x = np.arange(32).reshape(8, 4) % 6 if words else X
    return trained(model, x, Y, change, when), configuration(layer)


def use_loss(loss: Any, change: Change, when: str) -> Any:
    sparse = isinstance(loss, losses.SparseCategoricalCrossentropy)
    end = "softmax" if sparse or isinstance(loss, losses.CategoricalCrossentropy) else "sigmoid"
    model = Sequential([layers.Dense(2, end, name="only")], name="model")
    model.compile(optimizers.SGD(0.125), loss, metrics=[loss])
    return trained(model, X, np.arange(8) % 2 if sparse else ONE_HOT, change, when), configuration(loss)


CROSSENTROPY = ("categorical_crossentropy", "sparse_categorical_crossentropy")


def use_metric(metric: Any, change: Change, when: str) -> Any:
    if type(metric) in (metrics.Mean, metrics.Sum):
        change()
        return bits(metric(X)), configuration(metric)
    name = type(metric).__name__
    classes, sparse = 3 if "TopK" in name else 2, name.startswith("Sparse")
    model = Sequential([layers.Dense(classes, "softmax", name="only")], name="model")
    model.compile(optimizers.SGD(0.125), CROSSENTROPY[sparse], metrics=[metric])
    y = np.arange(8) % 2 if sparse else np.eye(classes, dtype=np.float32)[np.arange(8) % classes]
    return trained(model, X, y, change, when), configuration(metric)


def use_optimizer(optimizer: Any, change: Change, when: str) -> Any:
    model = Sequential([layers.Dense(3, "tanh", name="first"), layers.Dense(2, name="last")], name="model")
    model.compile(optimizer, "mse")
    return trained(model, X, Y, change, when), configuration(optimizer)


def use_function(function: Any, change: Change, when: str) -> Any:
    """Of a schedule, a regularizer, a constraint or an initializer, which are called."""
    argument: Any = X
    if isinstance(function, schedules.LearningRateSchedule):
        argument = np.arange(8)
    if isinstance(function, initializers.Initializer):
        argument = (3, 2)
    if when == "used":
        function(argument)
    change()
    if when == "used" and isinstance(function, initializers.Initializer):
        return configuration(function)  # it has drawn
    return bits(function(argument)), configuration(function)


class Logs(Callback):
    """Writes values into the logs of epochs that get better and worse, and keys that are larger when better."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["loss"] = (0.5, 0.4, 0.6, 0.7, 0.3, 0.8)[epoch]
        logs["own"] = (0.9, 0.5, 0.4, 0.3, 0.2, 0.1)[epoch]


def use_callback(callback: Any, change: Change, when: str) -> Any:
    """Of a callback: what is said, what is written, the history and the weights."""
    if when == "made":
        change()
    turn = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: change() if (when, epoch) == ("used", 0) else None
    )
    model = Sequential([layers.Dense(2, input_shape=(4,), name="only")], name="model")
    model.compile(optimizers.SGD(0.125), "mse")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        history = model.fit(
            X, Y, epochs=6, batch_size=4, shuffle=False, verbose=0, callbacks=[turn, Logs(), callback]
        )
    files = {
        str(path): hash(path.read_bytes())
        for path in Path().rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
    return bits(
        {"history": history.history, "weights": model.get_weights(), "files": files, "said": said.getvalue()}
    )


FAMILIES: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    # The classes, what is done with one, and those that the kernel for chains looks at itself.
    "layers": (layers.TABLE, use_layer, (layers.Dense, layers.Activation)),
    "losses": (losses.TABLE, use_loss, (losses.MeanSquaredError, losses.BinaryCrossentropy)),
    "metrics": (resolve.TABLE, use_metric, (metrics.BinaryAccuracy,)),
    "optimizers": (optimizers.TABLE, use_optimizer, (optimizers.SGD, optimizers.Adam)),
    "schedules": (schedules.TABLE, use_function, ()),
    "regularizers": (regularizers.TABLE, use_function, ()),
    "constraints": (constraints.TABLE, use_function, ()),
    "initializers": (initializers.TABLE, use_function, ()),
    "callbacks": ({n: getattr(callbacks, n) for n in callbacks.__all__}, use_callback, ()),
}
OWN_TESTS = (
    *(kind for kind in layers.TABLE.values() if issubclass(kind, Merge)),  # take several inputs
    layers.InputLayer,  # has nothing but a shape and a name
    layers.CategoryEncoding,  # takes whole numbers
    layers.Discretization,  # has arguments that contradict each other, as have the lookups
    layers.IntegerLookup,
    layers.StringLookup,
    layers.TFOpLambda,  # is made of a symbol's op, as are the next two
    layers.AddLoss,
    layers.AddMetric,
    callbacks.Callback,
    callbacks.CallbackList,
    callbacks.LambdaCallback,  # a hook counts from the next epoch on
    callbacks.ProgbarLogger,  # `count_mode` is an attribute of another name
)
READ_ELSEWHERE = (callbacks.CSVLogger, callbacks.HookTrace, callbacks.RemoteMonitor, callbacks.TensorBoard)
"""Classes that record or write elsewhere once they are set: tests of their own read what is there."""
NOT_SET = {
    "layers.ActivityRegularization.activity_regularizer",  # made of l1 and l2
    "metrics.SparseCategoricalCrossentropy.axis",  # there is no other axis of classes
}
CASES = [
    case
    for table, _, each in FAMILIES.values()
    for case in cases_of((kind for kind in table.values() if kind not in OWN_TESTS), each)
    if case.id not in NOT_SET
]
FUNCTIONS = ("schedules", "regularizers", "constraints", "initializers", "callbacks")
IN_CHAINS = [c for c in CASES if c.kind in FAMILIES[c.family][2]]
ids = lambda case: case.id  # noqa: E731


def used(case: Case, change: Callable[[Any], None], when: str, **made_with: Any) -> Any:
    """What an object of a case does when it is changed at some time."""
    set_random_seed(1)
    made = case.made(**made_with)
    set_random_seed(2)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return FAMILIES[case.family][1](made, partial(change, made), when)


def counts(case: Case, when: str, expected: Callable[[], Any]) -> None:
    """What is set counts, or is refused by its name."""
    try:
        changed = used(case, lambda made: setattr(made, case.attribute, case.value), when)
    except MinifitError as error:
        assert case.attribute in str(error)
        return
    if when != "made" and case.name.endswith("_initializer"):  # weights that are there stay
        assert changed[1] == expected()[1]
    else:
        assert changed == expected()


WITHOUT_EFFECT = {
    "layers.Normalization.axis",  # -1 is the same axis
    "optimizers.Nadam.decay",
    "callbacks.TerminateOnNaN.raise_error",  # no loss is NaN here
}
"""Arguments whose other value does the same here."""


@pytest.mark.parametrize("case", [c for c in CASES if c.kind not in READ_ELSEWHERE], ids=ids)
def test_what_is_set_counts_as_what_is_made(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    with_value = cache(lambda when: used(case, unchanged, when, **{case.name: case.value}))
    counts(case, "made", lambda: with_value("made"))
    counts(case, "used", lambda: with_value("used"))
    with contextlib.suppress(MinifitError):
        same = with_value("made") == used(case, unchanged, "made")
        assert same == (case.id in WITHOUT_EFFECT), "the case would notice"


@pytest.mark.parametrize(
    ("case", "engine"),
    [*((c, "numpy") for c in CASES if c.family not in FUNCTIONS), *((c, "numba") for c in IN_CHAINS)],
    ids=lambda value: getattr(value, "id", value),
)
def test_what_is_set_in_the_middle_counts_from_there_on(
    case: Case, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    setting = lambda made: setattr(made, case.attribute, case.value)  # noqa: E731
    counts(case, "running", lambda: used(case, setting, "between fits"))


BAD: tuple[Any, ...] = (-1, 1.5, "bad", [], object())


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_bad_value_is_refused_in_the_words_of_the_constructor(case: Case) -> None:
    for value in BAD:
        made = case.made()
        try:
            with warnings.catch_warnings():  # of a mode that counts as another one
                warnings.simplefilter("ignore", MinifitWarning)
                case.made(**{case.name: value})
        except MinifitError as error:
            with pytest.raises(MinifitError) as refused:
                setattr(made, case.attribute, value)
            assert str(refused.value) == str(error) or "is settled when" in str(refused.value)
