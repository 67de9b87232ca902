"""Vectors of sixteen float32 numbers, with which all instructions compute.

A loop over a row of ten numbers gains nothing from a compiler's automatic vectorization, which is made for hundreds.
Here vectors are explicit: they are loaded from a place in memory, combined with ``+ - * /``, and stored. LLVM maps a
vector to one register of AVX-512, two of AVX, or four of SSE and NEON. A mask excludes the lanes beyond the end of a
row, which are neither read nor written.

Places are addresses in bytes, as for a BLAS; the caller is responsible for their memory. A product and a sum may become
one instruction, which rounds once; no other rule of arithmetic is relaxed.

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
"""The integers and floats of compiled code, since mypy does not know Numba's types."""

LANES = 16
SIZE = 4  # bytes of a number

_I1, _I32, _I64, _F32 = ir.IntType(1), ir.IntType(32), ir.IntType(64), ir.FloatType()
_VECTOR, _MASK, _PLACES, _INTEGERS = (ir.VectorType(kind, LANES) for kind in (_F32, _I1, _I64, _I32))
_ALIGNMENT = _I32(SIZE)
_CONTRACT = ("contract",)


class Vector(types.Type):
    """The Numba type of sixteen numbers."""

    llvm = _VECTOR


class Mask(types.Type):
    """The Numba type of sixteen booleans."""

    llvm = _MASK


@register_model(Vector)
@register_model(Mask)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, kind.llvm)


vector, mask = Vector("float32x16"), Mask("bool16")
address, count, number = types.int64, types.int64, types.float32


def emitted(returns: Any, *takes: Any) -> Callable[[Callable[..., Any]], Any]:
    """Turn a function that emits LLVM instructions into one that compiled code can call.

    The decorated function receives LLVM's builder, then one LLVM value for each argument.
    """

    def decorate(emit: Callable[..., Any]) -> Any:
        def typed(_: Any, *kinds: Any) -> tuple[Any, Callable[..., Any]]:
            def generate(context: Any, builder: Any, __: Any, values: Any) -> Any:
                # the loops use vectors already, so unrolling them gains nothing
                builder.function.attributes.add("optsize")
                result = emit(builder, *values)
                return context.get_dummy_value() if returns is types.void else result

            return returns(*takes), generate

        typed.__name__ = emit.__name__
        # Numba reads the arguments from here
        vars(typed)["__signature__"] = signature(emit)
        return intrinsic(typed)

    return decorate


# -- between memory and registers ----------------------------------------------------------------------------


@emitted(mask, count)
def first(builder: Any, n: Any) -> Any:
    """Return the mask of the first n lanes; of all lanes when n is larger."""
    lanes = ir.Constant(_PLACES, list(range(LANES)))
    return builder.icmp_signed("<", lanes, _in_all_lanes(builder, n, _PLACES))


@emitted(vector, address, mask)
def load(builder: Any, place: Any, some: Any) -> Any:
    """Load consecutive numbers from a place in memory, with 0 in the lanes outside the mask."""
    pointer = builder.inttoptr(place, _VECTOR.as_pointer())
    zeros = ir.Constant(_VECTOR, [0.0] * LANES)
    return _call(builder, f"llvm.masked.load.v{LANES}f32.p0", _VECTOR, pointer, _ALIGNMENT, some, zeros)


@emitted(types.void, vector, address, mask)
def store(builder: Any, values: Any, place: Any, some: Any) -> None:
    """Store numbers to a place in memory; memory of the lanes outside the mask is not changed."""
    pointer = builder.inttoptr(place, _VECTOR.as_pointer())
    _call(builder, f"llvm.masked.store.v{LANES}f32.p0", ir.VoidType(), values, pointer, _ALIGNMENT, some)


@emitted(vector, address)
def spread(builder: Any, place: Any) -> Any:
    """Load one number from a place in memory into all lanes."""
    pointer = builder.inttoptr(place, _F32.as_pointer())
    return _in_all_lanes(builder, builder.load(pointer, align=SIZE), _VECTOR)


@emitted(vector, number)
def splat(builder: Any, x: Any) -> Any:
    """Return a vector with one number in all lanes."""
    return _in_all_lanes(builder, x, _VECTOR)


@emitted(address, address)
def integer(builder: Any, place: Any) -> Any:
    """Load the int64 at a place in memory."""
    return builder.load(builder.inttoptr(place, _I64.as_pointer()), align=8)


@emitted(number, address)
def float_at(builder: Any, place: Any) -> Any:
    """Load the float32 at a place in memory."""
    return builder.load(builder.inttoptr(place, _F32.as_pointer()), align=SIZE)


