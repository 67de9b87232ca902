"""The inputs and outputs of models, and the order in which data comes to them."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, NotBuiltError, ShapeError, UnknownNameError
from minifit.layers import Dense, Dropout, Flatten, Input
from minifit.models import Model, Sequential

X = np.ones((2, 3), np.float32)


def two() -> Any:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    return Model([a, b], [Dense(1, name="d")(a), Dense(1, name="e")(b)])


def test_names_of_outputs_are_those_of_layers_each_once() -> None:
    x, layer = Input((3,)), Dense(3, name="d")
    assert Model(x, [layer(x), layer(layer(x))]).output_names == ["d", "d_1"]


@pytest.mark.parametrize(
    ("returns", "names"),
    [
        (lambda x: x, ["output_1"]),
        (lambda x: [x, x], ["output_1", "output_2"]),
        (lambda x: {"b": x, "a": x}, ["a", "b"]),
        (lambda x: [x, (x, x)], ["output_1", "output_2_1", "output_2_2"]),
        (lambda x: {"a": [x, x]}, ["a_1", "a_2"]),
    ],
)
def test_outputs_of_a_subclass_are_named_as_in_keras(returns: Any, names: list[str]) -> None:
    class Made(Model):
        def call(self, inputs: Any) -> Any:
            return returns(inputs)

    model = Made()
    model.build((None, 3))
    assert model.output_names == names


def test_a_dict_may_hold_more_than_the_inputs() -> None:
    first, _ = two()({"b": X, "a": 2 * X, "c": X})
    assert first.shape == (2, 1)
    with pytest.raises(UnknownNameError, match="'b'"):
        two()({"a": X})


def test_a_chain_is_found_in_a_graph() -> None:
    x = Input((3,))
    model = Model(x, Dense(1)(Dropout(0.5)(x)))
    assert model.is_chain
    assert not two().is_chain


def test_what_is_no_graph_has_no_symbols() -> None:
    class Bare(Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    model = Bare()
    assert (model.inputs, model.outputs, model.input_names) == (None, None, None)
    with pytest.raises(NotBuiltError, match=r"has no input: .* calls its layers in call"):
        model.input  # noqa: B018
    with pytest.raises(NotBuiltError, match="only a graph"):
        model.add_loss(Input((1,)))


def test_what_every_layer_makes_of_data() -> None:
    model = Sequential([Dense(2, input_shape=(3,), name="p"), Dense(1, name="q")])
    made = model.layer_outputs(X)
    np.testing.assert_array_equal(made["q"], model.predict(X))
    assert list(made) == ["p", "q"]


def test_further_symbols_are_computed_but_not_returned() -> None:
    model = two()
    model.add_metric(model.inputs[0] * 2.0, name="doubled")
    assert [o.shape for o in model([X, X])] == [(2, 1), (2, 1)]
    with pytest.raises(ArgumentError, match="disconnected"):
        model.add_loss(Input((1,)) * 2.0)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
@pytest.mark.parametrize("declared", [(3,), (3, 1)])
def test_a_last_axis_of_one_may_be_left_out_or_one_too_many(
    shape: tuple[int, ...], declared: tuple[int, ...]
) -> None:
    x = Input(declared)
    model = Model(x, Dense(1, kernel_initializer="ones")(Flatten()(x)))
    np.testing.assert_allclose(model(np.ones(shape, np.float32)), [[3], [3]])
    np.testing.assert_allclose(model.predict(np.ones(shape, np.float32), verbose=0), [[3], [3]])


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 2), (2, 3, 1, 2)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    x = Input((3, 1))
    with pytest.raises(ShapeError, match="expects input of shape"):
        Model(x, Flatten()(x))(np.ones(shape, np.float32))
