"""Splits of a data set into two, and of a batch into inputs, targets and weights for `train_step`."""

from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array, numpy_ready
from minifit.checks import real, whole
from minifit.data.checks import same_length
from minifit.errors import ArgumentError, ArgumentTypeError, DataError

__all__ = ["pack_x_y_sample_weight", "split_dataset", "unpack_x_y_sample_weight"]


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Split data into a left and a right part, such as for training and for validation.

    Parameters
    ----------
    dataset : array, or list, tuple or dict of arrays, of shape (n, ...)
        The arrays may be nested; None stays None.
    left_size, right_size : float in (0, 1) or int, optional
        Share of the samples, or their number. If one size is None, its part is the rest. If both leave samples over,
        these are the ones between the parts.
    shuffle : bool, default False
        Whether to shuffle the samples first.
    seed : int, optional
        Seed of the shuffling, which then equals that of Keras for the same seed.

    Returns
    -------
    left, right
        Each nested as `dataset`. The arrays are views of the original ones unless the samples are shuffled.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For any other size, and for sizes that leave a part without samples.
    DataError
        If the arrays differ in length, or there is no array.

    Examples
    --------
    >>> x, y = np.arange(8).reshape(4, 2), np.arange(4)
    >>> (x_train, y_train), (x_val, y_val) = split_dataset((x, y), left_size=0.75)
    >>> y_train, y_val
    (array([0, 1, 2]), array([3]))

    References
    ----------
    ``keras.utils.split_dataset`` (Keras 3), which returns data sets of TensorFlow or PyTorch.
    """
    arrays = [None if leaf is None else _rows(leaf) for leaf in nest.flatten(dataset)]
    if all(array is None for array in arrays):
        raise DataError(
            f"A data set needs an array to split. Received: {dataset!r}. Pass for example (x, y)."
        )
    samples = same_length("All arrays of a data set", **{f"array {i + 1}": a for i, a in enumerate(arrays)})
    left, right = _sizes(left_size, right_size, samples)
    rows: Any = (slice(0, left), slice(samples - right, samples))
    if shuffle:
        # seldom needed, and not free to load
        import random

        order = list(range(samples))
        random.Random(random.randint(0, 10**6) if seed is None else seed).shuffle(order)
        rows = np.array(order[:left]), np.array(order[samples - right :])
    first, second = (nest.pack(dataset, [None if a is None else a[r] for a in arrays]) for r in rows)
    return first, second


def _rows(leaf: Any) -> Array:
    array: Array = leaf if isinstance(leaf, np.ndarray) else np.asarray(numpy_ready(leaf))
    if array.ndim == 0:
        raise ArgumentTypeError(
            "A data set must be an array, or a list, tuple or dict of arrays. "
            f"Received: {leaf!r} of type {type(leaf).__name__} among them. Convert it to an array: np.asarray(...)."
        )
    return array


def _sizes(left_size: Any, right_size: Any, samples: int) -> tuple[int, int]:
    """Return the numbers of samples in the left and the right part."""
    if left_size is None and right_size is None:
        raise ArgumentError(
            "A split needs a size. Received: left_size=None, right_size=None. Pass for example left_size=0.8."
        )
    left, right = _size("left_size", left_size, samples), _size("right_size", right_size, samples)
    left = samples - right if left is None and right is not None else left
    right = samples - left if right is None and left is not None else right
    assert left is not None and right is not None
    if left < 1 or right < 1 or left + right > samples:
        raise ArgumentError(
            f"Each part of a split must have at least one sample, and both together at most {samples}. "
            f"Received: left_size={left_size!r}, right_size={right_size!r}, which are {left} and {right} samples. "
            "Change the sizes."
        )
    return left, right


def _size(name: str, size: Any, samples: int) -> int | None:
    """Return a size as a number of samples."""
    if size is None:
        return None
    count, share = whole(size), real(size)
    if share is None or (count is None and not 0 < share < 1):
        kind = ArgumentTypeError if share is None else ArgumentError
        raise kind(
            f"{name} must be a share of the samples between 0 and 1, or their number. Received: {name}={size!r}. "
            f"Pass for example {name}=0.8."
        )
    return round(share * samples) if count is None else count


# -- the parts of a batch ------------------------------------------------------------------------------------


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights from the argument of `train_step`; a missing part is None.

    Parameters
    ----------
    data : x, (x,), (x, y) or (x, y, sample_weight)
        A list counts as a tuple; anything else is `x`.

    Raises
    ------
    ArgumentError
        For an empty tuple or one of more than three.

    Examples
    --------
    >>> x, y, sample_weight = unpack_x_y_sample_weight((np.ones(2), np.zeros(2)))
    >>> sample_weight is None
    True

    References
    ----------
    ``tf.keras.utils.unpack_x_y_sample_weight`` (TensorFlow 2.7).
    """
    if not isinstance(data, list | tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ArgumentError(
            f"A batch must be (x,), (x, y) or (x, y, sample_weight). Received: a tuple of {len(data)}. "
            "Put several inputs into one x: ((a, b), y)."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return inputs, targets and weights in the form in which a data set yields them.

    Parameters
    ----------
    x, y, sample_weight : array, or nested arrays
        `y` and `sample_weight` may be None.

    Returns
    -------
    x, (x,), (x, y) or (x, y, sample_weight)
        `x` itself if it is a single array without targets.

    Raises
    ------
    ArgumentError
        For weights without targets, which tf.keras ignores.

    Examples
    --------
    >>> pack_x_y_sample_weight(1.0, 2.0)
    (1.0, 2.0)

    References
    ----------
    ``tf.keras.utils.pack_x_y_sample_weight`` (TensorFlow 2.7).
    """
    if y is None and sample_weight is not None:
        raise ArgumentError(
            "Sample weights need targets. Received: a sample_weight without y. Pass y, or leave sample_weight out."
        )
    if y is None:
        return (x,) if nest.is_nested(x) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
