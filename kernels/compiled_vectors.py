"""Sixteen float32 numbers at once, in a register: what the chain of dense layers is computed in.

A loop over a row of ten numbers gains nothing from the vector instructions that a compiler puts in for hundreds. Here
they are said outright: a vector is loaded from a place in memory, computed with by ``+ - * /``, and stored. LLVM makes
of it one register of AVX-512, two of AVX or four of SSE and NEON. A mask leaves out the lanes beyond the end of a row,
which are neither read nor written.

Places are addresses in bytes, as for a BLAS: who calls these functions answers for the memory behind them. A product
and a sum may become one instruction, which rounds once; nothing else is loosened.

References
----------
LLVM Language Reference Manual: "Vector Type", "llvm.masked.load", "llvm.masked.store", "llvm.vector.reduce.fadd".
S. L. Moshier, Cephes Mathematical Library, ``expf.c``, ``logf.c``, ``ndtrf.c`` and ``tanhf.c``: the polynomials.
"""

import operator
from collections.abc import Callable
from inspect import signature
from typing import Any, TypeAlias

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

Int: TypeAlias = Any
Float: TypeAlias = Any
"""The numbers that compiled code computes with: mypy does not know Numba's types."""

LANES = 16
SIZE = 4  # bytes of a number

_I1, _I32, _I64, _F32 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType()
_VECTOR, _MASK, _PLACES, _WHOLE = (ir.VectorType(kind, LANES) for kind in (_F32, _I1, _I64, _I32))
_ALIGNMENT = _I32(SIZE)
_CONTRACT = ("contract",)


class Vector(types.Type):
    """Numba's type of sixteen numbers."""

    llvm = _VECTOR


class Mask(types.Type):
    """Numba's type of sixteen yeses and noes."""

    llvm = _MASK


@register_model(Vector)
@register_model(Mask)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.llvm)


vector, mask = Vector("float32x16"), Mask("bool16")
address, count, number = types.int64, types.int64, types.float32


