"""Ops on symbols as layers."""

import pickle
from typing import Any

import numpy as np
import pytest

from minifit import Model, ops
from minifit.errors import ArgumentError, ShapeError, UnknownNameError
from minifit.layers import Input
from minifit.layers.op_lambda import TFOpLambda
from minifit.tensor import as_tensor

X = np.array([[1.0, -2.0, 3.0]], np.float32)


@pytest.mark.parametrize(
    ("op", "name"),
    [
        (lambda x: x * 2.0, "math.multiply"),
        (lambda x: 2.0 - x, "math.subtract"),
        (lambda x: ops.clip(x, -1.0, 1.0), "clip_by_value"),
        (lambda x: ops.sum(x, axis=1, keepdims=True), "math.reduce_sum"),
        (lambda x: x[:, ::2], "__operators__.getitem"),
    ],
)
def test_the_layer_does_what_the_op_does(op: Any, name: str) -> None:
    symbol = op(Input((3,)))
    layer, node = symbol.node.layer, symbol.node
    assert type(layer) is TFOpLambda
    assert layer.function == name
    first = X if node.parents[0] is node.inputs else node.inputs
    numbers = {k: as_tensor(X) if v is node.parents[0] else v for k, v in node.kwargs.items()}
    again = TFOpLambda.from_config(pickle.loads(pickle.dumps(layer.get_config())))
    np.testing.assert_array_equal(again(first, **numbers).numpy(), op(as_tensor(X)).numpy())


def test_names_are_counted_as_in_keras() -> None:
    x = Input((3,))
    first, second = (x + 1.0).name, (x + 1.0).name
    assert first.startswith("tf.__operators__.add")
    assert first != second


def test_an_op_that_no_table_has_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="operation"):
        TFOpLambda("os.system")
    with pytest.raises(ArgumentError, match=r"one of minifit\.ops"):
        Input((3,)).of_op(print, (), {})


def test_shapes_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(ShapeError, match="broadcast"):
        Input((3,)) + Input((2,))


def test_an_op_that_returns_several_tensors() -> None:
    x = Input((4,))
    first, second = ops.split(x, 2, axis=-1)
    shapes: Any = [first.shape, second.shape]
    assert shapes == [(None, 2), (None, 2)]
    model = Model(x, first - second)
    found = model.predict(np.array([[1.0, 2.0, 5.0, 7.0]], np.float32), verbose=0)
    np.testing.assert_array_equal(found, [[-4, -5]])
