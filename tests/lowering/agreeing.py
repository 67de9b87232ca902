"""The comparison that tests of programs share: a model trained op by op in plain NumPy and as a program."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from minifit import Sequential, nest
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.layers import Dense, Flatten, Layer, Reshape
from minifit.layers.base import clear_names
from minifit.randomness import set_random_seed

AGREE = 1e-4
"""The largest distance between the engines, as a part of the largest number of an array."""


@contextmanager
def engine(name: str) -> Iterator[None]:
    """While it lasts, `fit` and its like run on these kernels: "numpy" or "numba"."""
    before = os.environ.get("MINIFIT_KERNELS")
    os.environ["MINIFIT_KERNELS"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["MINIFIT_KERNELS"]
        else:
            os.environ["MINIFIT_KERNELS"] = before


class Keep(Callback):
    """Keeps what a training comes to, and why it had no program, if it had none."""

    def on_train_end(self, logs: Any = None) -> None:
        state = self.model.training_state
        self.captured = state.capture()
        self.reason = state.step.reason or ("no program" if state.step.programs is None else "")
        self.slots = [
            {k: v.copy() for k, v in self.model.optimizer.slots_of(w).items()} for w in self.model.weights
        ]


class Watch(Keep):
    """Looks at every batch besides, so that each is taken by itself."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append(dict(logs))


@dataclass
class Outcome:
    """The results of a training on one engine.

    Attributes
    ----------
    numbers : dict
        Arrays and floats by a name that says what they are: weights, slots, logs, losses, predictions.
    exact : dict
        What must be the same to the last bit on both engines: the states of generators, the count of steps.
    reason : str
        The part of the model that keeps it from having a program; empty if it has one.
    """

    numbers: dict[str, Any]
    exact: dict[str, Any]
    reason: str


def trained(make: Callable[[], Any], kernels: str, x: Any, y: Any, watched: bool, **fitting: Any) -> Outcome:
    """Train a fresh model on an engine, then let it judge and predict the same data."""
    set_random_seed(0)
    clear_names()
    model, kept = make(), Watch() if watched else Keep()
    options = {"batch_size": 4, "epochs": 2, "verbose": 0, **fitting}
    with engine(kernels):
        history = model.fit(x, y, callbacks=[kept], **options).history
        judged = model.evaluate(x, y, batch_size=3, verbose=0, return_dict=True)
        predicted = nest.flatten(model.predict(x, batch_size=4, verbose=0))
    numbers = {f"weight {w.name}": w.value.copy() for w in model.weights}
    for weight, slots in zip(model.weights, kept.slots, strict=True):
        numbers |= {f"{name} of {weight.name}": slot for name, slot in slots.items()}
    numbers |= {f"logs: {name}": values for name, values in history.items()}
    numbers |= {f"judged: {name}": value for name, value in judged.items()}
    numbers |= {f"output {i}": values for i, values in enumerate(predicted)}
    exact = {name: kept.captured[name] for name in ("streams", "global streams")}
    exact["iterations"] = int(model.optimizer.iterations)
    return Outcome(numbers, exact, kept.reason)


def assert_agree(
    make: Callable[[], Any],
    x: Any,
    y: Any,
    *,
    apart: float = AGREE,
    **fitting: Any,
) -> None:
    """Assert that a model is lowered to a program, and trains, judges and predicts as it does op by op.

    Parameters
    ----------
    make : callable
        Returns a fresh model, compiled; random numbers are seeded ahead of each call, and the counting of
        names begins again.
    x, y : arrays, nested as `fit` takes them
    apart : float, default `AGREE`
        How far the engines may lie apart, as a part of the largest number of each array.
    **fitting
        Further arguments of `fit`; by default 2 epochs in batches of 4.
    """
    reason = reason_of(make, x, y, apart=apart, **fitting)
    assert not reason, f"no program has {reason}"


def assert_refused(make: Callable[[], Any], x: Any, y: Any, reason: str, **fitting: Any) -> None:
    """Assert that a model goes op by op for a reason that has these words, and comes to the same on both engines."""
    found = reason_of(make, x, y, **fitting)
    assert reason in found, found


def reason_of(make: Callable[[], Any], x: Any, y: Any, *, apart: float = AGREE, **fitting: Any) -> str:
    """Assert as `assert_agree` does for a model that may go op by op, and return the reason why it does."""
    expected = trained(make, "numpy", x, y, watched=False, **fitting)
    found = trained(make, "numba", x, y, watched=False, **fitting)
    watched = trained(make, "numba", x, y, watched=True, **fitting)
    for name, one, other in pairs(found, watched):
        np.testing.assert_array_equal(one, other, err_msg=f"{name}: watched or not")
    for name, one, other in pairs(expected, found):
        assert distance(one, other) <= apart, f"{name}: {one} and {other} are {distance(one, other)} apart"
    assert repr(expected.exact) == repr(found.exact) == repr(watched.exact), "generators or counts differ"
    return found.reason


def pairs(one: Outcome, other: Outcome) -> Iterator[tuple[str, Array, Array]]:
    """Yield the arrays of two outcomes side by side."""
    assert list(one.numbers) == list(other.numbers)
    for name, a in one.numbers.items():
        yield name, np.asarray(a, np.float64), np.asarray(other.numbers[name], np.float64)


def distance(expected: Array, found: Array) -> float:
    """Return the largest difference, as a part of the largest number; what is not finite must be the same."""
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(expected[~finite], found[~finite])
    size = np.abs(expected[finite]).max(initial=1e-3)
    return float(np.abs(expected[finite] - found[finite]).max(initial=0) / size)


class Of(Layer):
    """A function of tensors, written in ops, as a layer that takes part in programs."""

    def __init__(self, function: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._function = function

    def call(self, inputs: Any) -> Any:
        return self._function(inputs)

    lower = Layer.lower_by_call


def assert_op_agrees(function: Callable[[Any], Any]) -> None:
    """Assert that a function of a value of shape (None, 2, 3) and its gradient are the same on both engines."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((18, 4), np.float32), rng.standard_normal((18, 2), np.float32)

    def make() -> Sequential:
        model = Sequential(
            [Dense(6, "tanh", input_shape=(4,)), Reshape((2, 3)), Of(function), Flatten(), Dense(2)]
        )
        model.compile("sgd", "mse")
        return model

    assert_agree(make, x, y, epochs=1)
