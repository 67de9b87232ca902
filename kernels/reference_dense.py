"""The dense layer, the activations that can be fused into it, and softmax.

A fused activation is one whose derivative can be written in terms of its output y alone, so that the layer
need not keep what went in:

    linear   y = z                   dy/dz = 1
    relu     y = max(z, 0)           dy/dz = 1 where y > 0, else 0
    sigmoid  y = 1 / (1 + exp(-z))   dy/dz = y (1 - y)
    tanh     y = tanh(z)             dy/dz = 1 - y²
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.errors import UnknownNameError

FUSED_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")

# exp overflows a little beyond these, by the size of a number in bytes
_EXP_LIMIT = {4: 88.0, 8: 709.0}


# the numbers up to which one row is multiplied without BLAS
_SMALL_ROW = 4096


def product(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """out = a @ b; `a` and `b` may be transposed views, which BLAS reads without a copy.

    For one row BLAS has another routine, which adds up in an order of its own on every machine. A small one is
    summed term by term instead, as TensorFlow does.
    """
    if len(a) == 1 and b.size <= _SMALL_ROW:
        np.add.reduce(np.multiply(a.T, b, order="C"), axis=0, out=out[0])
    elif out.flags.c_contiguous:
        np.dot(a, b, out=out)  # starts half a microsecond sooner than matmul, but asks for a contiguous `out`
    else:
        np.matmul(a, b, out=out)


def dense_forward(
    x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None, activation: str, y: NDArray[Any]
) -> None:
    """y = activation(x @ w + b)

    Parameters
    ----------
    x : array of shape (n, k)
    w : array of shape (k, m)
    b : array of shape (m,), or None
    activation : one of FUSED_ACTIVATIONS
    y : array of shape (n, m), written
    """
    product(x, w, out=y)
    if b is not None:
        y += b
    if activation != "linear":
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
    """dz = dy * activation'(y); dx = dz @ w.T; dw = x.T @ dz; db = dz.sum(axis=0)

    Parameters
    ----------
    x, w, y, activation : as `dense_forward` had and wrote them
    dy : array of shape (n, m), the gradient of the loss with respect to `y`
    dz : array of shape (n, m), scratch; not touched, and may be None, when the activation is "linear"
    dx, dw, db : arrays of the shapes of x, w and b, written; None where the gradient is not wanted
    """
    if activation == "linear":
        dz = dy
    elif dz is not None:
        activation_backward(y, dy, activation, dz)
    assert dz is not None, "only a linear layer needs no scratch"
    if db is not None:
        np.add.reduce(dz, axis=0, out=db)
    if dw is not None:
        product(x.T, dz, out=dw)
    if dx is not None:
        product(dz, w.T, out=dx)


def activation_forward(z: NDArray[Any], activation: str, y: NDArray[Any]) -> None:
    """y = activation(z), for arrays of any one shape; `y` may be `z`."""
    if activation == "linear":
        np.copyto(y, z)
    elif activation == "relu":
        np.maximum(z, 0, out=y)  # maximum, unlike fmax, keeps NaN
    elif activation == "sigmoid":
        # -z is held where exp(-z) is finite: the answer there is below 1e-38 anyway, and nothing overflows
        np.negative(z, out=y)
        np.minimum(y, _EXP_LIMIT[y.itemsize], out=y)
        np.exp(y, out=y)
        y += 1
        np.reciprocal(y, out=y)
    elif activation == "tanh":
        np.tanh(z, out=y)
    else:
        raise UnknownNameError.of("fused activation", activation, FUSED_ACTIVATIONS)


def activation_backward(y: NDArray[Any], dy: NDArray[Any], activation: str, dz: NDArray[Any]) -> None:
    """dz = dy * activation'(y), for arrays of any one shape; `dz` may be `dy`."""
    if activation == "linear":
        np.copyto(dz, dy)
    elif activation == "relu":
        np.multiply(dy, y > 0, out=dz)
    elif activation == "sigmoid":
        np.multiply(dy, y * (1 - y), out=dz)
    elif activation == "tanh":
        np.multiply(dy, 1 - y * y, out=dz)
    else:
        raise UnknownNameError.of("fused activation", activation, FUSED_ACTIVATIONS)


def softmax_forward(z: NDArray[Any], y: NDArray[Any]) -> None:
    """y = exp(z) / sum(exp(z)) over each row; `y` may be `z`."""
    # a constant taken from the whole row changes nothing, and with the largest at 0 no exp overflows
    np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=y)
    np.exp(y, out=y)
    y /= np.add.reduce(y, axis=1, keepdims=True)


def softmax_backward(y: NDArray[Any], dy: NDArray[Any], dz: NDArray[Any]) -> None:
    """dz = y * (dy - sum(dy * y)), the sum over each row; `dz` may be `dy`."""
    mean = np.add.reduce(dy * y, axis=1, keepdims=True)
    np.subtract(dy, mean, out=dz)
    dz *= y
