"""The activations that the dense kernel does not compute, each followed by its slope.

All of them but `log_softmax` work elementwise, so their gradient rule is one product: ``dx = dy * slope``. The slope is
computed only when gradients are.

The formulas are TensorFlow's, except that no intermediate result overflows when the final result is finite.
"""

import math
from collections.abc import Callable

import numpy as np

from minifit.arrays import Array
from minifit.symbolic import on_symbols
from minifit.tensor import Tensor, TensorLike, current, floating

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "log_softmax",
    "mish",
    "selu",
    "silu",
    "softplus",
    "softsign",
    "swish",
]


def _elementwise(x: Tensor, y: Array, slope: Callable[[], Array]) -> Tensor:
    """Return the tensor of ``y = f(x)`` with the rule ``dx = dy * slope()``."""
    return current().result(np.asarray(y), lambda dy: (dy * slope(),), x)


# -- exponential below zero ----------------------------------------------------------------------------------


@on_symbols
def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Return the exponential linear unit: ``x`` above 0, ``alpha * (exp(x) - 1)`` below.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units
    (ELUs)", ICLR 2016. ``tf.keras.activations.elu`` (TensorFlow 2.7).
    """
    x = floating(x)
    v = x.value
    y = np.where(v > 0, v, alpha * _exp_minus_1(v))
    # alpha * exp(x) below 0, which is y + alpha
    return _elementwise(x, y, lambda: np.where(v > 0, 1, y + alpha))


# Chosen so that activations converge to mean 0 and variance 1 from layer to layer.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@on_symbols
def selu(x: TensorLike) -> Tensor:
    """Return the scaled exponential linear unit ``1.0507 * elu(x, 1.67326)``, which keeps signals normalized.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017.
    ``tf.keras.activations.selu`` (TensorFlow 2.7).
    """
    x = floating(x)
    v = x.value
    low = SELU_SCALE * SELU_ALPHA
    y = np.where(v > 0, SELU_SCALE * v, low * _exp_minus_1(v))
    return _elementwise(x, y, lambda: np.where(v < 0, y + low, SELU_SCALE))


def _exp_minus_1(v: Array) -> Array:
    """Return ``exp(v) - 1`` below 0, and 0 above, where the result is not used.

    Near 0 the subtraction leaves only the last digits of exp. In NumPy's float32 these vary between machines, so exp is
    computed in float64 and rounded.
    """
    return np.asarray(np.exp(np.minimum(v, 0), dtype=np.float64).astype(v.dtype) - 1)


# -- smooth steps and bends ----------------------------------------------------------------------------------


@on_symbols
def softplus(x: TensorLike) -> Tensor:
    """Return ``log(1 + exp(x))``, a smooth relu.

    References
    ----------
    ``tf.keras.activations.softplus`` (TensorFlow 2.7).
    """
    x = floating(x)
    v = x.value
    return _elementwise(x, _softplus(v), lambda: _sigmoid(v))


@on_symbols
def softsign(x: TensorLike) -> Tensor:
    """Return ``x / (1 + abs(x))``, which approaches -1 and 1 more slowly than tanh.

    References
    ----------
    ``tf.keras.activations.softsign`` (TensorFlow 2.7).
    """
    x = floating(x)
    bound = 1 + np.abs(x.value)
    # 1 / (1 + |x|)², as two divisions since the square could overflow
    return _elementwise(x, x.value / bound, lambda: 1 / bound / bound)


@on_symbols
def hard_sigmoid(x: TensorLike) -> Tensor:
    """Return ``0.2 * x + 0.5`` clipped to [0, 1], a piecewise linear approximation of the sigmoid.

    References
    ----------
    ``tf.keras.activations.hard_sigmoid`` (TensorFlow 2.7; from Keras 3 on the slope is 1/6).
    """
    x = floating(x)
    line = 0.2 * x.value + 0.5
    # 0.2 where the line was not clipped, including both corners
    return _elementwise(x, np.clip(line, 0, 1), lambda: 0.2 * ((line >= 0) & (line <= 1)).astype(line.dtype))


# -- x times a gate ------------------------------------------------------------------------------------------


@on_symbols
def swish(x: TensorLike) -> Tensor:
    """Return ``x * sigmoid(x)``, also called silu.

    References
    ----------
    Ramachandran, Zoph and Le, "Searching for Activation Functions", 2017. ``tf.keras.activations.swish``
    (TensorFlow 2.7).
    """
    x = floating(x)
    v = x.value
    s = _sigmoid(v)
    # s + x s', with s' = s (1 - s)
    return _elementwise(x, v * s, lambda: s * (1 + v * (1 - s)))


silu = swish


@on_symbols
def mish(x: TensorLike) -> Tensor:
    """Return ``x * tanh(softplus(x))``.

    References
    ----------
    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020. TensorFlow 2.7 does not have it;
    ``keras.activations.mish`` of later versions computes the same.
    """
    x = floating(x)
    v = x.value
    t = np.tanh(_softplus(v))
    # t + x t', with t' = (1 - t²) sigmoid(x)
    return _elementwise(x, v * t, lambda: t + v * ((1 - t * t) * _sigmoid(v)))


# sqrt(2 / pi)
_TANH_FACTOR = 0.7978845608028654
_CUBE_FACTOR = 0.044715
# beyond it the gate of the approximation is 0 or 1 in any precision
_TANH_IS_ONE = 10.0


@on_symbols
def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Return the Gaussian error linear unit: `x` times the probability that a standard normal number is below `x`.

    Parameters
    ----------
    x : Tensor
    approximate : bool, default False
        ``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))`` instead of ``x / 2 * (1 + erf(x / sqrt(2)))``;
        they differ by less than 0.0005.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016. ``tf.keras.activations.gelu``
    (TensorFlow 2.7).
    """
    x = floating(x)
    v = x.value
    if approximate:
        # clipped so that the cube cannot overflow
        u = np.clip(v, -_TANH_IS_ONE, _TANH_IS_ONE)
        t = np.tanh(_TANH_FACTOR * (u + _CUBE_FACTOR * (u * u * u)))
        gate = 0.5 * (1 + t)
        # gate + x gate', with gate' = (1 - t²) / 2 times the slope of tanh's argument
        steep = _TANH_FACTOR / 2
        return _elementwise(
            x, v * gate, lambda: gate + v * ((1 - t * t) * (steep + 3 * steep * _CUBE_FACTOR * u * u))
        )
    gate = 0.5 * (1 + erf(v / math.sqrt(2)))
    # gate + x gate', with gate' the density of the normal distribution
    return _elementwise(x, v * gate, lambda: gate + v * _normal_density(v))


