"""A call that fails harms nothing: the words of the error, and the model afterwards, looked at in one way."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import MinifitError, NotBuiltError, NotCompiledError
from minifit.layers import Dense, Embedding, Flatten
from minifit.optimizers import SGD

X = np.sin(np.arange(24, dtype=np.float32)).reshape(8, 3)
Y = np.cos(np.arange(8, dtype=np.float32))
CLASSES = np.array([0, 1, 2, 0, 1, 2, 1, 0])
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]
WORDS = np.array([[0, 4], [1, 1], [2, 0], [3, 3], [4, 2], [0, 1], [2, 2], [1, 3]])

Call = Callable[[Sequential], Any]


@dataclass(frozen=True)
class Kind:
    """A model with good data for it: four batches of two samples."""

    layers: Callable[[], list[Any]]
    loss: str
    x: Any
    y: Any
    metrics: tuple[Any, ...] = ()

    def new(self) -> Sequential:
        """A compiled model, always with the same weights."""
        model = Sequential(self.layers(), name="model")
        model.compile(SGD(0.125), self.loss, metrics=list(self.metrics))
        if model.built:
            model.set_weights([_spread(w.shape) for w in model.weights])
        return model


def _spread(shape: tuple[int, ...]) -> Any:
    return np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)


def _dense(units: int, activation: str | None) -> Callable[[], list[Any]]:
    return lambda: [
        Dense(4, activation="tanh", input_shape=(3,), name="first"),
        Dense(units, activation, name="last"),
    ]


KINDS = {
    "numbers": Kind(_dense(1, None), "mse", X, Y),
    "classes": Kind(
        _dense(3, "softmax"), "sparse_categorical_crossentropy", X, CLASSES, metrics=("accuracy",)
    ),
    "one-hot": Kind(_dense(3, "softmax"), "categorical_crossentropy", X, ONE_HOT, metrics=("accuracy",)),
    "words": Kind(
        lambda: [Embedding(5, 2, input_length=2, name="words"), Flatten(), Dense(1, name="last")],
        "mse",
        WORDS,
        Y,
    ),
}


def new_model() -> Sequential:
    return KINDS["numbers"].new()


def bits(model: Sequential) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


@cache
def trained_bits(batches: int = 0, kind: str = "numbers") -> tuple[bytes, ...]:
    """The weights after so many batches of two samples, in a model that nothing ever happened to."""
    model = KINDS[kind].new()
    train(model, kind, slice(0, 2 * batches))
    return tuple(bits(model))


def train(model: Sequential, kind: str, rows: slice) -> None:
    x, y = KINDS[kind].x[rows], KINDS[kind].y[rows]
    if len(x):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0)


def fails(model: Sequential, call: Call, error: type[MinifitError], says: tuple[str, ...]) -> str:
    """The text of the error: of this class, with these pieces in their order, and complete."""
    with pytest.raises(MinifitError) as caught:
        call(model)
    text = str(caught.value)
    assert type(caught.value) is error, text
    place = 0
    for piece in says:
        assert piece in text[place:], text
        place = text.index(piece, place)
    rule, received, rest = text.partition("Received: ")
    if not received:
        assert error in (NotBuiltError, NotCompiledError), "only the state of a model is no value to show"
        rule, _, rest = text.partition(". ")
        assert rest, "what to do is said"
    else:
        assert ". " in rest, "after what came in the text says what to do, in a separate sentence"
    assert len(rule.split()) >= 3, "the text begins with the rule"
    assert rest.endswith((".", "?"))
    return text


def unharmed(model: Sequential, steps: int = 0, kind: str = "numbers") -> None:
    """The weights are as after so many steps, and the model trains on as if nothing had happened."""
    assert tuple(bits(model)) == trained_bits(steps, kind)
    assert not model.training_state.running
    train(model, kind, slice(2 * steps, None))
    assert tuple(bits(model)) == trained_bits(4, kind)
