"""exp and its relatives, of sixteen numbers at once: short polynomials, right to a few units in the last place.

References
----------
S. L. Moshier, Cephes Mathematical Library, whose polynomials for float32 most of these are: https://netlib.org/cephes/.
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
    size_of,
    splat,
    times_power_of_two,
)
from minifit.kernels.jit import jit_inner

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
    return times_power_of_two(p, n)


@jit_inner
def larger(a: Any, b: Any) -> Any:
    """The larger of two numbers, and NaN if one of them is."""
    return choose(equal(a, a), choose(less(b, a), a, b), a)


@jit_inner
def at_least(x: Any, low: Float) -> Any:
    """`x`, or `low` where it is smaller; NaN stays."""
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
    r, n = digits_of(z), exponent_of(z) - choose(tiny, splat(_F(23)), nothing)
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
