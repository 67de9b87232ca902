"""A program is put together with what it needs and nothing else."""

import numpy as np

from minifit.kernels import compiled
from minifit.kernels import program as at
from minifit.lowering.assembly import Assembly
from minifit.lowering.places import address_of
from minifit.lowering.program import Program
from minifit.randomness import Streams


def test_what_nobody_reads_is_left_out() -> None:
    program = Program(Streams(0))
    x = program.column(("x", 0), (None, 3))
    unread, read = program.value((None, 3)), program.value((None, 3))
    program.emit("relu", unread, x, x.count)
    program.emit("tanh", read, x, x.count)
    program.result(read)
    assert [each.name for each in Assembly(program, compiled).instructions] == ["gather", "tanh", "put_rows"]


def test_it_is_carried_out_where_it_is_told_to() -> None:
    program = Program(Streams(0))
    x = program.column(("x", 0), (None, 3))
    program.emit("relu", y := program.value((None, 3)), x, x.count)
    program.result(y)
    assembly = Assembly(program, compiled)
    assembly.make_room(2)
    data, out = np.array([[-1, 2, 3], [4, -5, 6], [7, 8, -9]], np.float32), np.zeros((3, 3), np.float32)
    assembly.set_cell(("x", 0), data)
    assembly.set_cell(("result", 0), out)
    assembly.frame[at.SIZE], assembly.frame[at.SAMPLES] = 2, 3
    assert assembly.carry_out(0, 2) == 2
    np.testing.assert_array_equal(out, np.maximum(data, 0))


def test_an_array_that_was_exchanged_is_found() -> None:
    program = Program(Streams(0))
    x = program.column(("x", 0), (None, 3))
    arrays = [np.zeros(1, np.float32), np.zeros(1, np.float32)]
    held = arrays[:1]
    program.emit("clear", program.lookup(lambda: held[0]), -1)
    program.result(x)
    assembly = Assembly(program, compiled)
    (i,) = [i for i, each in enumerate(assembly.instructions) if each.name == "clear"]
    for array in (*arrays, arrays[0]):
        held[0] = array
        assembly.look_up()
        assert assembly.table[i, 1] == address_of(array)
