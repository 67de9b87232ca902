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

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

from minifit.kernels.jit import jit_inner

Int: TypeAlias = Any
Float: TypeAlias = Any
"""What compiled code computes with: mypy does not know Numba's types."""

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
    """Where a < b; nowhere where one of them is NaN."""
    return builder.fcmp_ordered("<", a, b)


@emitted(mask, vector, vector)
def less_equal(builder: Any, a: Any, b: Any) -> Any:
    """Where a <= b; nowhere where one of them is NaN."""
    return builder.fcmp_ordered("<=", a, b)


@emitted(mask, vector, vector)
def equal(builder: Any, a: Any, b: Any) -> Any:
    """Where a == b; nowhere where one of them is NaN."""
    return builder.fcmp_ordered("==", a, b)


@emitted(mask, mask, mask)
def both(builder: Any, a: Any, b: Any) -> Any:
    """Where both masks say yes."""
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
    """What is left of a by b, with the sign of a: ``fmod``."""
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
def _times_power_of_two(builder: Any, values: Any, n: Any) -> Any:
    """``values * 2 ** n`` for whole n from -150 to 128, in two steps, each of which float32 has a power for."""
    whole = builder.fptosi(n, _WHOLE)
    half = builder.ashr(whole, _whole(1))
    for part in (half, builder.sub(whole, half)):
        # the exponent alone, the digits being 1
        bits = builder.shl(builder.add(part, _whole(127)), _whole(23))
        values = builder.fmul(values, builder.bitcast(bits, _VECTOR))
    return values


@emitted(vector, vector)
def _digits(builder: Any, values: Any) -> Any:
    """The digits of positive numbers, as numbers from 0.5 to 1."""
    bits = builder.and_(builder.bitcast(values, _WHOLE), _whole(0x007FFFFF))
    return builder.bitcast(builder.or_(bits, _whole(0x3F000000)), _VECTOR)


@emitted(vector, vector)
def _exponent(builder: Any, values: Any) -> Any:
    """The power of two with which `_digits` makes the number."""
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


# -- functions -----------------------------------------------------------------------------------------------

_F = np.float32


@jit_inner
def exp(x: Any) -> Any:
    """``exp(x)`` to one unit in the last place: ``2 ** n * exp(r)`` with a whole n and r within half of ln 2."""
    # of less than -104, and of more than 89, it is 0 and infinity
    x = choose(less(x, splat(_F(-104))), splat(_F(-104)), x)
    x = choose(less(splat(_F(89)), x), splat(_F(89)), x)
    n = floor(x * splat(_F(1.44269504)) + splat(_F(0.5)))
    # ln 2 in two parts, the first with few digits
    r = x - n * splat(_F(0.693359375)) - n * splat(_F(-2.12194440e-4))
    p = splat(_F(1.9875691500e-4))
    p = p * r + splat(_F(1.3981999507e-3))
    p = p * r + splat(_F(8.3334519073e-3))
    p = p * r + splat(_F(4.1665795894e-2))
    p = p * r + splat(_F(1.6666665459e-1))
    p = p * r + splat(_F(5.0000001201e-1))
    p = p * (r * r) + r + splat(_F(1))
    n = choose(less(n, splat(_F(200))), n, splat(_F(0)))  # NaN is no whole number; p is NaN then
    return _times_power_of_two(p, n)


@jit_inner
def larger(a: Any, b: Any) -> Any:
    """The larger of two numbers, and NaN if one of them is."""
    return choose(equal(a, a), choose(less(b, a), a, b), a)


@jit_inner
def at_least(x: Any, low: Float) -> Any:
    """Where x is smaller, `low` instead; NaN stays."""
    return choose(less(x, splat(low)), splat(low), x)


@jit_inner
def within(x: Any, low: Float, high: Float) -> Any:
    """`x` moved into [low, high]; NaN stays."""
    return choose(less(splat(high), x), splat(high), at_least(x, low))


@jit_inner
def sign_of(x: Any) -> Any:
    """-1, 0 or 1; NaN of NaN."""
    nothing, one = splat(_F(0)), splat(_F(1))
    return choose(less(nothing, x), one, choose(less(x, nothing), nothing - one, x))


@jit_inner
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return splat(_F(1)) / (splat(_F(1)) + exp(splat(_F(0)) - x))


@jit_inner
def log1p_exp(x: Any) -> Any:
    """``log(1 + exp(x))`` for x up to 0: with e = exp(x) a polynomial in e, or in (e - 1) / 2 where that is smaller."""
    e, half = exp(x), splat(_F(0.5))
    large = less(splat(_F(0.41421356)), e)
    r = choose(large, (e - splat(_F(1))) * half, e)
    p = splat(_F(7.0376836292e-2))
    p = p * r + splat(_F(-1.1514610310e-1))
    p = p * r + splat(_F(1.1676998740e-1))
    p = p * r + splat(_F(-1.2420140846e-1))
    p = p * r + splat(_F(1.4249322787e-1))
    p = p * r + splat(_F(-1.6668057665e-1))
    p = p * r + splat(_F(2.0000714765e-1))
    p = p * r + splat(_F(-2.4999993993e-1))
    p = p * r + splat(_F(3.3333331174e-1))
    z = r * r
    found = p * r * z - half * z + r
    return choose(large, found + splat(_F(0.69314718)), found)


