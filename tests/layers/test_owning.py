"""What a layer owns, wherever its attributes hold it and whenever it was put there."""

from typing import Any

import numpy as np
import pytest

from minifit.layers import Dense, Layer
from minifit.metrics import Mean
from minifit.parameters import Parameter
from minifit.tensor import Tensor


class Holder(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.things: Any = []

    def call(self, inputs: Tensor) -> Any:
        for layer in self.layers_inside():
            inputs = layer(inputs)
        return inputs


def parameter(name: str) -> Parameter:
    return Parameter(name, np.zeros(2, np.float32))


def test_what_is_appended_later_is_owned() -> None:
    holder = Holder()
    holder.things.append(Dense(2, name="a"))
    assert [layer.name for layer in holder.layers_inside()] == ["a"]
    holder.things.append({"deep": [Dense(2, name="b")], "weight": parameter("w")})
    assert [layer.name for layer in holder.layers_inside()] == ["a", "b"]
    holder(np.ones((1, 3), np.float32))
    assert len(holder.trainable_weights) == 5
    assert [w.name for w in holder.own_weights()] == ["w"]


def test_layers_that_are_taken_out_are_owned_no_longer() -> None:
    holder = Holder()
    holder.things += [Dense(2, name="a"), Dense(2, name="b")]
    assert len(holder.layers_inside()) == 2
    holder.things.pop(0)
    assert [layer.name for layer in holder.layers_inside()] == ["b"]
    del holder.things
    assert holder.layers_inside() == []


def test_a_layer_that_is_held_twice_is_owned_once() -> None:
    holder, shared = Holder(), Dense(2)
    holder.things += [shared, [shared]]
    holder.other = shared
    assert holder.layers_inside() == [shared]


def test_layers_come_each_ahead_of_those_in_it() -> None:
    outer, inner = Holder(), Holder()
    inner.things.append(Dense(1, name="leaf"))
    outer.things += [inner, Dense(1, name="last")]
    assert [layer.name for layer in outer.layers_within()][2:] == ["leaf", "last"]


def test_metrics_are_found() -> None:
    holder = Holder()
    holder.seen, holder.more = Mean("seen"), {"x": [Mean("deep")]}
    assert [m.name for m in holder.own_metrics()] == ["seen", "deep"]


def test_freezing_acts_all_the_way_down() -> None:
    outer, inner = Holder(), Holder()
    inner.things.append(Dense(1))
    outer.things.append(inner)
    outer(np.ones((1, 3), np.float32))
    outer.trainable = False
    assert outer.trainable_weights == inner.trainable_weights == []
    assert not inner.things[0].trainable
    inner.things[0].trainable = True
    assert outer.trainable_weights == []
    assert len(inner.things[0].trainable_weights) == 2


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_container_that_is_replaced_is_let_go(kind: Any) -> None:
    holder = Holder()
    holder.things = kind([Dense(1)])
    holder.things = kind([kept := Dense(1)])
    assert holder.layers_inside() == [kept]


def test_what_is_put_into_a_list_later_has_the_place_of_the_list() -> None:
    class Both(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.first = Dense(1)
            self.many: list[Layer] = []
            self.last = Dense(2)
            self.many.append(Dense(3))
            self.many.append(Dense(4))

    layer = Both()
    assert [inner.units for inner in layer.layers_inside()] == [1, 3, 4, 2]  # as in tf.keras
    layer.many.append(Dense(5))
    assert [inner.units for inner in layer.layers_inside()] == [1, 3, 4, 5, 2]
