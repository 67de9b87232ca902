"""SaveFrequency: what counts, when it is time, and in how many batches that will be."""

import pytest

from minifit.callbacks.save_frequency import SaveFrequency
from minifit.errors import ArgumentError


def times(frequency: SaveFrequency, ends: list[int]) -> list[int]:
    """The batches, of those whose end it is told, after which it is time."""
    return [batch for batch in ends if frequency.due(batch)]


def test_epochs_count() -> None:
    frequency = SaveFrequency("epoch")
    assert frequency.by_epochs
    assert frequency.wake_after() is None
    assert times(frequency, list(range(10))) == []


def test_batches_count_over_epochs() -> None:
    frequency = SaveFrequency(3)
    frequency.begin_epoch()
    assert times(frequency, [0, 1, 2, 3]) == [2]
    assert frequency.wake_after() == 2
    frequency.begin_epoch()
    assert times(frequency, [0, 1, 2, 3]) == [1]
    assert frequency.wake_after() == 1


def test_several_batches_at_once() -> None:
    frequency = SaveFrequency(4)
    assert times(frequency, [2, 5, 8, 11]) == [5, 11], "the count begins anew at a save, as in tf.keras"


def test_it_goes_on_from_a_state() -> None:
    frequency, other = SaveFrequency(4), SaveFrequency(4)
    assert times(frequency, [0, 1, 2]) == []
    other.set_state(frequency.get_state())
    assert other.wake_after() == 1
    assert times(other, [3, 4]) == [3]
    other.forget()
    assert times(other, [2, 3]) == [3]


def test_what_is_neither() -> None:
    with pytest.raises(ArgumentError, match="Received: save_freq='batch'"):
        SaveFrequency("batch")
