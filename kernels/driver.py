"""The loop that runs a program, and the functions with which an instruction reads its row."""

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
    """Run a program for several batches; return the number of completed batches.

    `call` is the address of six integers: the address of the program's first row, the number of its rows, the address
    of the frame, the index of the first batch in the rows or their order, the largest number of batches, and the index
    of the first batch among the learning rates of the call.
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
            status = _call(integer(row), row, frame)
            if status != at.GO_ON:
                return int(step + (status == at.LAST))
            row += at.ROW
    return batches  # type: ignore[no-any-return]


@emitted(types.int64, address, address, address)
def _call(builder: Any, function: Any, row: Any, frame: Any) -> Any:
    """Call an instruction by its address."""
    return builder.call(builder.inttoptr(function, _INSTRUCTION.as_pointer()), [row, frame])


@emitted(types.void, count, address)
def put_integer(builder: Any, n: Any, place: Any) -> None:
    """Store an int64 at a place in memory."""
    builder.store(n, builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(types.float64, address)
def double_at(builder: Any, place: Any) -> Any:
    """Load the float64 at a place in memory."""
    return builder.load(builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@emitted(types.void, types.float64, address)
def put_double(builder: Any, x: Any, place: Any) -> None:
    """Store a float64 at a place in memory."""
    builder.store(x, builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@emitted(types.int64, address, count)
def field(builder: Any, row: Any, number: Any) -> Any:
    """Return a field of a row, counted from 1, as an integer: a place, a size, a code."""
    place = builder.add(row, builder.shl(number, _I64(3)))
    return builder.load(builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(types.float64, address, count)
def real(builder: Any, row: Any, number: Any) -> Any:
    """Return a field of a row, counted from 1, as a float: a setting."""
    place = builder.add(row, builder.shl(number, _I64(3)))
    return builder.load(builder.inttoptr(place, ir.DoubleType().as_pointer()), align=8)


@jit_inner
def rows(frame: Int) -> Any:
    """Return the number of rows of this batch."""
    return integer(frame + at.N * 8)


@jit_inner
def whole(row: Int, number: Int, frame: Int) -> Any:
    """Return a count as `size` does, but for the whole batch that several workers share."""
    per_sample, total = field(row, number), integer(frame + at.TOTAL * 8)
    return (
        per_sample * (total if total > 0 else integer(frame + at.N * 8)) if per_sample >= 0 else -per_sample
    )


@jit_inner
def size(row: Int, number: Int, frame: Int) -> Any:
    """Return a count in a field of a row: per sample if positive, else the negated total."""
    per_sample = field(row, number)
    return per_sample * integer(frame + at.N * 8) if per_sample >= 0 else -per_sample


@jit_inner
def step(frame: Int) -> Any:
    """Return the index of this batch among the learning rates of the call."""
    return integer(frame + at.STEP * 8)


def bits(x: Float) -> int:
    """Return the bits of a float64 as an integer, the form of a setting in a row."""
    return int(np.float64(x).view(np.int64))
