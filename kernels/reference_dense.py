"""The dense layer, the activations that can be fused into it, and softmax.

An activation can be fused if its derivative depends only on its output y, so that the layer need not keep its input:

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

# the largest arguments of exp without overflow, rounded down, by the size of a number in bytes
_EXP_LIMIT = {4: 88.0, 8: 709.0}

# the size of `b` up to which a single row is multiplied without BLAS
_SMALL_ROW = 4096


def product(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """Compute out = a @ b; `a` and `b` may be transposed views, which BLAS reads without a copy.

    For a single row, BLAS has another routine, whose order of summation differs between machines. A small row is
    therefore summed term by term, as in TensorFlow.
    """
    if len(a) == 1 and b.size <= _SMALL_ROW:
        np.add.reduce(np.multiply(a.T, b, order="C"), axis=0, out=out[0])
    elif out.flags.c_contiguous:
        # dot starts half a microsecond sooner than matmul, but needs a contiguous `out`
        np.dot(a, b, out=out)
    else:
        np.matmul(a, b, out=out)


def dense_forward(
    x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None, activation: str, y: NDArray[Any]
) -> None:
    """Compute y = activation(x @ w + b).

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
    """Compute dz = dy * activation'(y); dx = dz @ w.T; dw = x.T @ dz; db = dz.sum(axis=0).

    Parameters
    ----------
    x, w, y, activation : the arguments and the result of `dense_forward`
    dy : array of shape (n, m), the gradient of the loss with respect to `y`
    dz : array of shape (n, m), scratch; unused, and may be None, for a "linear" activation
    dx, dw, db : arrays of the shapes of x, w and b, written; None for gradients that are not needed
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
    """Compute y = activation(z) for arrays of one shape; `y` may be `z`."""
    if activation == "linear":
        np.copyto(y, z)
    elif activation == "relu":
        # maximum, unlike fmax, keeps NaN
        np.maximum(z, 0, out=y)
    elif activation == "sigmoid":
        # -z is limited to values whose exp is finite; beyond, the result is below 1e-38 anyway
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
    """Compute dz = dy * activation'(y) for arrays of one shape; `dz` may be `dy`."""
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
    """Compute y = exp(z) / sum(exp(z)) over each row; `y` may be `z`."""
    # subtracting a constant from the whole row changes nothing, and with the largest number at 0 no exp overflows
    np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=y)
    np.exp(y, out=y)
    y /= np.add.reduce(y, axis=1, keepdims=True)


def softmax_backward(y: NDArray[Any], dy: NDArray[Any], dz: NDArray[Any]) -> None:
    """Compute dz = y * (dy - sum(dy * y)), the sum over each row; `dz` may be `dy`."""
    mean = np.add.reduce(dy * y, axis=1, keepdims=True)
    np.subtract(dy, mean, out=dz)
    dz *= y
