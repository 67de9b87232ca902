"""Products and matrices: TensorFlow's ``tf.linalg``, as far as NumPy has it."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.errors import ArgumentError
from minifit.functions.convert import tensor, without_gradient
from minifit.functions.reductions import axes
from minifit.functions.shaping import transpose
from minifit.tensor import Tensor


def matrix_transpose(a: Any, name: str = "matrix_transpose") -> Any:
    """Return a tensor with its last two axes changed with each other."""
    x = tensor(a)
    n = len(x.shape)
    return ops.transpose(x, (*range(n - 2), n - 1, n - 2))


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    name: str | None = None,
    **options: Any,
) -> Any:
    """Return the matrix product of the last two axes.

    Raises
    ------
    ArgumentError
        For the options of sparse and complex matrices, when they are on.
    """
    on = next((name for name, value in options.items() if value), None)
    if on is not None:
        raise ArgumentError(
            f"matmul multiplies dense, real matrices. Received: {on}={options[on]!r}. Leave it out."
        )
    x, y = tensor(a), tensor(b)
    return ops.matmul(matrix_transpose(x) if transpose_a else x, matrix_transpose(y) if transpose_b else y)


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Any:
    """Return the product of a matrix and a vector."""
    return ops.squeeze(matmul(a, ops.expand_dims(tensor(b), -1), transpose_a), -1)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Return the product of two tensors, summed over some axes: so many of the last and first, or those listed."""
    x, y = tensor(a), tensor(b)
    if isinstance(axes, int):
        of_x, of_y = list(range(len(x.shape) - axes, len(x.shape))), list(range(axes))
    else:
        of_x, of_y = ([int(i) for i in np.atleast_1d(group)] for group in axes)
    of_x, of_y = [i % len(x.shape) for i in of_x], [i % len(y.shape) for i in of_y]
    rest_x = [i for i in range(len(x.shape)) if i not in of_x]
    rest_y = [i for i in range(len(y.shape)) if i not in of_y]
    inner = int(np.prod([x.shape[i] for i in of_x]))
    rows = ops.reshape(transpose(x, rest_x + of_x), (-1, inner))
    columns = ops.reshape(transpose(y, of_y + rest_y), (inner, -1))
    return ops.reshape(rows @ columns, tuple([x.shape[i] for i in rest_x] + [y.shape[i] for i in rest_y]))


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Any:
    """Return the norm of a tensor, or along some axes.

    Parameters
    ----------
    ord : {"euclidean", 2, 1, infinity}
    """
    x, along, kept = _tensor(tensor), axes(axis), bool(keepdims)
    if ord == 1:
        return ops.sum(ops.abs(x), along, kept)
    if ord == np.inf:
        return ops.max(ops.abs(x), along, kept)
    if ord not in ("euclidean", "fro", 2):
        raise ArgumentError(
            f"A norm is 'euclidean', 1 or infinite here. Received: ord={ord!r}. Leave it out."
        )
    return ops.sqrt(ops.sum(ops.square(x), along, kept))


_tensor = tensor  # the first argument of `norm` has its name


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Any:
    """Return a tensor divided by its norm along some axes, or by that of everything."""
    x = tensor(x)
    squares = ops.sum(ops.square(x), axes(dim if axis is None else axis), True)
    return x / ops.sqrt(ops.maximum(squares, epsilon))


def diag_part(input: Any, name: str = "diag_part") -> Any:
    """Return the diagonal of a matrix."""
    x = tensor(input)
    places = np.arange(min(x.shape[-2:]))
    return x[(..., places, places)]


def diag(diagonal: Any, name: str = "diag") -> Any:
    """Return a matrix with these numbers on its diagonal, and zeros elsewhere."""
    x = tensor(diagonal)
    return ops.expand_dims(x, -1) * Tensor(np.eye(x.shape[-1], dtype=x.dtype))


def trace(x: Any, name: str | None = None) -> Any:
    """Return the sum of the diagonal of a matrix."""
    return ops.sum(diag_part(x), -1)


def det(input: Any, name: str | None = None) -> Any:
    """Return the determinant of a matrix; it has no gradient here."""
    return without_gradient("tf.linalg.det", np.linalg.det, input)


def inv(input: Any, name: str | None = None) -> Any:
    """Return the inverse of a matrix; it has no gradient here."""
    return without_gradient("tf.linalg.inv", np.linalg.inv, input)


def solve(matrix: Any, rhs: Any, name: str | None = None) -> Any:
    """Return what a matrix has to be multiplied with for a result; it has no gradient here."""
    return without_gradient("tf.linalg.solve", np.linalg.solve, matrix, rhs)


def cholesky(input: Any, name: str | None = None) -> Any:
    """Return the lower triangle whose product with its transpose is a matrix; it has no gradient here."""
    return without_gradient("tf.linalg.cholesky", np.linalg.cholesky, input)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Return the eigenvalues of a symmetric matrix, and its eigenvectors; they have no gradient here."""
    return without_gradient("tf.linalg.eigh", lambda x: tuple(np.linalg.eigh(x)), tensor)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Return the singular values of a matrix, then the matrices around them; they have no gradient here."""

    def parts(x: Any) -> Any:
        if not compute_uv:
            return np.linalg.svd(x, full_matrices, False)
        u, s, v = np.linalg.svd(x, full_matrices)
        return s, u, np.swapaxes(v, -1, -2)

    return without_gradient("tf.linalg.svd", parts, tensor)
