"""Slots have the layout of the buffer, begin with their value, and move when it is laid out anew."""

import numpy as np

from minifit.optimizers.slots import Slots
from minifit.parameters import Parameter, ParameterBuffer


def buffer_of(*sizes: int) -> ParameterBuffer:
    buffer = ParameterBuffer()
    buffer.adopt([Parameter(f"p{size}", np.zeros(size)) for size in sizes])
    return buffer


def test_they_begin_with_zero_or_with_what_is_wanted() -> None:
    buffer = buffer_of(3, 20)
    slots = Slots(["m", "sums"], {"sums": 0.25})
    slots.follow(buffer)
    assert list(slots.arrays) == ["m", "sums"]
    assert all(array.shape == buffer.values.shape for array in slots.arrays.values())
    assert not slots.arrays["m"].any()
    for p in buffer.parameters:
        assert (slots.arrays["sums"][p.start : p.start + p.value.size] == 0.25).all()


def test_between_the_parameters_nothing_is_zero_that_is_divided_by() -> None:
    slots = Slots(["sums"], {"sums": 0.0})
    slots.follow(buffer_of(3))
    assert slots.arrays["sums"].tolist() == [0.0] * 3 + [1.0] * 13


def test_they_move_with_the_parameters() -> None:
    buffer = buffer_of(3)
    slots = Slots(["m", "sums"], {"sums": 0.5})
    slots.follow(buffer)
    slots.arrays["m"][:3] = 1, 2, 3
    slots.arrays["sums"][:3] = 4, 5, 6
    old = slots.arrays["m"]
    slots.follow(buffer)
    assert slots.arrays["m"] is old, "nothing was laid out anew"
    (first,) = buffer.parameters
    buffer.adopt([Parameter("new", np.zeros(2)), first])
    slots.follow(buffer)
    assert first.start == 16
    assert slots.arrays["m"][16:19].tolist() == [1, 2, 3]
    assert slots.arrays["sums"][16:19].tolist() == [4, 5, 6]
    assert slots.arrays["m"][:2].tolist() == [0, 0]
    assert slots.arrays["sums"][:2].tolist() == [0.5, 0.5]
