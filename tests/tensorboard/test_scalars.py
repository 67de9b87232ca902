"""Scalars made side by side are the very messages that events make one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minifit.kernels import reference
from minifit.tensorboard import events, records, scalars
from minifit.tensorboard.events import Event
from minifit.tensorboard.scalars import Scalar

STEPS = st.one_of(st.integers(0, 300), st.integers(-(2**63), 2**63 - 1))
SCALARS = st.builds(Scalar, st.floats(0, 2e9), STEPS, st.sampled_from(["loss", "a/b", "ä"]), st.floats())


@given(st.lists(SCALARS, max_size=40))
def test_as_one_by_one(made: list[Scalar]) -> None:
    def one(scalar: Scalar) -> bytes:
        value = scalars.scalar_value(scalar.tag, scalar.value)
        return records.framed(events.encode(Event(scalar.wall_time, scalar.step, (value,))))

    assert scalars.encode(made, reference) == [one(scalar) for scalar in made]


def test_a_value_beyond_float32_is_infinite() -> None:
    value = scalars.scalar_value("x", 1e300)
    assert isinstance(value.tensor, np.ndarray)
    assert value.tensor == np.inf
