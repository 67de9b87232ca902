"""The graphs whose files minifit and Keras exchange: ``K`` is minifit, tf.keras or keras."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

A = np.sin(np.arange(24, dtype=np.float32)).reshape(8, 3)
B = np.cos(np.arange(16, dtype=np.float32)).reshape(8, 2)
ONE = np.abs(np.cos(np.arange(8, dtype=np.float32)))[:, None]
TWO = np.abs(np.sin(np.arange(16, dtype=np.float32))).reshape(8, 2)


def functions(K: Any) -> Any:
    """The functions on tensors of a library, under their names in minifit."""
    if hasattr(K, "ops"):
        return K.ops
    from importlib import import_module

    tf = import_module("tensorflow")

    named = SimpleNamespace(
        mean=tf.reduce_mean, sum=tf.reduce_sum, max=tf.reduce_max, min=tf.reduce_min, concatenate=tf.concat,
        clip=tf.clip_by_value, relu=tf.nn.relu, softmax=tf.nn.softmax, argmax=tf.argmax,
    )  # fmt: skip
    for name in ("abs", "absolute", "exp", "log", "sqrt", "square", "maximum", "minimum", "sigmoid", "tanh"):
        setattr(named, name, getattr(tf, name, None) or getattr(tf.math, name, None))
    for name in (
        "where",
        "expand_dims",
        "squeeze",
        "reshape",
        "transpose",
        "cast",
        "matmul",
        "stop_gradient",
    ):
        setattr(named, name, getattr(tf, name))
    return named


def two(K: Any) -> Any:
    """Two inputs, two outputs, a layer that is called on both; compiled by the names of the outputs."""
    L = K.layers
    a, b = K.Input((3,), name="a"), K.Input((2,), name="b")
    shared = L.Dense(4, "tanh", name="shared")
    of_a, of_b = shared(a), shared(L.Dense(3, name="widened")(b))
    joined = L.Concatenate(name="joined")([of_a, of_b, a])
    outputs = [
        L.Dense(1, name="one")(joined),
        L.Dense(2, name="two")(L.Add(name="added")([of_b, of_a])),
    ]
    made = K.Model([a, b], outputs, name="of_two")
    made.compile(
        K.optimizers.Adam(0.01),
        {"one": "mse", "two": "mae"},
        metrics={"one": ["mae", K.metrics.MeanSquaredError(name="squares")]},
        loss_weights={"one": 0.5, "two": 2.0},
    )
    return made


def listed(K: Any) -> Any:
    """Compiled by lists, with an output that has no loss, and an optimizer that remembers much."""
    L = K.layers
    a = K.Input((3,), name="a")
    x = L.Dense(4, "relu", name="first")(a)
    x = L.BatchNormalization(name="normalized")(x)
    outputs = [
        L.Dense(1, name="one")(x),
        L.Activation("tanh", name="idle")(x),
        L.Dense(2, "sigmoid", name="two")(x),
    ]
    made = K.Model(a, outputs, name="of_lists")
    made.compile(
        K.optimizers.SGD(0.01, momentum=0.9),
        [K.losses.MeanSquaredError(), None, "binary_crossentropy"],
        metrics=[["mae"], None, ["mse"]],
        loss_weights=[1.0, 0.0, 0.5],
    )
    return made


def dicts(K: Any) -> Any:
    """Inputs and outputs that are dicts."""
    L = K.layers
    a, b = K.Input((3,), name="a"), K.Input((2,), name="b")
    x = L.Concatenate(name="joined")([a, b])
    outputs = {"p": L.Dense(2, name="p")(x), "q": L.Dense(1, name="q")(L.Dense(3, "elu", name="inner")(x))}
    made = K.Model({"a": a, "b": b}, outputs, name="of_dicts")
    made.compile(K.optimizers.Adam(0.01), {"p": "mse", "q": "mse"})
    return made


def merging(K: Any) -> Any:
    """All merging layers."""
    L = K.layers
    a, b = K.Input((3,), name="a"), K.Input((2,), name="b")
    x, y = L.Dense(3, name="x")(a), L.Dense(3, name="y")(b)
    merged = [
        L.Add(name="add")([x, y, a]),
        L.Subtract(name="subtract")([x, y]),
        L.Multiply(name="multiply")([x, y]),
        L.Average(name="average")([x, y, a]),
        L.Maximum(name="maximum")([x, y]),
        L.Minimum(name="minimum")([x, y]),
        L.Dot(axes=1, normalize=True, name="dot")([x, y]),
    ]
    made = K.Model(
        [a, b], L.Dense(1, name="one")(L.Concatenate(axis=1, name="joined")(merged)), name="merging"
    )
    made.compile(K.optimizers.Adam(0.01), "mse")
    return made


def arithmetic(K: Any) -> Any:
    """Operators and functions on tensors."""
    L, F = K.layers, functions(K)
    a, b = K.Input((3,), name="a"), K.Input((2,), name="b")
    x, y = L.Dense(3, name="x")(a), L.Dense(3, name="y")(b)
    z = 1.0 - (x + y * 2.0) / 3.0 - 2.0 / (abs(x) + 1.0) + (-y) ** 2
    z = F.maximum(z, -1.0) + F.minimum(x, y) + F.square(y) + F.sqrt(F.exp(x)) - F.log(F.sigmoid(y))
    z = F.where(z > 0.5, z, 0.1 * z) + F.relu(a) + np.array([0.1, 0.2, 0.3], np.float32)
    z = F.concatenate([z, F.tanh(z[:, 1:]), F.clip(x, -0.5, 0.5), a[:, ::2]], -1)
    z = F.concatenate(
        [z, F.mean(z, axis=1, keepdims=True), F.expand_dims(F.max(z, axis=-1), 1), F.softmax(z)], 1
    )
    z = (
        F.squeeze(F.expand_dims(z, 1), 1)
        + F.sum(F.reshape(z, (-1, 22, 1)), axis=[1, 2], keepdims=False)[:, None]
    )
    z = F.matmul(z, np.full((22, 2), 0.01, np.float32))
    made = K.Model([a, b], L.Dense(1, name="one")(z), name="arithmetic")
    made.compile(K.optimizers.SGD(0.001), "mse")
    return made


def inner_graph(K: Any, name: str = "graph") -> Any:
    """One input, two outputs, weights of both kinds."""
    L = K.layers
    x = K.Input((3,), name=f"{name}_input")
    y = L.BatchNormalization(name=f"{name}_normal")(L.Dense(3, "tanh", name=f"{name}_a")(x))
    return K.Model(x, [y, L.Dense(2, name=f"{name}_b")(y)], name=name)


def inner_chain(K: Any, name: str = "chain") -> Any:
    """A chain with weights of both kinds."""
    L = K.layers
    made = K.Sequential(name=name)
    made.add(K.Input((3,), name=f"{name}_input"))
    for layer in (
        L.Dense(3, name=f"{name}_a"),
        L.BatchNormalization(name=f"{name}_normal"),
        L.Dense(3, name=f"{name}_b"),
    ):
        made.add(layer)
    return made


def graph_in_chain(K: Any) -> Any:
    """A graph, a chain and another layer in a Sequential."""
    L = K.layers
    x = K.Input((3,), name="graph_input")
    y = L.Dense(3, name="graph_a")(x)
    graph = K.Model(x, L.Add(name="graph_sum")([x, y]), name="graph")
    made = K.Sequential([graph, inner_chain(K), L.Dense(1, name="last")], name="outer")
    made.compile(K.optimizers.SGD(0.01, momentum=0.9), "mse", metrics=["mae"])
    return made


def models_in_graph(K: Any) -> Any:
    """A chain that is called twice and a graph of two outputs, which is called twice too, in a graph."""
    L = K.layers
    a = K.Input((3,), name="a")
    chain, graph = inner_chain(K), inner_graph(K)
    first, second = chain(a), chain(L.Dense(3, name="between")(a))
    y, z = graph(first)
    other, _ = graph(second)
    joined = L.Concatenate(name="joined")([y, z, other, a])
    made = K.Model(a, [L.Dense(1, name="one")(joined), graph(joined[:, :3])[1]], name="outer")
    made.compile(K.optimizers.SGD(0.001, momentum=0.5), ["mse", "mse"])
    return made


def three_deep(K: Any) -> Any:
    """A model in a model in a model, one of them frozen."""
    L = K.layers
    a = K.Input((3,), name="a")
    x = K.Input((3,), name="middle_input")
    frozen = inner_chain(K)
    frozen.trainable = False
    y, z = inner_graph(K)(frozen(x))
    middle = K.Model(x, L.Concatenate(name="middle_joined")([y, z]), name="middle")
    made = K.Model(a, L.Dense(1, name="one")(middle(L.Dense(3, name="before")(a))), name="outer")
    made.compile(K.optimizers.Adam(0.01), "mse")
    return made


def custom(K: Any) -> dict[str, Any]:
    """Layers of one's own: several arguments, several results, weights and layers within."""

    class Mixed(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.dense = K.layers.Dense(units)

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="ones")
            super().build(input_shape)

        def call(self, inputs: Any, other: Any = None, factor: float = 1.0) -> Any:
            first, second = inputs
            mixed = self.dense(first) * self.scale * factor
            if other is not None:
                mixed = mixed + other
            return mixed, second * 2.0

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    class Net(K.Model):  # type: ignore[misc]
        """A model by its `call`: layers in attributes, a list and a dict, a model, and a weight of its own."""

        def __init__(self, width: int = 4, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.width = width
            self.widen = K.layers.Dense(width, "tanh")
            self.blocks = [K.layers.Dense(3), K.layers.BatchNormalization()]
            self.heads = {"last": K.layers.Dense(1)}
            self.body = inner_chain(K)
            self.scale = self.add_weight(name="scale", shape=(3,), initializer="ones")

        def call(self, inputs: Any, training: bool = False) -> Any:
            x = self.widen(inputs)
            for block in self.blocks:
                x = block(x)
            return self.heads["last"](self.body(x * self.scale))

        def get_config(self) -> Any:
            return {"name": self.name, "width": self.width}

    return {"Mixed": Mixed, "Net": Net}


def arguments(K: Any) -> Any:
    """A layer of one's own that takes a list and further arguments, and returns two tensors."""
    L = K.layers
    Mixed = custom(K)["Mixed"]
    a, b = K.Input((3,), name="a"), K.Input((2,), name="b")
    mixed = Mixed(3, name="mixed")
    x, y = mixed([a, b], other=L.Dense(3, name="other")(b), factor=0.5)
    x, y = mixed([x, y])
    made = K.Model([a, b], [L.Dense(1, name="one")(x), L.Dense(2, name="two")(y)], name="arguments")
    made.compile(K.optimizers.Adam(0.01), ["mse", "mse"])
    return made


def added(K: Any) -> Any:
    """Losses and metrics that are added to a model."""
    L, F = K.layers, functions(K)
    a = K.Input((3,), name="a")
    x = L.Dense(2, name="mean")(a)
    made = K.Model(a, L.Dense(1, name="one")(x), name="added")
    made.add_loss(F.mean(F.square(x)))
    made.add_metric(F.mean(x), name="center", aggregation="mean")
    made.compile(K.optimizers.Adam(0.01), "mse")
    return made


def subclassed(K: Any) -> Any:
    """A subclass of Model."""
    made = custom(K)["Net"](4, name="net")
    made(A)
    made.compile(K.optimizers.SGD(0.001, momentum=0.9), "mse")
    return made


GRAPHS: dict[str, Callable[[Any], Any]] = {
    "two": two,
    "listed": listed,
    "dicts": dicts,
    "merging": merging,
    "arithmetic": arithmetic,
    "graph-in-chain": graph_in_chain,
    "models-in-graph": models_in_graph,
    "three-deep": three_deep,
    "arguments": arguments,
    "added": added,
    "subclassed": subclassed,
}
"""The cases; `added` is for tf.keras alone: Keras 3 has no symbolic losses."""

WEIGHTS_ALONE = ("subclassed",)
"""Cases of which tf.keras writes the weights only in HDF5."""

INPUTS: dict[str, Any] = dict.fromkeys(GRAPHS, A)
INPUTS |= {name: [A, B] for name in ("two", "merging", "arithmetic", "arguments")}
INPUTS["dicts"] = {"a": A, "b": B}
TARGETS: dict[str, Any] = dict.fromkeys(GRAPHS, ONE)
TARGETS |= {name: [ONE, TWO] for name in ("two", "models-in-graph", "arguments")}
TARGETS |= {"listed": [ONE, np.zeros((8, 4), np.float32), TWO], "dicts": {"p": TWO, "q": ONE}}
