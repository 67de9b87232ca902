"""The losses, compiled: one pass over a batch, where NumPy makes three to ten.

Where every prediction needs an `exp` or a `log`, Numba computes them one at a time. In large batches NumPy's vector
instructions outweigh its additional passes, so there the reference runs. The sizes were measured on x86-64.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import reference_losses as reference
from minifit.kernels.jit_arrays import jit, jit_sums

# reference.EPSILON, repeated because a compiled function needs its constants in its own file
_LOW, _HIGH = 1e-7, 1 - 1e-7

# the sizes n * m of a batch up to which the compiled kernel is faster
_FEW_IN_SOFTMAX = 16384
_FEW_IN_SIGMOID = 2048
_FEW_IN_LOG1P = 512


@jit_sums
def squared_error_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.squared_error_forward`."""
    n, m = p.shape
    for i in range(n):
        total = p.dtype.type(0)
        for j in range(m):
            error = p[i, j] - t[i, j]
            total += error * error
        loss[i] = total / p.dtype.type(m)


@jit
def squared_error_backward(t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]) -> None:
    """See `reference.squared_error_backward`."""
    n, m = p.shape
    scale = p.dtype.type(2 / m)
    for i in range(n):
        slope = dloss[i] * scale
        for j in range(m):
            dp[i, j] = (p[i, j] - t[i, j]) * slope


@jit_sums
def absolute_error_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.absolute_error_forward`."""
    n, m = p.shape
    for i in range(n):
        total = p.dtype.type(0)
        for j in range(m):
            total += abs(p[i, j] - t[i, j])
        loss[i] = total / p.dtype.type(m)


@jit
def absolute_error_backward(t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]) -> None:
    """See `reference.absolute_error_backward`."""
    n, m = p.shape
    for i in range(n):
        slope = dloss[i] / p.dtype.type(m)
        for j in range(m):
            dp[i, j] = np.sign(p[i, j] - t[i, j]) * slope


@jit_sums
def categorical_crossentropy_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.categorical_crossentropy_forward`."""
    zero = p.dtype.type(0)
    n, m = p.shape
    for i in range(n):
        total = zero
        for j in range(m):
            total += p[i, j]
        entropy = zero
        for j in range(m):
            q = p[i, j] / total
            # most targets are 0 and need no logarithm
            if t[i, j] != zero or np.isnan(q):
                entropy += t[i, j] * np.log(_clip(q))
        loss[i] = -entropy


@jit_sums
def categorical_crossentropy_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """See `reference.categorical_crossentropy_backward`."""
    zero = p.dtype.type(0)
    n, m = p.shape
    for i in range(n):
        total = zero
        for j in range(m):
            total += p[i, j]
        mean = zero
        for j in range(m):
            q = p[i, j] / total
            dp[i, j] = _slope_of_log(t[i, j], q)
            mean += dp[i, j] * q
        scale = dloss[i] / total
        for j in range(m):
            dp[i, j] = (dp[i, j] - mean) * scale


def categorical_crossentropy_logits_forward(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.categorical_crossentropy_logits_forward`."""
    few = z.size <= _FEW_IN_SOFTMAX
    (_categorical_logits if few else reference.categorical_crossentropy_logits_forward)(t, z, loss)


