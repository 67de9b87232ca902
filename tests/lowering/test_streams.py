"""Streams of programs: where generators are, and normal numbers ahead."""

import numpy as np

from minifit.lowering.streams import AHEAD, Normals, Uniforms
from minifit.randomness import Streams


def test_no_generator_is_made_before_it_is_needed() -> None:
    streams = Streams(1)
    stream = Uniforms(streams, "dropout", None)
    assert not streams.get_state()["positions"]
    stream.find()
    assert list(streams.get_state()["positions"]) == ["dropout"]


def test_a_generator_that_takes_the_place_of_another_is_found() -> None:
    streams = Streams(1)
    stream = Uniforms(streams, "dropout", 4)
    first = stream.find()
    assert stream.find() is first
    address = int(stream.array[0])
    assert address == first.bit_generator.ctypes.state_address
    streams.set_state(streams.get_state())
    second = stream.find()
    assert second is not first
    assert stream.array[0] == second.bit_generator.ctypes.state_address != address


def test_what_was_drawn_ahead_for_nothing_is_given_back() -> None:
    streams, other = Streams(1), Streams(1)
    stream = Normals(streams, "noise", None)
    stream.width = 3
    stream.draw_ahead(8)
    stream.give_back(5)
    other.get("noise").standard_normal(15, dtype=np.float32)
    assert streams.get_state() == other.get_state()


def test_a_batch_is_drawn_whole_however_large() -> None:
    stream = Normals(Streams(1), "noise", None)
    stream.width = 3
    assert stream.fit(AHEAD) == 1
    assert stream.fit(AHEAD // 9) == 3
