"""Instructions that draw random numbers: dropout and noise.

A stream's position is the state of its NumPy generator. Uniform numbers are drawn with that generator's own function,
so they are the same numbers that NumPy would draw, and NumPy continues after them. Normal numbers are drawn ahead by
NumPy, and a cursor moves through them.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import (
    LANES,
    SIZE,
    Int,
    address,
    choose,
    count,
    emitted,
    first,
    integer,
    load,
    mask,
    splat,
    store,
)
from minifit.kernels.driver import field, put_integer, real, size
from minifit.kernels.jit import instruction, jit_inner

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_DRAW = ir.FunctionType(_I32, [_I64])


@instruction
def dropout(row: Int, frame: Int) -> int:
    """``y = x * scale + kept`` for the kept numbers, ``y = dropped`` for the others; NaN stays NaN.

    The random numbers for the rows of other workers, before and after this worker's rows, are drawn and skipped.
    Fields: y, the mask with a bit for each kept number, the stream, x or 0 for ones, count, the function that draws
    32 bits, the smallest 24-bit number that keeps, scale, kept, dropped.
    """
    y, bits, x, n = field(row, 1), field(row, 2), field(row, 4), size(row, 5, frame)
    state, draw, least = integer(field(row, 3)), field(row, 6), field(row, 7) << 8
    scale, kept, dropped = splat(_F(real(row, 8))), splat(_F(real(row, 9))), splat(_F(real(row, 10)))
    for _ in range(_others(row, 5, integer(frame + at.BEFORE * 8))):
        _draw(draw, state)
    for i in range(0, n, LANES):
        some, word = first(n - i), 0
        for lane in range(min(n - i, LANES)):
            # NumPy's float is the upper 24 bits times 2 ** -24
            word |= (_draw(draw, state) >= least) << lane
        _put_bits(word, bits + i // 8)
        which, part = _lanes(word), splat(_ONE)
        if x != 0:
            part = load(x + i * SIZE, some)
        part = part * choose(which, scale, splat(_ZERO)) + choose(which, kept, dropped)
        store(part, y + i * SIZE, some)
    for _ in range(_others(row, 5, integer(frame + at.BEHIND * 8))):
        _draw(draw, state)
    return at.GO_ON


@instruction
def dropout_slope(row: Int, frame: Int) -> int:
    """``dx = dy * scale`` for the kept numbers, else 0: fields dx, dy, mask, count, scale."""
    dx, dy, bits, n = field(row, 1), field(row, 2), field(row, 3), size(row, 4, frame)
    scale = _F(real(row, 5))
    for i in range(0, n, LANES):
        some, which = first(n - i), _lanes(_bits_at(bits + i // 8))
        store(load(dy + i * SIZE, some) * choose(which, splat(scale), splat(_ZERO)), dx + i * SIZE, some)
    return at.GO_ON


@instruction
def normals(row: Int, frame: Int) -> int:
    """The next normal numbers, ``y = mean + noise * deviation``: fields y, the cursor, count, mean, deviation.

    The cursor moves past the numbers of the whole batch; this worker uses those of its rows.
    """
    y, cursor, n = field(row, 1), field(row, 2), size(row, 3, frame)
    mean, deviation, noise = splat(_F(real(row, 4))), splat(_F(real(row, 5))), integer(cursor)
    noise += _others(row, 3, integer(frame + at.BEFORE * 8)) * SIZE
    put_integer(noise + (n + _others(row, 3, integer(frame + at.BEHIND * 8))) * SIZE, cursor)
    for i in range(0, n * SIZE, LANES * SIZE):
        some = first(n - i // SIZE)
        store(mean + load(noise + i, some) * deviation, y + i, some)
    return at.GO_ON


@jit_inner
def _others(row: Int, number: Int, rows: Int) -> int:
    """Return the count of numbers for `rows` rows of other workers; 0 if the count in the field is not per sample."""
    per_sample = field(row, number)
    return per_sample * rows if per_sample > 0 else 0


@emitted(types.int64, address, address)
def _draw(builder: Any, draw: Any, state: Any) -> Any:
    """Draw the next 32 bits, unsigned, from a bit generator of NumPy."""
    return builder.zext(builder.call(builder.inttoptr(draw, _DRAW.as_pointer()), [state]), _I64)


@emitted(mask, count)
def _lanes(builder: Any, bits: Any) -> Any:
    """Return the lowest 16 bits as a mask."""
    return builder.bitcast(builder.trunc(bits, _I16), mask.llvm)


@emitted(types.void, count, address)
def _put_bits(builder: Any, bits: Any, place: Any) -> None:
    """Store 16 bits at a place in memory."""
    builder.store(builder.trunc(bits, _I16), builder.inttoptr(place, _I16.as_pointer()), align=2)


@emitted(count, address)
def _bits_at(builder: Any, place: Any) -> Any:
    """Load the 16 bits at a place in memory."""
    return builder.zext(builder.load(builder.inttoptr(place, _I16.as_pointer()), align=2), _I64)
