"""Products and functions of matrices: the part of TensorFlow's ``tf.linalg`` that NumPy covers."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ShapeError
from minifit.functions.convert import tensor, without_gradient
from minifit.functions.reductions import axes
from minifit.functions.shaping import transpose
from minifit.tensor import Tensor, alike, current, to_array, unbroadcast


def matrix_transpose(a: Any, name: str = "matrix_transpose") -> Any:
    """Swap the last two axes of a tensor."""
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
    """Return the matrix product over the last two axes.

    Raises
    ------
    ArgumentError
        For an enabled option of sparse or complex matrices.
    """
    enabled = next((name for name, value in options.items() if value), None)
    if enabled is not None:
        raise ArgumentError(
            f"matmul multiplies dense, real matrices. Received: {enabled}={options[enabled]!r}. Leave it out."
        )
    x, y = tensor(a), tensor(b)
    return ops.matmul(matrix_transpose(x) if transpose_a else x, matrix_transpose(y) if transpose_b else y)


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Any:
    """Return the product of a matrix and a vector."""
    return ops.squeeze(matmul(a, ops.expand_dims(tensor(b), -1), transpose_a), -1)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Return the product of two tensors, summed over `axes`.

    An integer stands for that many of the last axes of `a` and of the first axes of `b`; a pair lists the axes of each.
    """
    x, y = tensor(a), tensor(b)
    if isinstance(axes, int):
        summed_x, summed_y = list(range(len(x.shape) - axes, len(x.shape))), list(range(axes))
    else:
        summed_x, summed_y = ([int(i) for i in np.atleast_1d(group)] for group in axes)
    summed_x, summed_y = [i % len(x.shape) for i in summed_x], [i % len(y.shape) for i in summed_y]
    rest_x = [i for i in range(len(x.shape)) if i not in summed_x]
    rest_y = [i for i in range(len(y.shape)) if i not in summed_y]
    inner = int(np.prod([x.shape[i] for i in summed_x]))
    rows = ops.reshape(transpose(x, rest_x + summed_x), (-1, inner))
    columns = ops.reshape(transpose(y, summed_y + rest_y), (inner, -1))
    return ops.reshape(rows @ columns, tuple([x.shape[i] for i in rest_x] + [y.shape[i] for i in rest_y]))


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Any:
    """Return the norm of a tensor, or its norms along some axes.

    Parameters
    ----------
    ord : {"euclidean", 2, 1, infinity}
    """
    x, over, kept = _tensor(tensor), axes(axis), bool(keepdims)
    if ord == 1:
        return ops.sum(ops.abs(x), over, kept)
    if ord == np.inf:
        return ops.max(ops.abs(x), over, kept)
    if ord not in ("euclidean", "fro", 2):
        raise ArgumentError(
            f"ord must be 'euclidean', 2, 1 or infinity. Received: ord={ord!r}. Leave it out for 'euclidean'."
        )
    return ops.sqrt(ops.sum(ops.square(x), over, kept))


# arguments of `norm`, `eigh` and `svd` hide the name `tensor`
_tensor = tensor


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Any:
    """Divide a tensor by its norm along some axes, or by the norm of all its numbers."""
    x = tensor(x)
    squares = ops.sum(ops.square(x), axes(dim if axis is None else axis), True)
    return x / ops.sqrt(ops.maximum(squares, epsilon))


def diag_part(input: Any, name: str = "diag_part") -> Any:
    """Return the diagonal of a matrix."""
    x = tensor(input)
    places = np.arange(min(x.shape[-2:]))
    return x[(..., places, places)]


def diag(diagonal: Any, name: str = "diag") -> Any:
    """Return a matrix with `diagonal` on its diagonal and zeros elsewhere."""
    x = tensor(diagonal)
    return ops.expand_dims(x, -1) * Tensor(np.eye(x.shape[-1], dtype=x.dtype))


def trace(x: Any, name: str | None = None) -> Any:
    """Return the sum of the diagonal of a matrix."""
    return ops.sum(diag_part(x), -1)


def det(input: Any, name: str | None = None) -> Any:
    """Return the determinant of a matrix. Its gradient needs the inverse, so a singular matrix has none."""
    x = tensor(input)
    determinant = np.asarray(np.linalg.det(_matrix("det", x)))

    def rule(g: Array) -> tuple[Array]:
        return (
            (g * determinant)[..., None, None]
            * _transposed(_inverse("the gradient of tf.linalg.det", x.value)),
        )

    return current().result(determinant, rule, x)


