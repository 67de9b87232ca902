"""Where a layer stands in graphs."""

import numpy as np
import pytest

from minifit.errors import NotBuiltError, UnconnectedError
from minifit.layers import Dense, Input
from minifit.models import Model


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
    with pytest.raises(UnconnectedError, match=r"called 2 times\. Use get_output_at\(0\)"):
        layer.output  # noqa: B018
    assert layer.get_input_at(1) is b
    assert (layer.get_output_at(0), layer.get_output_at(1)) == (first, second)
    assert layer.output_shape == (None, 2)


def test_shapes_that_differ_from_call_to_call_are_no_shape_of_the_layer() -> None:
    layer = Dense(2)
    layer(Input((3,)))
    layer(Input((5, 3)))
    with pytest.raises(UnconnectedError, match="called on different shapes"):
        layer.output_shape  # noqa: B018


def test_a_layer_outside_of_graphs_has_no_symbols() -> None:
    layer = Dense(2)
    assert not hasattr(layer, "output")
    with pytest.raises(NotBuiltError, match="has shapes once it is built"):
        layer.output_shape  # noqa: B018
    layer(np.ones((1, 3), np.float32))
    assert layer.output_shape == (None, 2)
    assert not hasattr(layer, "input")


def test_features_of_all_layers() -> None:
    x = Input((3,))
    model = Model(x, Dense(1)(Dense(2)(x)))
    features = Model(model.input, [layer.output for layer in model.layers])
    assert [f.shape for f in features(np.ones((4, 3), np.float32))] == [(4, 3), (4, 2), (4, 1)]