def emitted(returns: Any, *takes: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function that compiled code may call out of one that emits its LLVM instructions.

    The decorated function is given LLVM's builder, then one LLVM value for each argument.
    """

    def decorate(emit: Callable[..., Any]) -> Any:
        def typed(_: Any, *given: Any) -> tuple[Any, Callable[..., Any]]:
            def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
                # loops are vectors already: to unroll them gains nothing
                builder.function.attributes.add("optsize")
                result = emit(builder, *values)
                return context.get_dummy_value() if returns is types.void else result

            return returns(*takes), generate

        typed.__name__ = emit.__name__
        vars(typed)["__signature__"] = signature(emit)  # where Numba learns the arguments
        return intrinsic(typed)

    return decorate


# -- between memory and registers ----------------------------------------------------------------------------


@emitted(mask, count)
def first(builder: Any, n: Any) -> Any:
    """The first n lanes; all of them when n is larger."""
    lanes = ir.Constant(_PLACES, list(range(LANES)))
    return builder.icmp_signed("<", lanes, _in_all_lanes(builder, n, _PLACES))


@emitted(vector, address, mask)
def load(builder: Any, place: Any, some: Any) -> Any:
    """Consecutive numbers from a place in memory; 0 in the lanes that are left out."""
    pointer = builder.inttoptr(place, _VECTOR.as_pointer())
    nothing = ir.Constant(_VECTOR, [0.0] * LANES)
    return _call(builder, f"llvm.masked.load.v{LANES}f32.p0", _VECTOR, pointer, _ALIGNMENT, some, nothing)


@emitted(types.void, vector, address, mask)
def store(builder: Any, values: Any, place: Any, some: Any) -> None:
    """Put the numbers there; what lies under the lanes that are left out stays."""
    pointer = builder.inttoptr(place, _VECTOR.as_pointer())
    _call(builder, f"llvm.masked.store.v{LANES}f32.p0", ir.VoidType(), values, pointer, _ALIGNMENT, some)


@emitted(vector, address)
def spread(builder: Any, place: Any) -> Any:
    """The one number at a place in memory, in all lanes."""
    pointer = builder.inttoptr(place, _F32.as_pointer())
    return _in_all_lanes(builder, builder.load(pointer, align=SIZE), _VECTOR)


@emitted(vector, number)
def splat(builder: Any, x: Any) -> Any:
    """A number, in all lanes."""
    return _in_all_lanes(builder, x, _VECTOR)


@emitted(address, address)
def integer(builder: Any, place: Any) -> Any:
    """The int64 at a place in memory."""
    return builder.load(builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(number, address)
def float_at(builder: Any, place: Any) -> Any:
    """The float32 at a place in memory."""
    return builder.load(builder.inttoptr(place, _F32.as_pointer()), align=SIZE)


@emitted(types.void, number, address)
def put_float(builder: Any, x: Any, place: Any) -> None:
    """Put a float32 there."""
    builder.store(x, builder.inttoptr(place, _F32.as_pointer()), align=SIZE)


# -- arithmetic ----------------------------------------------------------------------------------------------


def _arithmetic(symbol: Callable[..., Any], instruction: str) -> None:
    """Let an operator between two vectors be an instruction."""

    @infer_global(symbol)
    class _Typed(ConcreteTemplate):
        cases = [vector(vector, vector)]  # noqa: RUF012  # where Numba looks

    @lower_builtin(symbol, vector, vector)
    def _lowered(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return getattr(builder, instruction)(*values, flags=_CONTRACT)


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_symbol, _instruction)


@emitted(mask, vector, vector)
def less(builder: Any, a: Any, b: Any) -> Any:
    """The lanes where a < b; none where one of them is NaN."""
    return builder.fcmp_ordered("<", a, b)


@emitted(mask, vector, vector)
def less_equal(builder: Any, a: Any, b: Any) -> Any:
    """The lanes where a <= b; none where one of them is NaN."""
    return builder.fcmp_ordered("<=", a, b)


@emitted(mask, vector, vector)
def equal(builder: Any, a: Any, b: Any) -> Any:
    """The lanes where a == b; none where one of them is NaN."""
    return builder.fcmp_ordered("==", a, b)


@emitted(mask, mask, mask)
def both(builder: Any, a: Any, b: Any) -> Any:
    """The lanes of both masks."""
    return builder.and_(a, b)


@emitted(vector, mask, vector, vector)
def choose(builder: Any, which: Any, a: Any, b: Any) -> Any:
    """The numbers of a where the mask says yes, and those of b elsewhere."""
    return builder.select(which, a, b)


@emitted(number, vector)
def total(builder: Any, values: Any) -> Any:
    """The sum over all lanes, added up in pairs."""
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    return _call(builder, name, _F32, ir.Constant(_F32, -0.0), values, fastmath=("reassoc",))


@emitted(number, vector)
def largest(builder: Any, values: Any) -> Any:
    """The largest number of all lanes; NaN is left out."""
    return _call(builder, f"llvm.vector.reduce.fmax.v{LANES}f32", _F32, values)


@emitted(vector, vector)
def floor(builder: Any, values: Any) -> Any:
    """The largest whole number that is not larger."""
    return _call(builder, f"llvm.floor.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector, vector)
def remainder(builder: Any, a: Any, b: Any) -> Any:
    """The remainder of a by b, with the sign of a: ``fmod``."""
    return builder.frem(a, b)


@emitted(vector, vector)
def root(builder: Any, values: Any) -> Any:
    """The square roots."""
    return _call(builder, f"llvm.sqrt.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector)
def size_of(builder: Any, values: Any) -> Any:
    """The numbers without their signs."""
    return _call(builder, f"llvm.fabs.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector, vector)
def times_power_of_two(builder: Any, values: Any, n: Any) -> Any:
    """``values * 2 ** n`` for whole n from -150 to 128, in two steps, each of which float32 has a power for."""
    whole = builder.fptosi(n, _WHOLE)
    half = builder.ashr(whole, _whole(1))
    for part in (half, builder.sub(whole, half)):
        # the exponent alone, the digits being 1
        bits = builder.shl(builder.add(part, _whole(127)), _whole(23))
        values = builder.fmul(values, builder.bitcast(bits, _VECTOR))
    return values


@emitted(vector, vector)
def digits_of(builder: Any, values: Any) -> Any:
    """The digits of positive numbers, as numbers from 0.5 to 1."""
    bits = builder.and_(builder.bitcast(values, _WHOLE), _whole(0x007FFFFF))
    return builder.bitcast(builder.or_(bits, _whole(0x3F000000)), _VECTOR)


@emitted(vector, vector)
def exponent_of(builder: Any, values: Any) -> Any:
    """The power of two with which `digits_of` makes the number."""
    bits = builder.lshr(builder.bitcast(values, _WHOLE), _whole(23))
    return builder.sitofp(builder.sub(bits, _whole(126)), _VECTOR)


def _whole(n: int) -> Any:
    return ir.Constant(_WHOLE, [n] * LANES)


def _in_all_lanes(builder: Any, x: Any, kind: Any) -> Any:
    nothing = ir.Constant(kind, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(builder.insert_element(nothing, x, _I32(0)), nothing, zeros)


def _call(builder: Any, name: str, returns: Any, *values: Any, fastmath: Any = ()) -> Any:
    """Call a function that LLVM knows."""
    kind = ir.FunctionType(returns, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, values, fastmath=fastmath)