def inv(input: Any, name: str | None = None) -> Any:
    """Return the inverse of a matrix.

    Raises
    ------
    ArgumentError
        For a singular matrix.
    """
    x = tensor(input)
    inverse = _inverse("tf.linalg.inv", _matrix("inv", x))

    def rule(g: Array) -> tuple[Array]:
        transposed = _transposed(inverse)
        return (-transposed @ g @ transposed,)

    return current().result(inverse, rule, x)


def solve(matrix: Any, rhs: Any, name: str | None = None) -> Any:
    """Return the solution `x` of ``matrix @ x = rhs``.

    Raises
    ------
    ArgumentError
        For a singular matrix.
    """
    a, b = alike(tensor(matrix), tensor(rhs))
    if len(b.shape) < 2:
        raise ShapeError(
            f"The right-hand side of solve must be a matrix. Received: shape {b.shape}. Add an axis: b[:, None]."
        )
    solution = _solve("tf.linalg.solve", _matrix("solve", a), b.value)

    def rule(g: Array) -> tuple[Array, Array]:
        db = np.linalg.solve(_transposed(a.value), g)
        return unbroadcast(-db @ _transposed(solution), a.value.shape), unbroadcast(db, b.value.shape)

    return current().result(solution, rule, a, b)


def cholesky(input: Any, name: str | None = None) -> Any:
    """Return the lower triangular matrix whose product with its transpose is the argument; its gradient is symmetric.

    Raises
    ------
    ArgumentError
        For a matrix that is not positive definite.
    """
    x = tensor(input)
    value = _matrix("cholesky", x)
    try:
        factor = np.linalg.cholesky(value)
    except np.linalg.LinAlgError:
        raise ArgumentError(
            "tf.linalg.cholesky needs a positive definite matrix. Received: a matrix that is not. Add a small "
            "multiple of the identity."
        ) from None

    def rule(g: Array) -> tuple[Array]:
        half = np.tril(_transposed(factor) @ g)
        diagonal = np.arange(factor.shape[-1])
        half[..., diagonal, diagonal] /= 2
        inverse = _transposed(np.linalg.inv(factor))
        dx = inverse @ half @ _transposed(inverse)
        return ((dx + _transposed(dx)) / 2,)

    return current().result(factor, rule, x)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Return the eigenvalues and the eigenvectors of a symmetric matrix; only its lower triangle is read.

    The eigenvalues have a gradient, with respect to the lower triangle; the eigenvectors have none here.
    """
    x = _tensor(tensor)
    values, vectors = np.linalg.eigh(_matrix("eigh", x))

    def rule(g: Array) -> tuple[Array]:
        dx = (vectors * g[..., None, :]) @ _transposed(vectors)
        return (np.tril(dx) + np.tril(_transposed(dx), -1),)

    constant_vectors = without_gradient("The eigenvector matrix of tf.linalg.eigh", lambda _: vectors, x)
    return current().result(values, rule, x), constant_vectors


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Return the singular values of a matrix, and the singular vectors `u` and `v` unless `compute_uv` is False.

    The singular values have a gradient; the singular vectors have none here.
    """
    x = _tensor(tensor)
    u, s, v = np.linalg.svd(_matrix("svd", x, square=False), full_matrices)
    count = s.shape[-1]

    def rule(g: Array) -> tuple[Array]:
        return ((u[..., :count] * g[..., None, :]) @ v[..., :count, :],)

    values = current().result(s, rule, x)
    if not compute_uv:
        return values
    vectors = without_gradient(
        "The singular vector matrix of tf.linalg.svd", lambda _: (u, _transposed(v)), x
    )
    return values, *vectors


def _matrix(name: str, x: Any, square: bool = True) -> Array:
    """Return the array of a tensor that holds matrices."""
    shape = x.shape
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        raise ShapeError(
            f"tf.linalg.{name} needs {'square matrices' if square else 'matrices'}. Received: shape {shape}. "
            "Reshape the tensor."
        )
    return to_array(x)


def _transposed(a: Array) -> Array:
    """Return the transposes of matrices."""
    return np.swapaxes(a, -1, -2)


def _inverse(name: str, a: Array) -> Array:
    return _solve(name, a, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))


def _solve(name: str, a: Array, b: Array) -> Array:
    """Return ``inverse(a) @ b``; raise for a singular matrix."""
    try:
        return np.asarray(np.linalg.solve(a, b))
    except np.linalg.LinAlgError:
        raise ArgumentError(
            f"{name} needs an invertible matrix. Received: a singular matrix. Add a small multiple of the identity."
        ) from None