def _normal_density(v: Array) -> Array:
    """Return ``exp(-v² / 2) / sqrt(2 pi)``, which is 0 in any precision for ``abs(v) >= 40``."""
    u = np.minimum(np.abs(v), 40)
    return np.asarray(np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi))


# -- along an axis -------------------------------------------------------------------------------------------


@on_symbols
def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return ``x - log(sum(exp(x)))`` along an axis: the logarithms of probabilities.

    References
    ----------
    ``tf.nn.log_softmax`` (TensorFlow 2.7), which Keras finds under the name "log_softmax".
    """
    x = floating(x)
    # the largest number becomes 0, so that no exp overflows
    z = x.value - x.value.max(axis, keepdims=True)
    y = z - np.log(np.exp(z).sum(axis, keepdims=True))

    def rule(dy: Array) -> tuple[Array]:
        # y_i depends on x_i directly, and on every x through the sum: dx = dy - softmax(x) sum(dy)
        return (dy - np.exp(y) * dy.sum(axis, keepdims=True),)

    return current().result(y, rule, x)


# -- functions of arrays -------------------------------------------------------------------------------------


def _sigmoid(v: Array) -> Array:
    """Return ``1 / (1 + exp(-v))``, accurate to the last digits even for tiny results."""
    e = np.exp(-np.abs(v))
    return np.asarray(np.where(v >= 0, 1, e) / (1 + e))


def _softplus(v: Array) -> Array:
    """Return ``log(1 + exp(v))``, written so that the argument of exp is never positive."""
    return np.asarray(np.maximum(v, 0) + np.log1p(np.exp(-np.abs(v))))


# Cody's coefficients, highest power first. Near 0: erf(x) = x P(x²) / Q(x²).
_NEAR = 0.46875
_NEAR_P = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_NEAR_Q = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
# Further out: erf(x) = 1 - exp(-x²) P(x) / Q(x).
_FAR_P = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_FAR_Q = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
# in float64, erf is 1 from 5.93 on
_ERF_IS_ONE = 6.0


def erf(v: Array) -> Array:
    """Return the error function: ``2 / sqrt(pi)`` times the integral of ``exp(-t²)`` from 0 to `v`.

    NumPy does not have it. The result is correct to the last digit in float32 and to 5e-16 in float64. It is computed
    in float64, since float32 arithmetic would lose two of seven digits.

    References
    ----------
    Cody, "Rational Chebyshev Approximations for the Error Function", Mathematics of Computation 23 (1969).
    """
    a = np.minimum(np.abs(v), _ERF_IS_ONE).astype(np.float64)
    near = np.minimum(a, _NEAR)
    square = near * near
    inside = near * _polynomial(_NEAR_P, square) / _polynomial(_NEAR_Q, square)
    outside = 1 - np.exp(-a * a) * _polynomial(_FAR_P, a) / _polynomial(_FAR_Q, a)
    return np.copysign(np.where(a <= _NEAR, inside, outside), v).astype(v.dtype)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Evaluate a polynomial by Horner's rule; the coefficient of the highest power comes first."""
    y = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y *= x
        y += c
    return y
