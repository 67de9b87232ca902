"""What a user may do wrong, call by call: the error says the rule and what came in, and nothing is harmed.

After every failure the weights are the bits they were before it (or after the last whole step, where a later
batch is at fault), and the model trains as if nothing had happened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, EarlyStopping, LambdaCallback
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GradientError,
    MinifitError,
    NotBuiltError,
    NotCompiledError,
    ShapeError,
    UnknownNameError,
)
from minifit.layers import Activation, Dense, Dropout, Flatten, InputLayer, Layer
from minifit.metrics import MeanMetricWrapper
from minifit.optimizers import SGD, Adam
from tests.house.unharmed import CLASSES, KINDS, Call, X, Y, fails, new_model, unharmed


def fit(*args: Any, **kwargs: Any) -> Call:
    return lambda model: model.fit(*args, **{"verbose": 0, **kwargs})


def fit_xy(**kwargs: Any) -> Call:
    return fit(X, Y, **kwargs)


@dataclass
class Case:
    """One call that must fail, the class of the error, and pieces of its text in their order."""

    what: str
    call: Call
    error: type[MinifitError]
    says: tuple[str, ...]
    after: int = 0  # whole steps of two samples that were taken before it failed

    @property
    def id(self) -> str:
        return self.what.replace(" ", "-")


def recompiled(**kwargs: Any) -> Call:
    return lambda model: model.compile(**{"optimizer": "sgd", "loss": "mse", **kwargs})


def compiled_and_fit(**kwargs: Any) -> Call:
    """Compile, then train: for what only shows when the shapes are known."""

    def call(model: Sequential) -> None:
        try:
            model.compile(**{"optimizer": "sgd", "loss": "mse", **kwargs})
            model.fit(X, Y, verbose=0)
        finally:
            model.compile(SGD(0.125), "mse")

    return call


def numpy_loss(y_true: Any, y_pred: Any) -> Any:
    return np.square(np.asarray(y_true) - np.asarray(y_pred)).mean(-1)


def generator(*items: Any) -> Iterator[Any]:
    yield from items


def batch(n: int) -> tuple[Array, Array]:
    return X[2 * n : 2 * n + 2], Y[2 * n : 2 * n + 2]


SIZES = ("batch_size", "steps_per_epoch", "validation_steps", "validation_batch_size", "epochs")


def sizes() -> list[Case]:
    """Every argument that counts something, with what is no count."""
    found: list[Case] = []
    value: Any
    for name in SIZES:
        rule = "an integer of at least 0" if name == "epochs" else "a positive integer"
        for value in (-1,) if name == "epochs" else (0, -1):
            says = (f"{name} must be {rule}", f"Received: {name}={value}", "Pass for example")
            found.append(Case(f"{name} {value}", fit_xy(**{name: value}), ArgumentError, says))
        for value in (True, 2.5, "2"):
            says = (f"{name} must be {rule}", f"Received: {name}={value!r}", "Pass for example")
            found.append(Case(f"{name} {value!r}", fit_xy(**{name: value}), ArgumentTypeError, says))
    return found


def class_weights() -> list[Case]:
    """Weights of classes; what may be wrong with x, y and sample weights is in test_bad_data.py."""
    return [
        Case(
            "class_weight without class 0",
            fit(X, np.ones(8, int), class_weight={1: 1.0}),
            ArgumentError,
            ("class_weight must be a dict", "0, 1", "Received: {1: 1.0}"),
        ),
        Case(
            "class_weight as nested list",
            fit(X, np.ones(8, int), class_weight=[[1.0, 2.0]]),
            ArgumentError,
            ("class_weight must be a dict", "Received: [[1.0, 2.0]]"),
        ),
        Case(
            "class_weight of too few classes",
            fit(X, np.arange(8) % 3, class_weight={0: 1.0, 1: 2.0}),
            DataError,
            ("every class", "it has 2", "Received: targets from 0 to 2"),
        ),
        Case(
            "class_weight that is no number",
            fit(X, CLASSES, class_weight={0: 1.0, 1: 2.0, 2: float("nan")}),
            ArgumentError,
            ("class_weight must be a dict", "Received: {0: 1.0, 1: 2.0, 2: nan}"),
        ),
        Case(
            "class_weight of numbers that are no classes",
            fit(X, Y + 1, class_weight={0: 1.0, 1: 2.0, 2: 3.0}),
            DataError,
            ("class numbers or one-hot rows", "Received: 1.54", "in row 1", "Pass sample_weight"),
        ),
        Case(
            "class_weight beside several weights a sample",
            fit(X, CLASSES, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, sample_weight=np.ones((8, 3))),
            ShapeError,
            ("one weight for each sample", "Received: weights of shape (8, 3)", "Give one"),
        ),
        Case(
            "class_weight in a generator",
            lambda m: m.fit(
                generator(batch(0), batch(1), (X[:2], [1, 3])), class_weight={0: 1, 1: 1}, verbose=0
            ),
            DataError,
            ("In batch 0: class_weight needs class numbers", "Received:", "in row 1"),
        ),
        Case(
            "class_weight in the third batch",
            lambda m: (
                KINDS["classes"]
                .new()
                .fit(
                    generator((X[:2], [0, 1]), (X[:2], [1, 0]), (X[:2], [1, 2])),
                    class_weight={0: 1, 1: 1},
                    verbose=0,
                )
            ),
            DataError,
            ("In batch 2: class_weight must have a weight for every class", "Received: targets from 1 to 2"),
        ),
    ]


def splits() -> list[Case]:
    """validation_split and validation_data."""
    found = [
        Case(
            f"validation_split {value!r}",
            fit_xy(validation_split=value),
            ArgumentError,
            ("between 0 and 1", f"Received: validation_split={value!r}", "0.2"),
        )
        for value in (1.0, 1, True, 1.5, -0.1, "0.2", [0.2], float("nan"))
    ]
    return [
        *found,
        Case(
            "a split that leaves nothing",
            fit(X[:2], Y[:2], validation_split=0.9),
            ArgumentError,
            ("at least one sample on each side", "validation_split=0.9 for 2 samples"),
        ),
        Case(
            "a split of a generator",
            lambda m: m.fit(generator(batch(0)), validation_split=0.5, verbose=0),
            ArgumentError,
            ("validation_split divides arrays", "Received: an iterable", "validation_data"),
        ),
        Case(
            "validation_data of four parts",
            fit_xy(validation_data=(X, Y, Y, Y)),
            ArgumentError,
            ("validation_data is (x, y)", "Received: 4 parts"),
        ),
        Case(
            "validation_data as a bare array",
            fit_xy(validation_data=X),
            ArgumentTypeError,
            ("validation_data is (x, y)", "Received: ndarray", "tuple"),
        ),
        Case(
            "validation_data of another width",
            fit_xy(validation_data=(np.zeros((8, 5)), Y)),
            ShapeError,
            ("expects input of shape (None, 3)", "Received:"),
        ),
        Case(
            "validation_data of unequal lengths",
            fit_xy(validation_data=(X, Y[:3])),
            DataError,
            ("same number of samples", "Received: x has 8, y has 3"),
        ),
        Case(
            "validation_freq 0",
            fit_xy(validation_freq=0, validation_data=(X, Y)),
            ArgumentError,
            ("Received:",),
        ),
        Case(
            "validation_freq 1.5",
            fit_xy(validation_freq=1.5, validation_data=(X, Y)),
            ArgumentTypeError,
            ("validation_freq must be", "Received: validation_freq=1.5"),
        ),
    ]


def names() -> list[Case]:
    """Names that no table knows, each answered with the nearest one that is known."""
    return [
        Case(
            "optimizer",
            recompiled(optimizer="adm"),
            UnknownNameError,
            ("There is no optimizer of that name. Received: 'adm'", "'adam'?"),
        ),
        Case(
            "loss",
            recompiled(loss="msee"),
            UnknownNameError,
            ("There is no loss of that name. Received: 'msee'", "Did you mean 'mse'?"),
        ),
        Case(
            "metric",
            recompiled(metrics=["acuracy"]),
            UnknownNameError,
            ("There is no metric of that name", "'accuracy'?"),
        ),
        Case(
            "weighted metric",
            recompiled(weighted_metrics=["maee"]),
            UnknownNameError,
            ("There is no metric of that name", "'mae'?"),
        ),
        Case(
            "activation",
            lambda m: Dense(1, "rellu"),
            UnknownNameError,
            ("There is no activation of that name", "'relu'?"),
        ),
        Case(
            "activation layer", lambda m: Activation("sofmax"), UnknownNameError, ("activation", "'softmax'?")
        ),
        Case(
            "initializer",
            lambda m: Dense(1, kernel_initializer="zeross"),
            UnknownNameError,
            ("There is no initializer of that name", "'zeros'?"),
        ),
        Case(
            "regularizer",
            lambda m: Dense(1, kernel_regularizer="l1l2"),
            UnknownNameError,
            ("There is no regularizer of that name. Received: 'l1l2'", "Did you mean '"),
        ),
        Case(
            "constraint",
            lambda m: Dense(1, kernel_constraint="nonnegg"),
            UnknownNameError,
            ("There is no constraint of that name", "Did you mean 'non"),
        ),
        Case(
            "nested class in a configuration",
            lambda m: Sequential.from_config([{"class_name": "dense", "config": {}}]),
            UnknownNameError,
            ("There is no layer of that name. Received: 'dense'", "Did you mean 'Dense'?"),
        ),
        Case(
            "class in a configuration",
            lambda m: Sequential.from_config(
                {"name": "a", "layers": [{"class_name": "Dence", "config": {}}]}
            ),
            UnknownNameError,
            ("There is no layer of that name. Received: 'Dence'", "Did you mean 'Dense'?"),
        ),
        Case(
            "layer",
            lambda m: m.get_layer("frist"),
            UnknownNameError,
            ("There is no layer of that name. Received: 'frist'", "'first'?"),
        ),
        Case(
            "a far name",
            recompiled(loss="qqqqqq"),
            UnknownNameError,
            ("There is no loss of that name. Received: 'qqqqqq'", "Known:", "'mse'"),
        ),
    ]


def compiling() -> list[Case]:
    """Arguments of compile, and calls before it."""
    return [
        Case("optimizer 3", recompiled(optimizer=3), ArgumentTypeError, ("optimizer", "Received: 3")),
        Case(
            "optimizer None", recompiled(optimizer=None), ArgumentTypeError, ("optimizer", "Received: None")
        ),
        Case("loss 3", recompiled(loss=3), ArgumentTypeError, ("loss", "Received: 3")),
        Case(
            "two losses",
            recompiled(loss=["mse", "mae"]),
            ArgumentError,
            ("loss is one for all outputs", "Received: 2 for 1"),
        ),
        Case(
            "loss_weights",
            recompiled(loss_weights="a"),
            ArgumentTypeError,
            ("loss_weights", "Received: loss_weights='a'"),
        ),
        Case(
            "steps_per_execution 0",
            recompiled(steps_per_execution=0),
            ArgumentError,
            ("steps_per_execution must be", "Received: steps_per_execution=0"),
        ),
        Case(
            "learning rate",
            lambda m: SGD(learning_rate=-1.0),
            ArgumentError,
            ("learning_rate", "Received:", "-1.0"),
        ),
        Case("momentum", lambda m: SGD(momentum=1.5), ArgumentError, ("momentum", "Received: momentum=1.5")),
        Case("beta_1", lambda m: Adam(beta_1=1), ArgumentError, ("beta_1 must be", "Received: beta_1=1")),
        Case(
            "two metrics of one name",
            compiled_and_fit(metrics=["mae", "mae"]),
            ArgumentError,
            ("different names", "Received: two called 'mae'"),
        ),
        Case(
            "no loss",
            compiled_and_fit(loss=None),
            ArgumentError,
            ("needs a loss", "Received: compile(loss=None)"),
        ),
        Case(
            "fit before compile",
            lambda m: Sequential([Dense(1)]).fit(X, Y),
            NotCompiledError,
            ("need a compiled model", "Compile the model first", "model.compile("),
        ),
        Case(
            "evaluate before compile",
            lambda m: Sequential([Dense(1)]).evaluate(X, Y),
            NotCompiledError,
            ("need a compiled model", "Compile the model first", "model.compile("),
        ),
        Case(
            "train_on_batch before compile",
            lambda m: Sequential([Dense(1)]).train_on_batch(X, Y),
            NotCompiledError,
            ("need a compiled model", "Compile the model first"),
        ),
    ]


def building() -> list[Case]:
    """Layers and models."""
    return [
        Case(
            "units 0",
            lambda m: Dense(0),
            ArgumentError,
            ("units must be a positive integer", "Received: units=0"),
        ),
        Case("units 2.5", lambda m: Dense(2.5), ArgumentTypeError, ("units must be", "Received: units=2.5")),  # type: ignore[arg-type]
        Case("rate", lambda m: Dropout(1.5), ArgumentError, ("rate must be", "Received: rate=1.5")),
        Case(
            "dtype",
            lambda m: Dense(1, dtype="float64"),
            ArgumentError,
            ("float32", "Received: dtype='float64'"),
        ),
        Case(
            "input_shape", lambda m: Dense(1, input_shape=(0,)), ArgumentError, ("positive", "Received: (0,)")
        ),
        Case(
            "data_format",
            lambda m: Flatten("channels_first"),
            ArgumentError,
            ("order", "Received: data_format"),
        ),
        Case(
            "sparse",
            lambda m: InputLayer((3,), sparse=True),
            ArgumentError,
            ("dense", "Received: sparse=True"),
        ),
        Case(
            "not a layer",
            lambda m: m.add(cast("Layer", 3)),
            ArgumentTypeError,
            ("consists of layers", "Received: 3", "Dense(10)"),
        ),
        Case(
            "a layer class",
            lambda m: m.add(cast("Layer", Dense)),
            ArgumentTypeError,
            ("consists of layers", "Received:"),
        ),
        Case(
            "a taken name",
            lambda m: m.add(Dense(1, name="first")),
            ArgumentError,
            ("different names", "Received: a second 'first'"),
        ),
        Case("pop of nothing", lambda m: Sequential().pop(), ArgumentTypeError, ("pop()", "Received:")),
        Case(
            "get_layer of nothing",
            lambda m: m.get_layer(),
            ArgumentError,
            ("a name or an index", "Received:"),
        ),
        Case(
            "get_layer beyond",
            lambda m: m.get_layer(index=2),
            ArgumentError,
            ("below", "2", "Received: index=2"),
        ),
        Case(
            "build of nothing",
            lambda m: Sequential([Dense(1)]).build(),
            ArgumentError,
            ("shape", "Received: None"),
        ),
        Case(
            "a sample of no dimension",
            lambda m: Sequential([Dense(1, input_shape=())]),
            ShapeError,
            ("needs input of shape", "Received: (None,)"),
        ),
        Case(
            "too few weights",
            lambda m: m.set_weights(m.get_weights()[:3]),
            ShapeError,
            ("'model' has 4 weights", "Received: 3 arrays"),
        ),
        Case(
            "a weight of another shape",
            lambda m: m.set_weights([*m.get_weights()[:3], np.zeros(2)]),
            ShapeError,
            ("last/bias:0 is (1,)", "Received: (2,)"),
        ),
        Case(
            "a weight of strings",
            lambda m: m.set_weights([*m.get_weights()[:3], np.array(["a"])]),
            ArgumentTypeError,
            ("real numbers", "Received: dtype <U1 for last/bias:0"),
        ),
    ]


def configurations() -> list[Case]:
    """What is no description of a model, and what `summary` and an optimizer are told afterwards."""
    says = ("a dict whose 'layers' are a list of dicts", "Received: ", "Pass the result of get_config()")
    wrong: dict[str, Any] = {
        "no layers": {"name": "a"},
        "a number for layers": {"name": "a", "layers": 3},
        "names for layers": {"layers": ["Dense", "Dense"]},
        "a number for a configuration": {"layers": [{"class_name": "Dense", "config": 3}]},
        "a number": 3,
    }
    found = [
        Case(what, lambda m, c=config: Sequential.from_config(c), ArgumentError, says)  # type: ignore[misc]
        for what, config in wrong.items()
    ]
    argument = {"layers": [{"class_name": "Dense", "config": {"unitz": 3}}]}
    columns = ("positions must be three growing numbers", "Received: positions=", "Leave it out")
    positions: list[Any] = [[0.3, 0.6], [0.3, 0.6, 0.8, 1.0], [0.6, 0.3, 1.0], "abc", [None] * 3, 3]
    found += [
        Case(f"positions {p}", lambda m, p=p: m.summary(positions=p), ArgumentError, columns)  # type: ignore[misc]
        for p in positions
    ]
    return [
        *found,
        Case(
            "an argument that is missing",
            lambda m: Sequential.from_config(argument),
            ArgumentError,
            (
                "configuration of Dense",
                "Received: {'unitz': 3} (missing a required argument: 'units')",
                "Pass the result",
            ),
        ),
        Case(
            "line_length -1",
            lambda m: m.summary(line_length=-1),
            ArgumentError,
            ("line_length must be a positive integer", "Received: line_length=-1", "Pass for example"),
        ),
        Case(
            "momentum assigned",
            lambda m: setattr(m.optimizer, "momentum", 1.5),
            ArgumentError,
            ("momentum must be from 0 to 1", "Received: momentum=1.5", "Pass for example"),
        ),
    ]


def unfinished() -> list[Case]:
    """What there is not, before a model is built."""
    calls: dict[str, Call] = {
        "weights": lambda m: Sequential([Dense(1)]).get_weights(),
        "count_params": lambda m: Sequential([Dense(1)]).count_params(),
        "summary": lambda m: Sequential([Dense(1)]).summary(),
        "input_shape": lambda m: Sequential([Dense(1)]).input_shape,
        "output_shape": lambda m: Sequential().output_shape,
        "layer count_params": lambda m: Dense(1).count_params(),
        "layer input_shape": lambda m: Dense(1).input_shape,
    }
    return [Case(f"unbuilt {what}", call, NotBuiltError, (" built", "all ")) for what, call in calls.items()]


class Bare:
    """No callback."""


class ReturnsNumpy(Layer):
    def call(self, inputs: Any) -> Any:
        return np.asarray(inputs)


def numpy_layer(model: Sequential) -> None:
    other = Sequential([Dense(2, input_shape=(3,)), ReturnsNumpy(name="mine")])
    other.compile("sgd", "mse")
    other.fit(X, Y, verbose=0)


def one_number(y_true: Any, y_pred: Any) -> float:
    return 1.0


def others() -> list[Case]:
    """Callbacks, generators, and what users write themselves."""
    return [
        Case(
            "callback class",
            fit_xy(callbacks=[EarlyStopping]),
            ArgumentTypeError,
            ("not classes", "EarlyStopping()"),
        ),
        Case(
            "callback 3",
            fit_xy(callbacks=[Callback(), 3]),
            ArgumentTypeError,
            ("Received: 3", "int", "index 1"),
        ),
        Case(
            "callback None",
            fit_xy(callbacks=[None]),
            ArgumentTypeError,
            ("callbacks.Callback", "Received: None of type NoneType at index 0"),
        ),
        Case(
            "no base", fit_xy(callbacks=Bare()), ArgumentTypeError, ("derive", "Received:", "Bare at index 0")
        ),
        Case(
            "a function as callback",
            fit_xy(callbacks=print),
            ArgumentTypeError,
            ("Received:", "LambdaCallback"),
        ),
        Case(
            "hook 3",
            lambda m: LambdaCallback(on_epoch_end=cast("Any", 3)),
            ArgumentTypeError,
            ("on_epoch_end", "Received: 3"),
        ),
        Case(
            "patience",
            lambda m: EarlyStopping(patience=-1),
            ArgumentError,
            ("patience", "Received: patience=-1"),
        ),
        Case(
            "initial_epoch -1",
            fit_xy(initial_epoch=-1),
            ArgumentError,
            ("at least 0", "Received: initial_epoch=-1"),
        ),
        Case(
            "initial_epoch 1.5",
            fit_xy(initial_epoch=1.5),
            ArgumentTypeError,
            ("Received: initial_epoch=1.5",),
        ),
        Case(
            "evaluate steps", lambda m: m.evaluate(X, Y, steps=0), ArgumentError, ("steps must be", "steps=0")
        ),
        Case("predict steps", lambda m: m.predict(X, steps=-1), ArgumentError, ("steps must be", "steps=-1")),
        Case("call width", lambda m: m(X[:, :2]), ShapeError, ("(None, 3)", "Received: (None, 2)")),
        Case(
            "y with a generator",
            lambda m: m.fit(generator(batch(0)), Y, verbose=0),
            ArgumentError,
            ("y is only for arrays", "Received: y together with a generator", "Leave y out"),
        ),
        Case(
            "weights with a generator",
            lambda m: m.fit(generator(batch(0)), sample_weight=Y, verbose=0),
            ArgumentError,
            ("sample_weight is only for arrays", "Received: sample_weight together"),
        ),
        Case(
            "empty generator",
            lambda m: m.fit(generator(), verbose=0),
            DataError,
            ("at least one batch", "Received: an empty generator", "make a new one"),
        ),
        Case(
            "four parts",
            lambda m: m.fit(generator((X, Y, Y, Y)), verbose=0),
            DataError,
            ("A batch is", "Received: 4 parts in batch 0"),
        ),
        Case(
            "four parts later",
            lambda m: m.fit(generator(batch(0), batch(1), (X, Y, Y, Y)), verbose=0),
            DataError,
            ("A batch is", "Received: 4 parts in batch"),
            after=2,
        ),
        Case(
            "None as a batch",
            lambda m: m.fit(generator(None), verbose=0),
            DataError,
            ("needs inputs", "Received: None"),
        ),
        Case(
            "only x", lambda m: m.fit(generator(X), verbose=0), DataError, ("needs targets", "Received: none")
        ),
        Case(
            "a NumPy loss",
            compiled_and_fit(loss=numpy_loss),
            GradientError,
            ("must return a tensor", "minifit.ops"),
        ),
        Case(
            "a NumPy layer", numpy_layer, GradientError, ("'mine' must return a tensor", "Received: ndarray")
        ),
    ]


CASES = [
    *sizes(),
    *class_weights(),
    *splits(),
    *names(),
    *compiling(),
    *building(),
    *configurations(),
    *unfinished(),
    *others(),
]


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are compared bit for bit between arrays and generators, for which "auto" may choose differently."""
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_bad_call_says_what_is_wrong_and_harms_nothing(case: Case) -> None:
    model = new_model()
    fails(model, case.call, case.error, case.says)
    unharmed(model, case.after)


