"""Instructions of losses that are means of functions of errors: see `instructions_losses` for their form."""

from typing import Any

import numpy as np

from minifit.kernels.compiled_functions import at_least, log, log1p_exp, sign_of, tanh, within
from minifit.kernels.compiled_vectors import choose, less, less_equal, magnitude, splat
from minifit.kernels.instructions_losses import row_slopes, row_values

_F = np.float32
_ZERO, _ONE, _LOG_2 = _F(0), _F(1), _F(np.log(2))
_EPSILON = _F(1e-7)


@row_values(100, zero=True)
def percentage_error(t: Any, p: Any, q: Any) -> Any:
    """``100 * mean(|(t - p) / max(|t|, 1e-7)|)`` row by row: fields losses, t, p, rows, m."""
    return magnitude((t - p) / at_least(magnitude(t), _EPSILON))


@row_slopes
def percentage_error_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = 100 sign(p - t) / max(|t|, 1e-7) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    size = at_least(magnitude(t), _EPSILON)
    return sign_of((p - t) / size) / size * splat(dloss * _F(100) / m)


@row_values(zero=True)
def logarithmic_error(t: Any, p: Any, q: Any) -> Any:
    """``mean((log(p + 1) - log(t + 1)) ** 2)``, each at least 1e-7, row by row: fields losses, t, p, rows, m."""
    one = splat(_ONE)
    error = log(at_least(p, _EPSILON) + one) - log(at_least(t, _EPSILON) + one)
    return error * error


@row_slopes
def logarithmic_error_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = 2 (log(p + 1) - log(t + 1)) / (p + 1) / m * dloss``: fields dp, t, p, dlosses, rows, m.

    0 where p was raised to 1e-7.
    """
    one, target = splat(_ONE), at_least(t, _EPSILON)
    shifted = at_least(p, _EPSILON) + one
    change = (log(shifted) - log(target + one)) / shifted * splat(dloss * _F(2) / m)
    return choose(less_equal(splat(_EPSILON), p), change, splat(_ZERO))


@row_values(zero=True)
def huber(t: Any, p: Any, delta: Any) -> Any:
    """``mean(b * (|p - t| - b / 2))`` with b = min(|p - t|, delta), row by row: fields losses, t, p, rows, m, delta."""
    error = magnitude(p - t)
    bounded = choose(less(splat(delta), error), splat(delta), error)
    return bounded * (error - bounded * splat(_F(0.5)))


@row_slopes
def huber_slope(t: Any, p: Any, dloss: Any, m: Any, delta: Any) -> Any:
    """``dp = (p - t clipped to [-delta, delta]) / m * dloss``: fields dp, t, p, dlosses, rows, m, delta."""
    return within(p - t, -delta, delta) * splat(dloss / m)


@row_values()
def log_cosh(t: Any, p: Any, q: Any) -> Any:
    """``mean(e + log(1 + exp(-2 e)) - log(2))`` with e = p - t, row by row: fields losses, t, p, rows, m."""
    error, zero = p - t, splat(_ZERO)
    twice = zero - error - error
    return error + (at_least(twice, _ZERO) + log1p_exp(zero - magnitude(twice))) - splat(_LOG_2)


@row_slopes
def log_cosh_slope(t: Any, p: Any, dloss: Any, m: Any, q: Any) -> Any:
    """``dp = tanh(p - t) / m * dloss``: fields dp, t, p, dlosses, rows, m."""
    return tanh(p - t) * splat(dloss / m)
