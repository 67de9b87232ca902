"""The dense layer, the fused activations and softmax, compiled.

Large products go to NumPy's BLAS, and one compiled pass before or after it does the rest. Below a few thousand
multiplications the calls cost more than the arithmetic, so there a single compiled call does everything.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.errors import UnknownNameError
from minifit.kernels import reference_dense as reference
from minifit.kernels.jit_arrays import jit, jit_sums

LINEAR, RELU, SIGMOID, TANH = range(4)
_CODES = {"linear": LINEAR, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}

# Measured on x86-64 with OpenBLAS: the multiplications n * k * m up to which one compiled call is faster than BLAS,
# and the count of numbers up to which Numba's scalar exp is faster than more calls of NumPy's vectorized exp.
_TINY_FORWARD = 3000
_TINY_BACKWARD = 4096
_FEW_SIGMOIDS = 1024
_FEW_SOFTMAXES = 256


def dense_forward(
    x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None, activation: str, y: NDArray[Any]
) -> None:
    """See `reference.dense_forward`."""
    code = _code(activation)
    n, k = x.shape
    m = w.shape[1]
    # for tanh, and for sigmoid of many numbers, NumPy's vector instructions are faster: then only z = x @ w + b here
    fused = code <= RELU or (code == SIGMOID and n * m <= _FEW_SIGMOIDS)
    if n * k * m <= _TINY_FORWARD:
        _dense_forward(x, w, b, code if fused else LINEAR, y)
    else:
        reference.product(x, w, y)
        if b is not None or (fused and code != LINEAR):
            _bias_and_activation(b, code if fused else LINEAR, y)
    if not fused:
        activation_forward(y, activation, y)


def dense_backward(
    x: NDArray[Any],
    w: NDArray[Any],
    y: NDArray[Any],
    dy: NDArray[Any],
    activation: str,
    dz: NDArray[Any] | None,
    dx: NDArray[Any] | None,
    dw: NDArray[Any] | None,
    db: NDArray[Any] | None,
) -> None:
    """See `reference.dense_backward`."""
    code = _code(activation)
    if code == LINEAR:
        # dz is only read
        dz = dy
    assert dz is not None, "only a linear layer needs no scratch"
    n, k = x.shape
    if n * k * w.shape[1] <= _TINY_BACKWARD:
        _dense_backward(x, w, y, dy, code, dz, dx, dw, db)
        return
    if code != LINEAR or db is not None:
        _slope_and_bias(y, dy, code, dz, db)
    if dw is not None:
        reference.product(x.T, dz, dw)
    if dx is not None:
        reference.product(dz, w.T, dx)


def activation_forward(z: NDArray[Any], activation: str, y: NDArray[Any]) -> None:
    """See `reference.activation_forward`."""
    code = _code(activation)
    if code == TANH:
        # 0.4 ns per number, against 12 ns in Numba
        np.tanh(z, out=y)
    elif (code == SIGMOID and z.size > _FEW_SIGMOIDS) or not (z.flags.c_contiguous and y.flags.c_contiguous):
        reference.activation_forward(z, activation, y)
    else:
        _activation_forward(z.reshape(-1), code, y.reshape(-1))


def activation_backward(y: NDArray[Any], dy: NDArray[Any], activation: str, dz: NDArray[Any]) -> None:
    """See `reference.activation_backward`."""
    code = _code(activation)
    if y.flags.c_contiguous and dy.flags.c_contiguous and dz.flags.c_contiguous:
        _activation_backward(y.reshape(-1), dy.reshape(-1), code, dz.reshape(-1))
    else:
        reference.activation_backward(y, dy, activation, dz)


def softmax_forward(z: NDArray[Any], y: NDArray[Any]) -> None:
    """See `reference.softmax_forward`."""
    if z.size <= _FEW_SOFTMAXES:
        _softmax_forward(z, y)
    else:
        _shift_rows(z, y)
        np.exp(y, out=y)
        _normalize_rows(y)


def _code(activation: str) -> int:
    try:
        return _CODES[activation]
    except KeyError:
        raise UnknownNameError.of("fused activation", activation, _CODES) from None


@jit
def _dense_forward(
    x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None, code: int, y: NDArray[Any]
) -> None:
    zero, one = y.dtype.type(0), y.dtype.type(1)
    n, k = x.shape
    m = w.shape[1]
    for i in range(n):
        for j in range(m):
            y[i, j] = zero if b is None else b[j]
        for q in range(k):
            xq = x[i, q]
            for j in range(m):
                y[i, j] += xq * w[q, j]
        if code == RELU:
            for j in range(m):
                # NaN is not < 0 and stays NaN
                y[i, j] = zero if y[i, j] < zero else y[i, j]
        elif code == SIGMOID:
            for j in range(m):
                y[i, j] = one / (one + np.exp(-y[i, j]))


@jit
def _bias_and_activation(b: NDArray[Any] | None, code: int, y: NDArray[Any]) -> None:
    zero, one = y.dtype.type(0), y.dtype.type(1)
    n, m = y.shape
    for i in range(n):
        if b is not None:
            for j in range(m):
                y[i, j] += b[j]
        if code == RELU:
            for j in range(m):
                y[i, j] = zero if y[i, j] < zero else y[i, j]
        elif code == SIGMOID:
            for j in range(m):
                y[i, j] = one / (one + np.exp(-y[i, j]))


@jit_sums
def _dense_backward(
    x: NDArray[Any],
    w: NDArray[Any],
    y: NDArray[Any],
    dy: NDArray[Any],
    code: int,
    dz: NDArray[Any],
    dx: NDArray[Any] | None,
    dw: NDArray[Any] | None,
    db: NDArray[Any] | None,
) -> None:
    n, k = x.shape
    m = w.shape[1]
    if code != LINEAR:
        _slope(y, dy, code, dz)
    if db is not None:
        _sum_rows(dz, db)
    if dw is not None:
        dw[:] = 0
        for i in range(n):
            for q in range(k):
                xq = x[i, q]
                for j in range(m):
                    dw[q, j] += xq * dz[i, j]
    if dx is not None:
        for i in range(n):
            for q in range(k):
                total = x.dtype.type(0)
                for j in range(m):
                    total += dz[i, j] * w[q, j]
                dx[i, q] = total


@jit
def _slope_and_bias(
    y: NDArray[Any], dy: NDArray[Any], code: int, dz: NDArray[Any], db: NDArray[Any] | None
) -> None:
    if code != LINEAR:
        _slope(y, dy, code, dz)
    if db is not None:
        _sum_rows(dz, db)


@jit
def _slope(y: NDArray[Any], dy: NDArray[Any], code: int, dz: NDArray[Any]) -> None:
    for i in range(len(y)):
        _activation_backward(y[i], dy[i], code, dz[i])


@jit
def _sum_rows(dz: NDArray[Any], db: NDArray[Any]) -> None:
    n, m = dz.shape
    db[:] = 0
    for i in range(n):
        for j in range(m):
            db[j] += dz[i, j]


@jit
def _activation_forward(z: NDArray[Any], code: int, y: NDArray[Any]) -> None:
    zero, one = y.dtype.type(0), y.dtype.type(1)
    if code == RELU:
        for i in range(z.size):
            y[i] = zero if z[i] < zero else z[i]
    elif code == SIGMOID:
        for i in range(z.size):
            y[i] = one / (one + np.exp(-z[i]))
    else:
        y[:] = z


@jit
def _activation_backward(y: NDArray[Any], dy: NDArray[Any], code: int, dz: NDArray[Any]) -> None:
    zero, one = y.dtype.type(0), y.dtype.type(1)
    if code == RELU:
        for i in range(y.size):
            dz[i] = dy[i] * (one if y[i] > zero else zero)
    elif code == SIGMOID:
        for i in range(y.size):
            dz[i] = dy[i] * (y[i] * (one - y[i]))
    elif code == TANH:
        for i in range(y.size):
            dz[i] = dy[i] * (one - y[i] * y[i])
    else:
        dz[:] = dy


@jit
def _softmax_forward(z: NDArray[Any], y: NDArray[Any]) -> None:
    _shift_rows(z, y)
    n, m = y.shape
    for i in range(n):
        for j in range(m):
            y[i, j] = np.exp(y[i, j])
    _normalize_rows(y)


@jit
def _shift_rows(z: NDArray[Any], y: NDArray[Any]) -> None:
    n, m = z.shape
    for i in range(n):
        top = z.dtype.type(-np.inf)
        for j in range(m):
            # NaN is ignored here, but the sum includes it
            top = z[i, j] if z[i, j] > top else top
        for j in range(m):
            y[i, j] = z[i, j] - top


@jit_sums
def _normalize_rows(y: NDArray[Any]) -> None:
    n, m = y.shape
    for i in range(n):
        total = y.dtype.type(0)
        for j in range(m):
            total += y[i, j]
        for j in range(m):
            y[i, j] /= total


@jit_sums
def softmax_backward(y: NDArray[Any], dy: NDArray[Any], dz: NDArray[Any]) -> None:
    """See `reference.softmax_backward`."""
    n, m = y.shape
    for i in range(n):
        mean = y.dtype.type(0)
        for j in range(m):
            mean += dy[i, j] * y[i, j]
        for j in range(m):
            dz[i, j] = (dy[i, j] - mean) * y[i, j]
