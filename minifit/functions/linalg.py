"""Products and matrices: TensorFlow's ``tf.linalg``, as far as NumPy has it."""

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
    """Return the determinant of a matrix. Its gradient needs an inverse, which a singular matrix does not have."""
    x = tensor(input)
    made = np.asarray(np.linalg.det(_matrix("det", x)))

    def rule(g: Array) -> tuple[Array]:
        return ((g * made)[..., None, None] * _turned(_inverse("the gradient of tf.linalg.det", x.value)),)

    return current().result(made, rule, x)


def inv(input: Any, name: str | None = None) -> Any:
    """Return the inverse of a matrix.

    Raises
    ------
    ArgumentError
        For a matrix that has none.
    """
    x = tensor(input)
    made = _inverse("tf.linalg.inv", _matrix("inv", x))

    def rule(g: Array) -> tuple[Array]:
        turned = _turned(made)
        return (-turned @ g @ turned,)

    return current().result(made, rule, x)


def solve(matrix: Any, rhs: Any, name: str | None = None) -> Any:
    """Return what a matrix has to be multiplied with for a result.

    Raises
    ------
    ArgumentError
        For a matrix that has no inverse.
    """
    a, b = alike(tensor(matrix), tensor(rhs))
    if len(b.shape) < 2:
        raise ShapeError(
            f"The right-hand side of an equation is a matrix. Received: shape {b.shape}. Add an axis: b[:, None]."
        )
    made = _solved("tf.linalg.solve", _matrix("solve", a), b.value)

    def rule(g: Array) -> tuple[Array, Array]:
        db = np.linalg.solve(_turned(a.value), g)
        return unbroadcast(-db @ _turned(made), a.value.shape), unbroadcast(db, b.value.shape)

    return current().result(made, rule, a, b)


def cholesky(input: Any, name: str | None = None) -> Any:
    """Return the lower triangle whose product with its transpose is a symmetric matrix; its gradient is symmetric.

    Raises
    ------
    ArgumentError
        For a matrix that is not positive definite.
    """
    x = tensor(input)
    value = _matrix("cholesky", x)
    try:
        made = np.linalg.cholesky(value)
    except np.linalg.LinAlgError:
        raise ArgumentError(
            "tf.linalg.cholesky takes apart a positive definite matrix. Received: one that is not. Add a small "
            "multiple of the identity."
        ) from None

    def rule(g: Array) -> tuple[Array]:
        half = np.tril(_turned(made) @ g)
        places = np.arange(made.shape[-1])
        half[..., places, places] /= 2
        turned = _turned(np.linalg.inv(made))
        whole = turned @ half @ _turned(turned)
        return ((whole + _turned(whole)) / 2,)

    return current().result(made, rule, x)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Return the eigenvalues of a symmetric matrix, of which the lower triangle is read, and its eigenvectors.

    The eigenvalues have a gradient, for the lower triangle; eigenvectors have none here.
    """
    x = _tensor(tensor)
    values, vectors = np.linalg.eigh(_matrix("eigh", x))

    def rule(g: Array) -> tuple[Array]:
        whole = (vectors * g[..., None, :]) @ _turned(vectors)
        return (np.tril(whole) + np.tril(_turned(whole), -1),)

    of_vectors = without_gradient("the eigenvectors of tf.linalg.eigh", lambda _: vectors, x)
    return current().result(values, rule, x), of_vectors


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Return the singular values of a matrix, then the matrices around them unless `compute_uv` is False.

    The singular values have a gradient; the matrices around them have none here.
    """
    x = _tensor(tensor)
    u, s, v = np.linalg.svd(_matrix("svd", x, square=False), full_matrices)
    count = s.shape[-1]

    def rule(g: Array) -> tuple[Array]:
        return ((u[..., :count] * g[..., None, :]) @ v[..., :count, :],)

    values = current().result(s, rule, x)
    if not compute_uv:
        return values
    around = without_gradient("the matrices of tf.linalg.svd", lambda _: (u, _turned(v)), x)
    return values, *around


def _matrix(name: str, x: Any, square: bool = True) -> Array:
    """Return the array of a tensor that holds matrices."""
    shape = x.shape
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        raise ShapeError(
            f"tf.linalg.{name} takes {'square matrices' if square else 'matrices'}. Received: shape {shape}. "
            "Reshape it."
        )
    return to_array(x)


def _turned(a: Array) -> Array:
    """Return matrices with rows and columns changed with each other."""
    return np.swapaxes(a, -1, -2)


def _inverse(name: str, a: Array) -> Array:
    return _solved(name, a, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))


def _solved(name: str, a: Array, b: Array) -> Array:
    """Return ``inverse(a) @ b``; raise for a matrix that has no inverse."""
    try:
        return np.asarray(np.linalg.solve(a, b))
    except np.linalg.LinAlgError:
        raise ArgumentError(
            f"{name} needs a matrix that has an inverse. Received: a singular one. Add a small multiple of the "
            "identity."
        ) from None
