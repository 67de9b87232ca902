"""What a step has changed comes back in reverse, also where it is interrupted; what was taken stays."""

import signal

import numpy as np
import pytest

from minifit.randomness import Streams
from minifit.tensor import Context
from minifit.undo import TrialUndo, Undo
from tests.interrupting import ctrl_c


def test_arrays_come_back_as_they_were_first() -> None:
    undo, array = Undo(), np.arange(3.0)
    for value in (5, 6):
        undo.keep(array)
        array[:] = value
    undo.undo()
    assert array.tolist() == [0, 1, 2]
    assert not undo.changes


def test_what_was_taken_stays() -> None:
    undo, array = Undo(), np.zeros(2)
    undo.keep(array)
    array[:] = 1
    undo.forget()
    undo.undo()
    assert array.tolist() == [1, 1]


def test_a_generator_goes_back_to_where_the_step_began() -> None:
    undo, rng = Undo(), np.random.default_rng(0)
    rng.random()
    undo.keep_place(rng)
    first = rng.random()
    undo.keep_place(rng)
    rng.random()
    undo.undo()
    assert rng.random() == first


@pytest.mark.parametrize("seed", [None, 3])
def test_numbers_that_are_drawn_in_a_step_are_drawn_again(seed: int | None) -> None:
    undo = Undo()
    context = Context(streams=Streams(1), undo=undo)
    first = context.generator("noise", seed).random()
    undo.undo()
    assert context.generator("noise", seed).random() == first
    undo.forget()
    assert context.generator("noise", seed).random() != first


def test_what_is_drawn_in_a_trial_stays_drawn() -> None:
    undo, array = TrialUndo(), np.zeros(2)
    context = Context(streams=Streams(1), undo=undo)
    first = context.generator("noise").random()
    undo.keep(array)
    array[:] = 1
    undo.undo()
    assert context.generator("noise").random() != first
    assert not array.any()


def test_an_interrupt_waits_until_all_is_back() -> None:
    undo, array, other = Undo(), np.zeros(1), np.zeros(1)
    undo.keep(array)
    undo.then(signal.raise_signal, signal.SIGINT)
    undo.keep(other)
    array[:] = other[:] = 1
    with ctrl_c(), pytest.raises(KeyboardInterrupt):
        undo.undo()
    assert (array[0], other[0]) == (0, 0)
