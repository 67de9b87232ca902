"""Products through NumPy's BLAS from compiled code: small ones in one thread, large ones in parts.

See `minifit.kernels.parts`: this is its `by_batch`, with the number of threads.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from minifit.kernels.blas import BATCH, GET, MOST, NOW, SET, SGEMM
from minifit.kernels.compiled_vectors import SIZE, Int, address, count, emitted, integer, number, put_float
from minifit.kernels.jit import jit_inner
from minifit.kernels.parts import BY_ROWS, GRAIN, MOST_PARTS, PART, PLAIN

WORD = 8  # bytes of an int64

# the words of the tables for a call, two of each for two groups of matrices; two int32 or float32 share one word
_LEFT, _RIGHT, _ALPHA, _BETA, _N, _M, _K, _ROW_A, _ROW_B, _ROW_C, _SIZES = 0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16
_A, _B, _C = (18 + i * MOST_PARTS for i in range(3))
_WORDS = 18 + 3 * MOST_PARTS

_C32, _I64, _F32, _NOTHING = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.VoidType()
_SGEMM = ir.FunctionType(_NOTHING, [_C32] * 3 + [_I64] * 3 + [_F32] + [_I64] * 4 + [_F32] + [_I64] * 2)


@emitted(types.void, address, *(count,) * 5, number, *(address, count) * 2, number, address, count)
def _sgemm(
    builder: Any,
    routine: Any,
    left: Any,
    right: Any,
    n: Any,
    m: Any,
    k: Any,
    alpha: Any,
    a: Any,
    row_a: Any,
    b: Any,
    row_b: Any,
    beta: Any,
    c: Any,
    row_c: Any,
) -> None:
    """``c = alpha * op(a) @ op(b) + beta * c``, by the BLAS."""
    flags = [_C32(BY_ROWS), builder.trunc(left, _C32), builder.trunc(right, _C32)]
    given = [*flags, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c]
    builder.call(builder.inttoptr(routine, _SGEMM.as_pointer()), given)


@emitted(types.void, address, address)
def _batch(builder: Any, routine: Any, tables: Any) -> None:
    """Multiply two groups of matrices as the tables say."""
    words = (_LEFT, _RIGHT, _N, _M, _K, _ALPHA, _A, _ROW_A, _B, _ROW_B, _BETA, _C, _ROW_C, _SIZES)
    *places, sizes = (builder.add(tables, _I64(word * WORD)) for word in words)
    kind = ir.FunctionType(_NOTHING, [_C32] + [_I64] * (len(places) + 2))
    builder.call(builder.inttoptr(routine, kind.as_pointer()), [_C32(BY_ROWS), *places, _I64(2), sizes])


@emitted(address)
def _room(builder: Any) -> Any:
    """Memory for the tables of a call, on the stack."""
    return builder.ptrtoint(cgutils.alloca_once(builder, ir.ArrayType(_I64, _WORDS)), _I64)


@emitted(types.void, count, address)
def _put(builder: Any, n: Any, place: Any) -> None:
    """Put an int64 there."""
    builder.store(n, builder.inttoptr(place, _I64.as_pointer()), align=WORD)


@emitted(count, address)
def _threads(builder: Any, get: Any) -> Any:
    """The number of threads of the BLAS."""
    kind = ir.FunctionType(_C32, [])
    return builder.sext(builder.call(builder.inttoptr(get, kind.as_pointer()), []), _I64)


@emitted(types.void, address, count)
def _set_threads(builder: Any, change: Any, n: Any) -> None:
    """Give the BLAS so many threads."""
    kind = ir.FunctionType(_NOTHING, [_C32])
    builder.call(builder.inttoptr(change, kind.as_pointer()), [builder.trunc(n, _C32)])


@jit_inner
def large_product(
    blas: Int,
    left: Int,
    right: Int,
    n: Int,
    m: Int,
    k: Int,
    alpha: Any,
    a: Int,
    row_a: Int,
    b: Int,
    row_b: Int,
    beta: Any,
    c: Int,
    row_c: Int,
) -> None:
    """``c = alpha * op(a) @ op(b) + beta * c``.

    The number of threads is lowered for this call alone, and only from the number that the BLAS began with: another
    one is the user's.
    """
    most, several = integer(blas + MOST * WORD), integer(blas + BATCH * WORD)
    small = n * m * k < 2 * PART
    threads = integer(blas + NOW * WORD) if several != 0 else most
    change = integer(blas + SET * WORD)
    limited = change != 0 and (small or threads < most) and _threads(integer(blas + GET * WORD)) == most
    if limited:
        _set_threads(change, 1 if small else threads)
    wanted = 1 if small or several == 0 else n * m * k // PART
    parts = wanted if wanted < most else most
    rows = n >= m
    side, other = (n, m) if rows else (m, n)
    while parts > 1 and side // parts // GRAIN * GRAIN * other * k < PART:
        parts -= 1
    if parts < 2:
        _sgemm(integer(blas + SGEMM * WORD), left, right, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c)
    else:
        width = side // parts // GRAIN * GRAIN
        last = side - (parts - 1) * width
        tables = _room()
        _put(left + (left << 32), tables + _LEFT * WORD)
        _put(right + (right << 32), tables + _RIGHT * WORD)
        for group in range(2):
            part = width if group == 0 else last
            here = tables + group * WORD
            put_float(alpha, tables + _ALPHA * WORD + group * SIZE)
            put_float(beta, tables + _BETA * WORD + group * SIZE)
            _put(part if rows else n, here + _N * WORD)
            _put(m if rows else part, here + _M * WORD)
            _put(k, here + _K * WORD)
            _put(row_a, here + _ROW_A * WORD)
            _put(row_b, here + _ROW_B * WORD)
            _put(row_c, here + _ROW_C * WORD)
            _put(parts - 1 if group == 0 else 1, here + _SIZES * WORD)
        step_a = (width * row_a if left == PLAIN else width) * SIZE if rows else 0
        step_b = 0 if rows else (width if right == PLAIN else width * row_b) * SIZE
        step_c = (width * row_c if rows else width) * SIZE
        for i in range(parts):
            _put(a + i * step_a, tables + (_A + i) * WORD)
            _put(b + i * step_b, tables + (_B + i) * WORD)
            _put(c + i * step_c, tables + (_C + i) * WORD)
        _batch(several, tables)
    if limited:
        _set_threads(change, most)