@jit_inner
def tanh(x: Any) -> Any:
    """``tanh(x)``: a polynomial around 0, where ``1 - 2 / (exp(2 x) + 1)`` would lose digits."""
    size, one, nothing = size_of(x), splat(_F(1)), splat(_F(0))
    far = one - splat(_F(2)) / (exp(size + size) + one)
    far = choose(less(x, nothing), nothing - far, far)
    z = x * x
    p = splat(_F(-5.70498872745e-3))
    p = p * z + splat(_F(2.06390887954e-2))
    p = p * z + splat(_F(-5.37397155531e-2))
    p = p * z + splat(_F(1.33314422036e-1))
    p = p * z + splat(_F(-3.33332819422e-1))
    return choose(less(size, splat(_F(0.625))), p * z * x + x, far)


@jit_inner
def log(x: Any) -> Any:
    """``log(x)`` to one unit in the last place: of ``2 ** n * (1 + r)`` with r between -0.3 and 0.42."""
    one, nothing = splat(_F(1)), splat(_F(0))
    tiny = less(x, splat(_F(1.17549435e-38)))  # has fewer digits: as many powers of two larger
    z = choose(tiny, x * splat(_F(8388608)), x)
    r, n = _digits(z), _exponent(z) - choose(tiny, splat(_F(23)), nothing)
    small = less(r, splat(_F(0.70710678)))
    n = n - choose(small, one, nothing)
    r = choose(small, r + r, r) - one
    p = splat(_F(7.0376836292e-2))
    p = p * r + splat(_F(-1.1514610310e-1))
    p = p * r + splat(_F(1.1676998740e-1))
    p = p * r + splat(_F(-1.2420140846e-1))
    p = p * r + splat(_F(1.4249322787e-1))
    p = p * r + splat(_F(-1.6668057665e-1))
    p = p * r + splat(_F(2.0000714765e-1))
    p = p * r + splat(_F(-2.4999993993e-1))
    p = p * r + splat(_F(3.3333331174e-1))
    square = r * r
    found = p * r * square + n * splat(_F(-2.12194440e-4)) - splat(_F(0.5)) * square + r
    found = found + n * splat(_F(0.693359375))
    found = choose(less(x, splat(_F(np.inf))), found, x)  # of infinity, and of NaN, it is that
    return choose(less(nothing, x), found, choose(equal(x, nothing), splat(_F(-np.inf)), nothing / nothing))


@jit_inner
def power(a: Any, b: Any) -> Any:
    """``a ** b``: ``exp(b * log(a))``, with the sign and the limits that C's ``pow`` has for finite numbers."""
    one, nothing = splat(_F(1)), splat(_F(0))
    found = exp(b * log(size_of(a)))
    half = b * splat(_F(0.5))
    odd = choose(equal(floor(half), half), one, splat(_F(-1)))
    signed = choose(equal(floor(b), b), found * odd, choose(equal(a, nothing), found, nothing / nothing))
    found = choose(less(a, nothing), signed, found)
    return choose(equal(b, nothing), one, choose(equal(a, one), one, found))


@jit_inner
def erf(x: Any) -> Any:
    """The error function: a polynomial around 0, and ``1 - exp(-x * x) * p(1 / x)`` further out."""
    size, one = size_of(x), splat(_F(1))
    z = x * x
    p = splat(_F(7.853861353153693e-5))
    p = p * z + splat(_F(-8.010193625184903e-4))
    p = p * z + splat(_F(5.188327685732524e-3))
    p = p * z + splat(_F(-2.685381193529856e-2))
    p = p * z + splat(_F(1.128358514861418e-1))
    p = p * z + splat(_F(-3.761262582423300e-1))
    p = p * z + splat(_F(1.128379165726710))
    near = p * x
    size = choose(less(splat(_F(5)), size), splat(_F(5)), size)  # from 4 on it is 1
    q = one / size
    y = q * q
    p = splat(_F(2.326819970068386e-2))
    p = p * y + splat(_F(-1.387039388740657e-1))
    p = p * y + splat(_F(3.687424674597105e-1))
    p = p * y + splat(_F(-5.824733027278666e-1))
    p = p * y + splat(_F(6.210004621745983e-1))
    p = p * y + splat(_F(-4.944515323274145e-1))
    p = p * y + splat(_F(3.404879937665872e-1))
    p = p * y + splat(_F(-2.741127028184656e-1))
    p = p * y + splat(_F(5.638259427386472e-1))
    far = one - exp(splat(_F(0)) - size * size) * q * p
    far = choose(less(x, splat(_F(0))), splat(_F(0)) - far, far)
    return choose(less(one, size), far, near)
