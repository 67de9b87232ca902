"""Products through NumPy's BLAS from compiled code: small ones in one thread, large ones in parts.

This is `by_batch` of `minifit.kernels.parts`, which also sets the number of threads.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from minifit.kernels.blas import BATCH, GET, MOST, NOW, SET, SGEMM
from minifit.kernels.compiled_vectors import SIZE, Int, address, count, emitted, integer, number
from minifit.kernels.jit import jit_inner
from minifit.kernels.parts import BY_ROWS, GRAIN, MOST_PARTS, PART, PLAIN

WORD = 8  # bytes of an int64

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
    """Compute ``c = alpha * op(a) @ op(b) + beta * c`` through the BLAS."""
    flags = [_C32(BY_ROWS), builder.trunc(left, _C32), builder.trunc(right, _C32)]
    operands = [*flags, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c]
    builder.call(builder.inttoptr(routine, _SGEMM.as_pointer()), operands)


@emitted(
    types.void,
    *(address, *(count,) * 5, number, *(address, count) * 2, number, address, count),
    *(count,) * 3,
)
def _sgemm_in_parts(
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
    parts: Any,
    width: Any,
    last: Any,
) -> None:
    """Compute `_sgemm` in `parts` parts of `width` rows, the last of `last`; of columns if there are more columns."""
    by_rows = builder.icmp_signed(">=", n, m)

    def of_each(rows: Any, columns: Any) -> Any:
        return builder.select(by_rows, rows, columns)

    def table(kind: Any, *values: Any) -> Any:
        """Return the address of adjacent values on the stack, one for each of the two groups of matrices."""
        place = cgutils.alloca_once(builder, ir.ArrayType(kind, len(values)))
        for i, value in enumerate(values):
            builder.store(value, cgutils.gep_inbounds(builder, place, 0, i))
        return builder.ptrtoint(place, _I64)

    def twice(value: Any) -> Any:
        return table(value.type, value, value)

    def is_plain(side: Any) -> Any:
        return builder.icmp_signed("==", side, _I64(PLAIN))

    none, one = _I64(0), _I64(1)
    step_a = of_each(builder.select(is_plain(left), row_a, one), none)
    step_b = of_each(none, builder.select(is_plain(right), one, row_b))
    matrices = []
    for begin, step in ((a, step_a), (b, step_b), (c, of_each(row_c, one))):
        places = cgutils.alloca_once(builder, ir.ArrayType(_I64, MOST_PARTS))
        stride = builder.mul(builder.mul(step, width), _I64(SIZE))
        with cgutils.for_range(builder, parts) as loop:
            place = builder.add(begin, builder.mul(loop.index, stride))
            builder.store(place, cgutils.gep_inbounds(builder, places, _I64(0), loop.index))
        matrices.append(builder.ptrtoint(places, _I64))
    sizes = [
        table(_I64, of_each(width, n), of_each(last, n)),
        table(_I64, of_each(m, width), of_each(m, last)),
    ]
    tables = [
        *(twice(builder.trunc(side, _C32)) for side in (left, right)),
        *(*sizes, twice(k), twice(alpha)),
        *(matrices[0], twice(row_a), matrices[1], twice(row_b), twice(beta), matrices[2], twice(row_c)),
    ]
    groups = table(_I64, builder.sub(parts, one), one)
    kind = ir.FunctionType(_NOTHING, [_C32] + [_I64] * (len(tables) + 2))
    builder.call(builder.inttoptr(routine, kind.as_pointer()), [_C32(BY_ROWS), *tables, _I64(2), groups])


@emitted(count, address)
def _threads(builder: Any, get: Any) -> Any:
    """Return the number of threads of the BLAS."""
    kind = ir.FunctionType(_C32, [])
    return builder.sext(builder.call(builder.inttoptr(get, kind.as_pointer()), []), _I64)


@emitted(types.void, address, count)
def _set_threads(builder: Any, change: Any, n: Any) -> None:
    """Set the number of threads of the BLAS."""
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
    """Compute ``c = alpha * op(a) @ op(b) + beta * c``.

    The number of threads is lowered only for this call, and only if it is still the BLAS's initial number: any other
    number was set by the user.
    """
    most, several = integer(blas + MOST * WORD), integer(blas + BATCH * WORD)
    small = n * m * k < 2 * PART
    threads = integer(blas + NOW * WORD) if several != 0 else most
    change = integer(blas + SET * WORD)
    limited = change != 0 and (small or threads < most) and _threads(integer(blas + GET * WORD)) == most
    if limited:
        _set_threads(change, 1 if small else threads)
    fitting = 1 if small or several == 0 else n * m * k // PART
    parts = fitting if fitting < most else most
    side, other = (n, m) if n >= m else (m, n)
    while parts > 1 and side // parts // GRAIN * GRAIN * other * k < PART:
        parts -= 1
    operands = left, right, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c
    if parts > 1:
        width = side // parts // GRAIN * GRAIN
        _sgemm_in_parts(several, *operands, parts, width, side - (parts - 1) * width)
    else:
        _sgemm(integer(blas + SGEMM * WORD), *operands)
    if limited:
        _set_threads(change, most)
