"""exp and related functions of sixteen numbers at once: short polynomials, accurate to a few units in the last place.

References
----------
S. L. Moshier, Cephes Mathematical Library, the source of most of the float32 polynomials: https://netlib.org/cephes/.
"""

from typing import Any

import numpy as np

from minifit.kernels.compiled_vectors import (
    Float,
    choose,
    digits_of,
    equal,
    exponent_of,
    floor,
    less,
    magnitude,
    splat,
    times_power_of_two,
)
from minifit.kernels.jit import jit_inner

_F = np.float32


@jit_inner
def exp(x: Any) -> Any:
    """Return ``exp(x)`` to one unit in the last place: ``2 ** n * exp(r)``, n an integer, r within half of ln 2."""
    # exp is 0 below -104 and infinite above 89
    x = choose(less(x, splat(_F(-104))), splat(_F(-104)), x)
    x = choose(less(splat(_F(89)), x), splat(_F(89)), x)
    n = floor(x * splat(_F(1.44269504)) + splat(_F(0.5)))
    # ln 2 as a sum of two numbers, of which the first has few digits
    r = x - n * splat(_F(0.693359375)) - n * splat(_F(-2.12194440e-4))
    p = splat(_F(1.9875691500e-4))
    p = p * r + splat(_F(1.3981999507e-3))
    p = p * r + splat(_F(8.3334519073e-3))
    p = p * r + splat(_F(4.1665795894e-2))
    p = p * r + splat(_F(1.6666665459e-1))
    p = p * r + splat(_F(5.0000001201e-1))
    p = p * (r * r) + r + splat(_F(1))
    # NaN cannot be converted to an integer; p is NaN then
    n = choose(less(n, splat(_F(200))), n, splat(_F(0)))
    return times_power_of_two(p, n)


@jit_inner
def larger(a: Any, b: Any) -> Any:
    """Return the larger of two numbers, or NaN if one of them is NaN."""
    return choose(equal(a, a), choose(less(b, a), a, b), a)


@jit_inner
def at_least(x: Any, low: Float) -> Any:
    """Return `x`, or `low` where `x` is smaller; NaN stays NaN."""
    return choose(less(x, splat(low)), splat(low), x)


@jit_inner
def within(x: Any, low: Float, high: Float) -> Any:
    """Return `x` clipped to [low, high]; NaN stays NaN."""
    return choose(less(splat(high), x), splat(high), at_least(x, low))


@jit_inner
def sign_of(x: Any) -> Any:
    """Return -1, 0 or 1; NaN stays NaN."""
    zero, one = splat(_F(0)), splat(_F(1))
    return choose(less(zero, x), one, choose(less(x, zero), zero - one, x))


@jit_inner
def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``."""
    return splat(_F(1)) / (splat(_F(1)) + exp(splat(_F(0)) - x))


@jit_inner
def log1p_exp(x: Any) -> Any:
    """Return ``log(1 + exp(x))`` for x <= 0.

    With e = exp(x), it is a polynomial in e, or in (e - 1) / 2 where that is smaller.
    """
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
    result = p * r * z - half * z + r
    return choose(large, result + splat(_F(0.69314718)), result)


@jit_inner
def tanh(x: Any) -> Any:
    """Return ``tanh(x)``: a polynomial near 0, where ``1 - 2 / (exp(2 x) + 1)`` would lose digits."""
    size, one, zero = magnitude(x), splat(_F(1)), splat(_F(0))
    far = one - splat(_F(2)) / (exp(size + size) + one)
    far = choose(less(x, zero), zero - far, far)
    z = x * x
    p = splat(_F(-5.70498872745e-3))
    p = p * z + splat(_F(2.06390887954e-2))
    p = p * z + splat(_F(-5.37397155531e-2))
    p = p * z + splat(_F(1.33314422036e-1))
    p = p * z + splat(_F(-3.33332819422e-1))
    return choose(less(size, splat(_F(0.625))), p * z * x + x, far)


@jit_inner
def log(x: Any) -> Any:
    """Return ``log(x)`` to one unit in the last place, where ``x = 2 ** n * (1 + r)`` with r between -0.3 and 0.42."""
    one, zero = splat(_F(1)), splat(_F(0))
    # subnormal numbers have fewer digits: scale them by 2 ** 23
    tiny = less(x, splat(_F(1.17549435e-38)))
    z = choose(tiny, x * splat(_F(8388608)), x)
    r, n = digits_of(z), exponent_of(z) - choose(tiny, splat(_F(23)), zero)
    small = less(r, splat(_F(0.70710678)))
    n = n - choose(small, one, zero)
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
    result = p * r * square + n * splat(_F(-2.12194440e-4)) - splat(_F(0.5)) * square + r
    result = result + n * splat(_F(0.693359375))
    # log of infinity is infinity, and of NaN is NaN
    result = choose(less(x, splat(_F(np.inf))), result, x)
    return choose(less(zero, x), result, choose(equal(x, zero), splat(_F(-np.inf)), zero / zero))


@jit_inner
def power(a: Any, b: Any) -> Any:
    """Return ``a ** b`` as ``exp(b * log(a))``, with the signs and limits of C's ``pow`` for finite numbers."""
    one, zero = splat(_F(1)), splat(_F(0))
    result = exp(b * log(magnitude(a)))
    half = b * splat(_F(0.5))
    odd = choose(equal(floor(half), half), one, splat(_F(-1)))
    signed = choose(equal(floor(b), b), result * odd, choose(equal(a, zero), result, zero / zero))
    result = choose(less(a, zero), signed, result)
    return choose(equal(b, zero), one, choose(equal(a, one), one, result))


@jit_inner
def erf(x: Any) -> Any:
    """Return the error function: a polynomial near 0, and ``1 - exp(-x * x) * p(1 / x)`` further out."""
    size, one = magnitude(x), splat(_F(1))
    z = x * x
    p = splat(_F(7.853861353153693e-5))
    p = p * z + splat(_F(-8.010193625184903e-4))
    p = p * z + splat(_F(5.188327685732524e-3))
    p = p * z + splat(_F(-2.685381193529856e-2))
    p = p * z + splat(_F(1.128358514861418e-1))
    p = p * z + splat(_F(-3.761262582423300e-1))
    p = p * z + splat(_F(1.128379165726710))
    near = p * x
    # erf is 1 from 4 on
    size = choose(less(splat(_F(5)), size), splat(_F(5)), size)
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