@emitted(types.void, number, address)
def put_float(builder: Any, x: Any, place: Any) -> None:
    """Store a float32 at a place in memory."""
    builder.store(x, builder.inttoptr(place, _F32.as_pointer()), align=SIZE)


# -- arithmetic ----------------------------------------------------------------------------------------------


def _arithmetic(symbol: Callable[..., Any], instruction: str) -> None:
    """Define an operator of two vectors as an LLVM instruction."""

    @infer_global(symbol)
    class _Typed(ConcreteTemplate):
        # the attribute that Numba reads
        cases = [vector(vector, vector)]  # noqa: RUF012

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
    """Return the mask of the lanes where a < b, which is False for NaN."""
    return builder.fcmp_ordered("<", a, b)


@emitted(mask, vector, vector)
def less_equal(builder: Any, a: Any, b: Any) -> Any:
    """Return the mask of the lanes where a <= b, which is False for NaN."""
    return builder.fcmp_ordered("<=", a, b)


@emitted(mask, vector, vector)
def equal(builder: Any, a: Any, b: Any) -> Any:
    """Return the mask of the lanes where a == b, which is False for NaN."""
    return builder.fcmp_ordered("==", a, b)


@emitted(mask, mask, mask)
def both(builder: Any, a: Any, b: Any) -> Any:
    """Return the intersection of two masks."""
    return builder.and_(a, b)


@emitted(vector, mask, vector, vector)
def choose(builder: Any, which: Any, a: Any, b: Any) -> Any:
    """Return the numbers of `a` in the lanes of the mask, and those of `b` elsewhere."""
    return builder.select(which, a, b)


@emitted(number, vector)
def total(builder: Any, values: Any) -> Any:
    """Return the sum over all lanes, added up in pairs."""
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    return _call(builder, name, _F32, ir.Constant(_F32, -0.0), values, fastmath=("reassoc",))


@emitted(number, vector)
def largest(builder: Any, values: Any) -> Any:
    """Return the largest number of all lanes; NaN is ignored."""
    return _call(builder, f"llvm.vector.reduce.fmax.v{LANES}f32", _F32, values)


@emitted(vector, vector)
def floor(builder: Any, values: Any) -> Any:
    """Return the largest integers not above the numbers."""
    return _call(builder, f"llvm.floor.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector, vector)
def remainder(builder: Any, a: Any, b: Any) -> Any:
    """Return the remainder of a by b with the sign of a, as ``fmod``."""
    return builder.frem(a, b)


@emitted(vector, vector)
def root(builder: Any, values: Any) -> Any:
    """Return the square roots."""
    return _call(builder, f"llvm.sqrt.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector)
def magnitude(builder: Any, values: Any) -> Any:
    """Return the absolute values."""
    return _call(builder, f"llvm.fabs.v{LANES}f32", _VECTOR, values)


@emitted(vector, vector, vector)
def times_power_of_two(builder: Any, values: Any, n: Any) -> Any:
    """Return ``values * 2 ** n`` for integers n from -150 to 128, in two steps with powers that fit in float32."""
    exponent = builder.fptosi(n, _INTEGERS)
    half = builder.ashr(exponent, _integers(1))
    for part in (half, builder.sub(exponent, half)):
        # the bits of a power of two: an exponent, and zeros for the fraction
        bits = builder.shl(builder.add(part, _integers(127)), _integers(23))
        values = builder.fmul(values, builder.bitcast(bits, _VECTOR))
    return values


@emitted(vector, vector)
def digits_of(builder: Any, values: Any) -> Any:
    """Return the digits of positive numbers as numbers from 0.5 to 1."""
    bits = builder.and_(builder.bitcast(values, _INTEGERS), _integers(0x007FFFFF))
    return builder.bitcast(builder.or_(bits, _integers(0x3F000000)), _VECTOR)


@emitted(vector, vector)
def exponent_of(builder: Any, values: Any) -> Any:
    """Return the exponents n with which the numbers are ``digits_of(values) * 2 ** n``."""
    bits = builder.lshr(builder.bitcast(values, _INTEGERS), _integers(23))
    return builder.sitofp(builder.sub(bits, _integers(126)), _VECTOR)


def _integers(n: int) -> Any:
    return ir.Constant(_INTEGERS, [n] * LANES)


def _in_all_lanes(builder: Any, x: Any, kind: Any) -> Any:
    undefined = ir.Constant(kind, ir.Undefined)
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(builder.insert_element(undefined, x, _I32(0)), undefined, zeros)


def _call(builder: Any, name: str, returns: Any, *values: Any, fastmath: Any = ()) -> Any:
    """Call one of LLVM's intrinsic functions."""
    kind = ir.FunctionType(returns, [value.type for value in values])
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, values, fastmath=fastmath)
