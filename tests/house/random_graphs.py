"""Random small graphs: what tests that must hold for models of every kind are fed with.

A graph grows from its inputs: each step calls a layer on what is there already, a new layer or one that was called
before, a model inside, an op, or a layer that joins two. All of it follows from one list of numbers, so a failing
example can be made again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minifit import Input, Model, Sequential, layers, ops
from minifit.arrays import Array

WIDTH = 3
"""Of every tensor, so that any two can be joined."""


BATCHES = 3
"""In an epoch: 16 samples, 6 at a time."""


class Residual(layers.Layer):
    """A layer with layers inside, a term of the loss, and a metric."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.parts = [
            layers.Dense(WIDTH, "tanh", name=f"{name}_in"),
            layers.Dropout(0.3, name=f"{name}_drop"),
        ]

    def call(self, inputs: Any, training: bool = False) -> Any:
        made = self.parts[1](self.parts[0](inputs), training=training)
        self.add_loss(0.01 * ops.mean(ops.square(made)))
        return inputs + made


class Subclassed(Model):
    """A model that calls its layers itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.first = layers.Dense(WIDTH, "relu", name=f"{name}_first")
        self.more = {"norm": layers.BatchNormalization(name=f"{name}_norm")}

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return self.more["norm"](self.first(inputs), training=training)


ONE: dict[str, Callable[[str], Any]] = {
    "dense": lambda name: layers.Dense(WIDTH, "tanh", name=name, kernel_regularizer="l2"),
    "dropout": lambda name: layers.Dropout(0.4, name=name),
    "noise": lambda name: layers.GaussianNoise(0.1, name=name),
    "norm": lambda name: layers.BatchNormalization(name=name),
    "bent": lambda name: layers.PReLU("random_normal", name=name),
    "shares": lambda name: layers.Softmax(name=name),
    "gate": lambda name: layers.Activation("gelu", name=name),
    "residual": Residual,
    "chain": lambda name: Sequential(
        [layers.Dense(WIDTH, name=f"{name}_a", input_shape=(WIDTH,)), layers.Dropout(0.2, name=f"{name}_b")],
        name=name,
    ),
    "subclass": Subclassed,
}
"""Layers and models of one tensor, by a name."""

TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: layers.Add()([a, b]),
    "maximum": lambda a, b: layers.Maximum()([a, b]),
    "joined": lambda a, b: layers.Dense(WIDTH)(layers.Concatenate()([a, b])),
    "arithmetic": lambda a, b: a * 0.5 + ops.tanh(b),
    "product": lambda a, b: layers.Multiply()([a, b]),
    "angle": lambda a, b: a * layers.Dot(1, normalize=True)([a, b]),
    "centred": lambda a, b: a - ops.mean(b, 1, keepdims=True),
    # the offset keeps equal values apart, which engines may round to either side
    "chosen": lambda a, b: ops.where(a > b + 0.125, a * b, ops.clip(b, -1, 1)),
    "in parts": lambda a, b: ops.concatenate([a[:, 1:], ops.max(b, 1, keepdims=True)], -1),
}
"""What joins two tensors."""


@dataclass
class Drawn:
    """A graph, and how it is trained."""

    inputs: int
    steps: Sequence[tuple[str, int, int]]
    """Each with what is called, and on which of the tensors that are there."""
    outputs: int
    frozen: int
    optimizer: str
    epochs: int
    seed: int

    def model(self) -> Any:
        """Return a fresh model, compiled."""
        inputs = [Input((WIDTH,), name=f"input_{i}") for i in range(self.inputs)]
        tensors: list[Any] = list(inputs)
        made: list[Any] = []
        for place, (kind, a, b) in enumerate(self.steps):
            first, second = tensors[a % len(tensors)], tensors[b % len(tensors)]
            if kind in TWO:
                tensors.append(TWO[kind](first, second))
            elif kind == "again" and made:
                tensors.append(made[b % len(made)](first))
            else:
                made.append(ONE[kind if kind in ONE else "dense"](f"layer_{place}"))
                tensors.append(made[-1](first))
        outputs = [
            layers.Dense(1, name=f"output_{i}")(tensors[-1 - i % len(tensors)]) for i in range(self.outputs)
        ]
        model = Model(inputs, outputs[0] if self.outputs == 1 else outputs)
        if made:
            made[self.frozen % len(made)].trainable = self.frozen % 3 > 0
        model.compile(
            self.optimizer, "mse", metrics=["mae"], loss_weights=[0.5 + i for i in range(self.outputs)]
        )
        return model

    def data(self) -> tuple[list[Array], list[Array]]:
        """Return inputs and targets, always the same."""
        rng = np.random.default_rng(self.seed)
        x = [rng.standard_normal((20, WIDTH), np.float32) for _ in range(self.inputs)]
        return x, [rng.standard_normal((20, 1), np.float32) for _ in range(self.outputs)]

    def fit(self, model: Any, *callbacks: Any) -> Any:
        """Train it."""
        x, y = self.data()
        return model.fit(
            x, y, batch_size=6, epochs=self.epochs, validation_split=0.2, verbose=0, callbacks=list(callbacks)
        )


KINDS = st.sampled_from([*ONE, *TWO, "again", "again"])
PLACES = st.integers(0, 7)

graphs = st.builds(
    Drawn,
    inputs=st.integers(1, 2),
    steps=st.lists(st.tuples(KINDS, PLACES, PLACES), min_size=1, max_size=7),
    outputs=st.integers(1, 3),
    frozen=st.integers(0, 11),
    optimizer=st.sampled_from(["sgd", "adam", "rmsprop", "nadam"]),
    epochs=st.integers(2, 3),
    seed=st.integers(0, 1000),
)
"""Any of these."""
