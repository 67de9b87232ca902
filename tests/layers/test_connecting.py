"""Where a layer stands in graphs."""

import numpy as np
import pytest

from minifit import layers
from minifit.errors import NotBuiltError, UnconnectedError
from minifit.layers import Dense, Input
from minifit.models import Model, Sequential


def test_a_layer_knows_the_symbols_of_its_call() -> None:
    x, layer = Input((3,)), Dense(2)
    y = layer(x)
    assert layer.input is x
    assert layer.output is y
    assert layer.input_shape == (None, 3)
    assert layer.output_shape == (None, 2)
    assert [node.outputs for node in layer.inbound_nodes] == [y]


def test_a_layer_that_was_called_several_times_is_asked_by_the_number_of_the_call() -> None:
    a, b, layer = Input((3,)), Input((3,)), Dense(2)
    first, second = layer(a), layer(b)
    assert layer.input is a
    assert layer.output is first  # that of the first call, as in tf.keras
    assert layer.get_input_at(1) is b
    assert (layer.get_output_at(0), layer.get_output_at(1)) == (first, second)
    assert layer.output_shape == (None, 2)


def test_shapes_that_differ_from_call_to_call_are_no_shape_of_the_layer() -> None:
    layer = Dense(2)
    layer(Input((3,)))
    layer(Input((5, 3)))
    with pytest.raises(UnconnectedError, match="called with different shapes"):
        layer.output_shape  # noqa: B018
    assert (layer.get_input_shape_at(1), layer.get_output_shape_at(1)) == ((None, 5, 3), (None, 5, 2))


def test_a_model_is_cut_in_two_as_often_as_one_likes() -> None:
    model = Sequential([Dense(4, input_shape=(3,)), Dense(2), Dense(1)])
    for _ in range(2):  # the second part calls the last layer once more
        features = Model(model.input, [layer.output for layer in model.layers])
        ends = Model(model.layers[1].output, model.output)
    x = np.ones((2, 3), np.float32)
    assert (ends(features(x)[1]).numpy() == model(x).numpy()).all()


def test_a_layer_outside_of_graphs_has_no_symbols() -> None:
    layer = Dense(2)
    assert not hasattr(layer, "output")
    with pytest.raises(NotBuiltError, match="before it is built"):
        layer.output_shape  # noqa: B018
    layer(np.ones((1, 3), np.float32))
    assert layer.output_shape == (None, 2)
    assert not hasattr(layer, "input")


def test_features_of_all_layers() -> None:
    x = Input((3,))
    model = Model(x, Dense(1)(Dense(2)(x)))
    features = Model(model.input, [layer.output for layer in model.layers])
    assert [f.shape for f in features(np.ones((4, 3), np.float32))] == [(4, 3), (4, 2), (4, 1)]


def test_the_input_of_an_op_on_a_number_is_the_symbol() -> None:
    x = Input((3,))
    for y in (1 + x, x + 1, 2 / x):
        assert y.node.layer.input_shape == (None, 3)
    together = layers.concatenate([x, x])
    assert together.node.layer.input_shape == [(None, 3), (None, 3)]