class Broken(Exception):
    """Raised by a user's own code: it must come out of `fit` as it is."""


def raising(*_: Any) -> Any:
    raise Broken("mine")


def breaking_generator(good: int) -> Iterator[tuple[Array, Array]]:
    for n in range(good):
        yield batch(n)
    raise Broken("mine")


class BreakingLayer(Layer):
    """Fails in training, not in the trial that finds its output's shape."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return raising() if training else inputs


def with_breaking_layer(model: Sequential) -> None:
    model.add(BreakingLayer())
    try:
        model.fit(X, Y, verbose=0)
    finally:
        model.pop()


def hook(name: str) -> Call:
    return fit_xy(
        batch_size=2,
        shuffle=False,
        validation_data=(X, Y),
        callbacks=[LambdaCallback(**{name: raising})],
    )


USERS: dict[str, tuple[Call, int]] = {
    "the metric": (compiled_and_fit(metrics=[MeanMetricWrapper(raising, "mine")]), 0),
    "the loss": (compiled_and_fit(loss=raising), 0),
    "the layer": (with_breaking_layer, 0),
    "the generator at once": (lambda m: m.fit(breaking_generator(0), verbose=0), 0),
    "the generator later": (lambda m: m.fit(breaking_generator(2), verbose=0), 2),
    "the validation generator": (fit_xy(validation_data=breaking_generator(0)), 0),
    "on_train_begin": (hook("on_train_begin"), 0),
    "on_epoch_begin": (hook("on_epoch_begin"), 0),
    "on_train_batch_begin": (hook("on_train_batch_begin"), 0),
    "on_batch_begin": (hook("on_batch_begin"), 0),
    "on_train_batch_end": (hook("on_train_batch_end"), 1),
    "on_batch_end": (hook("on_batch_end"), 1),
    "on_test_begin": (hook("on_test_begin"), 4),
    "on_test_batch_begin": (hook("on_test_batch_begin"), 4),
    "on_test_batch_end": (hook("on_test_batch_end"), 4),
    "on_test_end": (hook("on_test_end"), 4),
    "on_epoch_end": (hook("on_epoch_end"), 4),
    "on_train_end": (hook("on_train_end"), 4),
}
"""Where a user's own code fails, and after how many steps of two samples."""


@pytest.mark.parametrize("where", USERS)
def test_an_exception_of_the_users_own_comes_out_unchanged(where: str) -> None:
    call, steps = USERS[where]
    model = new_model()
    with pytest.raises(Broken, match=r"^mine$"):
        call(model)
    unharmed(model, steps)
    assert not model.training_state.running


def test_a_callback_that_fails_ends_the_event_and_on_train_end_is_not_called() -> None:
    told: list[str] = []
    before = LambdaCallback(on_epoch_end=lambda epoch, logs: told.append("before"))
    after = LambdaCallback(
        on_epoch_end=lambda epoch, logs: told.append("after"), on_train_end=lambda logs: told.append("end")
    )
    with pytest.raises(Broken):
        new_model().fit(X, Y, verbose=0, callbacks=[before, LambdaCallback(on_epoch_end=raising), after])
    assert told == ["before"]
