"""The loop that carries out a program, and the ways in which an instruction reads its row."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import Float, Int, address, count, emitted, integer
from minifit.kernels.jit import instruction, jit_inner

_I64 = ir.IntType(64)
_INSTRUCTION = ir.FunctionType(_I64, [_I64, _I64])


@instruction
def carry_out(call: Int) -> int:
    """Carry out a program for several batches; returns how many were taken.

    `call` is the address of six whole numbers: the address of the program's first row, the number of its rows, the
    address of the frame, the first batch, counted from the beginning of the rows or of their order, how many batches at
    most, and the number of the first one among the steps whose learning rates are noted.
    """
    program, frame = integer(call), integer(call + 16)
    end = program + integer(call + 8) * at.ROW
    begin, batches = integer(call + 24), integer(call + 32)
    size, samples = integer(frame + at.SIZE * 8), integer(frame + at.SAMPLES * 8)
    for step in range(batches):
        first = (begin + step) * size
        left = samples - first
        put_integer(size if size < left else left, frame + at.N * 8)
        put_integer(first, frame + at.FIRST * 8)
        put_integer(integer(call + 40) + step, frame + at.STEP * 8)
        row = program
        while row < end:
            answer = _call(integer(row), row, frame)
            if answer != at.GO_ON:
                return int(step + (answer == at.LAST))
            row += at.ROW
    return batches  # type: ignore[no-any-return]


@emitted(types.int64, address, address, address)
def _call(builder: Any, function: Any, row: Any, frame: Any) -> Any:
    """Call an instruction by its address."""
    return builder.call(builder.inttoptr(function, _INSTRUCTION.as_pointer()), [row, frame])


@emitted(types.void, count, address)
def put_integer(builder: Any, n: Any, place: Any) -> None:
    """Put an int64 at a place in memory."""
    builder.store(n, builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(types.float64, address)
def double_at(builder: Any, place: Any) -> Any:
    """The float64 at a place in memory."""
    return builder.load(builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@emitted(types.void, types.float64, address)
def put_double(builder: Any, x: Any, place: Any) -> None:
    """Put a float64 there."""
    builder.store(x, builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@emitted(types.int64, address, count)
def field(builder: Any, row: Any, number: Any) -> Any:
    """A field of a row as a whole number, counted from 1: a place, a size, a code."""
    place = builder.add(row, builder.shl(number, _I64(3)))
    return builder.load(builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(types.float64, address, count)
def real(builder: Any, row: Any, number: Any) -> Any:
    """A field of a row that is a setting, counted from 1."""
    place = builder.add(row, builder.shl(number, _I64(3)))
    return builder.load(builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@jit_inner
def rows(frame: Int) -> Any:
    """The number of rows of this batch."""
    return integer(frame + at.N * 8)


@jit_inner
def whole(row: Int, number: Int, frame: Int) -> Any:
    """A count of a row as `size` reads it, but of the whole batch that several workers share."""
    found, total = field(row, number), integer(frame + at.TOTAL * 8)
    return found * (total if total > 0 else integer(frame + at.N * 8)) if found >= 0 else -found


@jit_inner
def size(row: Int, number: Int, frame: Int) -> Any:
    """A count of a row: of this batch if it is positive, as it is if it is negative."""
    found = field(row, number)
    return found * integer(frame + at.N * 8) if found >= 0 else -found


@jit_inner
def step(frame: Int) -> Any:
    """The number of this batch among the steps whose learning rates are noted."""
    return integer(frame + at.STEP * 8)


def bits(x: Float) -> int:
    """The bits of a float64 as a whole number: how a setting stands in a row."""
    return int(np.float64(x).view(np.int64))
