"""Places know their size and their address."""

import numpy as np

from minifit.lowering.places import Memory, Room, address_of


def test_a_room_grows_with_the_batch_or_does_not() -> None:
    assert Room(3).size(5) == 60
    assert Room(-3).size(5) == 12
    assert Room(1, np.dtype(np.int64)).size(5) == 40


def test_an_array_has_an_address_from_the_beginning() -> None:
    array = np.zeros(3, np.float32)
    assert Memory(array).address == address_of(array) == array.ctypes.data
    assert address_of(None) == 0
