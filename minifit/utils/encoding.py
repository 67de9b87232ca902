"""Preparations of data for `fit`: class numbers as one-hot rows, and arrays scaled to unit length."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minifit.arrays import Array, numpy_ready
from minifit.checks import positive
from minifit.errors import ArgumentTypeError, DataError


def to_categorical(y: ArrayLike, num_classes: int | None = None, dtype: Any = "float32") -> Array:
    """Turn class numbers into one-hot rows.

    Parameters
    ----------
    y : array_like of int, shape (...) or (..., 1)
        Class numbers of at least 0; floats without a fraction count as integers.
    num_classes : int, optional
        One more than the largest class number when None.
    dtype : dtype, default "float32"
        Dtype of the result.

    Returns
    -------
    ndarray of shape (..., num_classes)

    Raises
    ------
    ArgumentTypeError
        If `y` contains anything but whole numbers.
    DataError
        If a class number is negative or not below `num_classes`.

    Examples
    --------
    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)

    References
    ----------
    ``tf.keras.utils.to_categorical`` (TensorFlow 2.7).
    """
    classes = _class_numbers(y)
    shape = classes.shape[:-1] if classes.ndim > 1 and classes.shape[-1] == 1 else classes.shape
    count = int(classes.max(initial=-1)) + 1 if num_classes is None else positive("num_classes", num_classes)
    outside = (classes < 0) | (classes >= count)
    if outside.any():
        raise DataError(
            f"Class numbers must be from 0 to {count - 1}. Received: {classes[outside].flat[0]}. "
            "Count classes from 0, or pass a larger num_classes."
        )
    rows = np.zeros((classes.size, count), dtype)
    rows[np.arange(classes.size), classes.ravel()] = 1
    return rows.reshape(*shape, count)


def _class_numbers(y: ArrayLike) -> Array:
    """Return `y` as an array of integers."""
    array = np.asarray(numpy_ready(y))
    if array.dtype.kind not in "fiub" or not np.equal(np.mod(array, 1), 0).all():
        raise ArgumentTypeError(
            f"y must hold whole class numbers. Received: dtype {array.dtype}. "
            "Number the classes first: np.unique(y, return_inverse=True)[1]."
        )
    return array.astype(np.int64)


def normalize(x: ArrayLike, axis: int = -1, order: float = 2) -> Array:
    """Scale an array to unit length along an axis; vectors of zeros stay zeros.

    Parameters
    ----------
    x : array_like
    axis : int, default -1
        Axis of the vectors.
    order : float, default 2
        Order of the norm, as in `numpy.linalg.norm`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ArgumentTypeError
        If `x` does not contain real numbers.
    ValueError
        If there is no such axis or norm; raised by `numpy.linalg.norm`.

    Examples
    --------
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])

    References
    ----------
    ``tf.keras.utils.normalize`` (TensorFlow 2.7).
    """
    array = np.asarray(numpy_ready(x))
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(
            f"x must hold real numbers. Received: dtype {array.dtype}. Convert it to floats first."
        )
    lengths = np.linalg.norm(array, order, axis, keepdims=True)
    scaled: Array = array / np.where(lengths == 0, 1, lengths)
    return scaled