@jit
def _categorical_logits(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    n, m = z.shape
    for i in range(n):
        top, log_total = _log_sum_exp(z[i])
        entropy = z.dtype.type(0)
        for j in range(m):
            entropy += t[i, j] * (z[i, j] - top - log_total)
        loss[i] = -entropy


@jit_sums
def categorical_crossentropy_logits_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """See `reference.categorical_crossentropy_logits_backward`."""
    n, m = p.shape
    for i in range(n):
        total = p.dtype.type(0)
        for j in range(m):
            total += t[i, j]
        for j in range(m):
            dz[i, j] = (p[i, j] * total - t[i, j]) * dloss[i]


@jit_sums
def sparse_categorical_crossentropy_forward(
    ids: NDArray[np.int64], p: NDArray[Any], loss: NDArray[Any]
) -> int:
    """See `reference.sparse_categorical_crossentropy_forward`."""
    n, m = p.shape
    first = -1
    for i in range(n):
        if ids[i] < 0 or ids[i] >= m:
            first = i if first < 0 else first
            loss[i] = np.nan
            continue
        total = p.dtype.type(0)
        for j in range(m):
            total += _clip(p[i, j])
        loss[i] = np.log(total) - np.log(_clip(p[i, ids[i]]))
    return first


@jit_sums
def sparse_categorical_crossentropy_backward(
    ids: NDArray[np.int64], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """See `reference.sparse_categorical_crossentropy_backward`."""
    zero, one = p.dtype.type(0), p.dtype.type(1)
    n, m = p.shape
    for i in range(n):
        if ids[i] < 0 or ids[i] >= m:
            dp[i, :] = np.nan
            continue
        total = zero
        for j in range(m):
            total += _clip(p[i, j])
        for j in range(m):
            clipped = _clip(p[i, j])
            slope = one / total - (one / clipped if j == ids[i] else zero)
            dp[i, j] = slope * dloss[i] * (one if clipped == p[i, j] else zero)


def sparse_categorical_crossentropy_logits_forward(
    ids: NDArray[np.int64], z: NDArray[Any], loss: NDArray[Any]
) -> int:
    """See `reference.sparse_categorical_crossentropy_logits_forward`."""
    few = z.size <= _FEW_IN_SOFTMAX
    return (_sparse_logits if few else reference.sparse_categorical_crossentropy_logits_forward)(ids, z, loss)


@jit
def _sparse_logits(ids: NDArray[np.int64], z: NDArray[Any], loss: NDArray[Any]) -> int:
    n, m = z.shape
    first = -1
    for i in range(n):
        if ids[i] < 0 or ids[i] >= m:
            first = i if first < 0 else first
            loss[i] = np.nan
        else:
            top, log_total = _log_sum_exp(z[i])
            loss[i] = log_total - (z[i, ids[i]] - top)
    return first


@jit
def sparse_categorical_crossentropy_logits_backward(
    ids: NDArray[np.int64], p: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """See `reference.sparse_categorical_crossentropy_logits_backward`."""
    n, m = p.shape
    for i in range(n):
        if ids[i] < 0 or ids[i] >= m:
            dz[i, :] = np.nan
            continue
        for j in range(m):
            dz[i, j] = p[i, j] * dloss[i]
        dz[i, ids[i]] = (p[i, ids[i]] - p.dtype.type(1)) * dloss[i]


def binary_crossentropy_forward(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.binary_crossentropy_forward`."""
    (_binary if p.size <= _FEW_IN_SIGMOID else reference.binary_crossentropy_forward)(t, p, loss)


@jit
def _binary(t: NDArray[Any], p: NDArray[Any], loss: NDArray[Any]) -> None:
    one, small = p.dtype.type(1), p.dtype.type(_LOW)
    n, m = p.shape
    for i in range(n):
        entropy = p.dtype.type(0)
        for j in range(m):
            q = _clip(p[i, j])
            rest = one - q
            entropy += t[i, j] * np.log(q + small) + (one - t[i, j]) * np.log(rest + small)
        loss[i] = -entropy / p.dtype.type(m)


@jit
def binary_crossentropy_backward(
    t: NDArray[Any], p: NDArray[Any], dloss: NDArray[Any], dp: NDArray[Any]
) -> None:
    """See `reference.binary_crossentropy_backward`."""
    one, small = p.dtype.type(1), p.dtype.type(_LOW)
    n, m = p.shape
    for i in range(n):
        scale = dloss[i] / p.dtype.type(m)
        for j in range(m):
            q = _clip(p[i, j])
            rest = one - q
            slope = (one - t[i, j]) / (rest + small) - t[i, j] / (q + small)
            dp[i, j] = slope * p.dtype.type(q == p[i, j]) * scale


def binary_crossentropy_logits_forward(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    """See `reference.binary_crossentropy_logits_forward`."""
    (_binary_logits if z.size <= _FEW_IN_LOG1P else reference.binary_crossentropy_logits_forward)(t, z, loss)


@jit
def _binary_logits(t: NDArray[Any], z: NDArray[Any], loss: NDArray[Any]) -> None:
    zero = z.dtype.type(0)
    n, m = z.shape
    for i in range(n):
        entropy = zero
        for j in range(m):
            zj = z[i, j]
            entropy += (zj if zj > zero else zero) - zj * t[i, j] + np.log1p(np.exp(-abs(zj)))
        loss[i] = entropy / z.dtype.type(m)


def binary_crossentropy_logits_backward(
    t: NDArray[Any], z: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]
) -> None:
    """See `reference.binary_crossentropy_logits_backward`."""
    few = z.size <= _FEW_IN_SIGMOID
    (_binary_logits_slope if few else reference.binary_crossentropy_logits_backward)(t, z, dloss, dz)


@jit
def _binary_logits_slope(t: NDArray[Any], z: NDArray[Any], dloss: NDArray[Any], dz: NDArray[Any]) -> None:
    one = z.dtype.type(1)
    n, m = z.shape
    for i in range(n):
        scale = dloss[i] / z.dtype.type(m)
        for j in range(m):
            dz[i, j] = (one / (one + np.exp(-z[i, j])) - t[i, j]) * scale


@jit
def _clip(p: Any) -> Any:
    """Return one number clipped to [epsilon, 1 - epsilon]; NaN stays NaN."""
    low, high = type(p)(_LOW), type(p)(_HIGH)
    return low if p < low else (high if p > high else p)


@jit
def _slope_of_log(t: Any, q: Any) -> Any:
    """Return the derivative of -t log(q clipped to [epsilon, 1 - epsilon]), which is 0 where q was clipped."""
    clipped = _clip(q)
    return -t / clipped * type(q)(clipped == q)


@jit
def _log_sum_exp(z: NDArray[Any]) -> tuple[Any, Any]:
    """Return the largest number of a row, and the logarithm of the sum of exp(z - largest)."""
    top = z.dtype.type(-np.inf)
    for j in range(z.size):
        # NaN is ignored here, but the sum includes it
        top = z[j] if z[j] > top else top
    total = z.dtype.type(0)
    for j in range(z.size):
        total += np.exp(z[j] - top)
    return top, np.log(total)
