"""A clone has layers and weights of its own, connected as those of the model."""

from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, ops
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Add, Dense, Dropout, Layer, Softmax
from minifit.models import clone_model

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def graph() -> Any:
    """Two inputs by name, two outputs, a shared layer, a model in it, and an op."""
    x, z = Input((4,), name="x"), Input((4,), name="z")
    shared = Dense(3, name="shared")
    inner = Sequential([Dense(3, input_shape=(3,), name="a"), Softmax(name="b")], name="inner")
    added = Add(name="added")([shared(x), inner(shared(z))])
    outputs = {"one": Dense(1, name="one")(added * 2.0), "two": ops.exp(added)}
    return Model({"x": x, "z": z}, outputs, name="model")


def equal(a: Any, b: Any) -> bool:
    return all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def test_a_graph() -> None:
    model = graph()
    clone = clone_model(model)
    assert type(clone) is type(model) and clone.name == "model"
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    assert not set(clone.layers) & set(model.layers)
    assert clone.get_layer("inner") is not model.get_layer("inner")
    assert not set(clone.weights) & set(model.weights)
    assert not equal(clone.get_weights(), model.get_weights())
    clone.set_weights(model.get_weights())
    data = {"x": X, "z": X + 1}
    ours, theirs = model.predict(data), clone.predict(data)
    assert list(theirs) == ["one", "two"] and equal(ours.values(), theirs.values())


def test_a_chain() -> None:
    model = Sequential([Dense(3, input_shape=(4,), name="a"), Dropout(0.5, name="b")], name="m")
    clone = clone_model(model)
    assert type(clone) is Sequential and clone.name == "m" and clone.built
    assert clone.input_names == model.input_names
    assert [layer.name for layer in clone.layers] == ["a", "b"]
    assert clone.layers[1].rate == 0.5  # type: ignore[attr-defined]
    assert not equal(clone.get_weights()[:1], model.get_weights()[:1])
    unbuilt = clone_model(Sequential([Dense(3), Dense(2)]))
    assert not unbuilt.built and [layer.units for layer in unbuilt.layers] == [3, 2]


def test_a_function_of_ones_own() -> None:
    model = graph()
    sharing = clone_model(model, clone_function=lambda layer: layer)
    assert set(sharing.weights) == set(model.weights) and sharing.layers[0] is not model.layers[0]
    seen: list[str] = []

    def wider(layer: Layer) -> Layer:
        seen.append(layer.name)
        return Dense(7, name="one") if layer.name == "one" else type(layer).from_config(layer.get_config())

    clone = clone_model(model, clone_function=wider)
    assert clone.output_shape["one"] == (None, 7)
    assert sorted(seen) == sorted(layer.name for layer in model.layers[2:]), "each layer once, and no input"
    chain = clone_model(Sequential([Dense(1, input_shape=(4,), name="one")]), clone_function=wider)
    assert chain.output_shape == (None, 7)


class Twice(Layer):
    """A layer of the user's."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


def test_layers_of_the_user_inside_a_model_inside_a_model() -> None:
    inner = Sequential([Twice(name="twice"), Dense(2, name="d")], name="inner")
    x = Input((4,), name="x")
    for model in (Sequential([inner]), Model(x, inner(x))):
        clone = clone_model(model)
        inside = clone.get_layer("inner")
        assert [type(layer) for layer in inside.layers] == [Twice, Dense] and inside is not inner


def test_inputs_of_ones_own() -> None:
    model = graph()
    x, z = Input((4,), name="left"), Input((4,), name="right")
    clone = clone_model(model, [x, Dense(4)(z)])
    assert clone_model(model, [x, z]).input_names == ["left", "right"]
    assert len(clone.inputs) == 2
    chain = Sequential([Dense(3, input_shape=(4,))])
    assert clone_model(chain, x).input_names == ["left"]
    assert clone_model(Sequential([Dense(3)]), [x]).output_shape == (None, 3)
    with pytest.raises(ArgumentError, match=r"cloned on an Input.*'softmax"):
        clone_model(chain, Softmax()(x))
    with pytest.raises(ArgumentError, match=r"has 2 inputs. Received: 1"):
        clone_model(model, [x])
    with pytest.raises(ArgumentTypeError, match="input_tensors must be symbols"):
        clone_model(chain, X)


def test_losses_that_were_added_are_cloned() -> None:
    x = Input((4,), name="x")
    hidden = Dense(3, name="h")(x)
    model = Model(x, Dense(1, name="o")(hidden), name="m")
    model.add_loss(ops.mean(ops.square(hidden)))
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    for each in (model, clone):
        each.compile("sgd", "mse")
    y = X.sum(1)
    assert clone.evaluate(X, y, verbose=0) == model.evaluate(X, y, verbose=0)
    assert model.evaluate(X, y, verbose=0) > float(np.mean((model.predict(X)[:, 0] - y) ** 2)) + 1e-4


class Own(Model):
    """A model that is no graph."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.dense = Dense(1)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return self.dense(inputs)


def test_what_cannot_be_cloned() -> None:
    with pytest.raises(ArgumentError, match=r"a graph or a chain can be cloned. Received: 'own', a Own"):
        clone_model(Own())
    with pytest.raises(ArgumentTypeError, match="clone_model clones a model"):
        clone_model(Dense(1))  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="a function of a layer"):
        clone_model(graph(), clone_function="share")  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match=r"return the clone of a layer. Received: None for 'shared'"):
        clone_model(graph(), clone_function=lambda layer: None)  # type: ignore[arg-type, return-value]
