"""What data must be like, said before training begins."""

from collections.abc import Mapping, Sized
from typing import Any

import numpy as np

from minifit.arrays import Array, numpy_ready
from minifit.checks import entries, real
from minifit.data.refusals import not_numbers, ragged, refuse, several
from minifit.errors import ArgumentError, DataError


def array_of(name: str, given: Any) -> Array:
    """The data as an array of real numbers, without a copy where it is one already.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"x"``.
    given : array, list, anything that NumPy takes as an array

    Raises
    ------
    DataError
        When it is no array, empty, ragged, a single number, or holds anything but real numbers.
    """
    value = given
    if type(value) is not np.ndarray:
        if isinstance(value, list | tuple) and len(value) == 1 and getattr(value[0], "ndim", 0) > 0:
            value = value[0]  # Keras takes a list of inputs, here of one
        refuse(name, value)
        value = _converted(name, value)
    array: Array = value if value.dtype.kind != "V" else numpy_ready(value)
    if array.dtype.kind not in "fiub":
        raise not_numbers(name, given, array)
    if array.ndim == 0:
        raise DataError(
            f"{name} must have one row for each sample. Received: a single number. Pass an array."
        )
    if array.size == 0:
        raise DataError(
            f"{name} must hold at least one sample, and a sample at least one number. "
            f"Received: shape {array.shape}. Check how it was made."
        )
    return array


def _converted(name: str, value: Any) -> Array:
    """What NumPy makes of it."""
    rows = value if isinstance(value, list | tuple) else ()
    if len(rows) > 1 and all(getattr(v, "ndim", 0) > 0 for v in rows) and max(v.ndim for v in rows) > 1:
        raise several(name, rows)
    try:
        return np.asarray(numpy_ready(value))
    except (ValueError, TypeError, RuntimeError) as error:  # the library of a tensor that has no numbers
        if rows and isinstance(error, ValueError):
            raise ragged(name, rows) from None
        said = str(error).rstrip(".!")
        raise DataError(
            f"{name} must be one array of numbers. Received: a {type(value).__name__} that NumPy cannot read: {said}. "
            "Pass it as a NumPy array."
        ) from error


def same_length(which: str = "All arrays", /, **arrays: Sized | None) -> int:
    """The common number of samples; `which` begins the message.

    Raises
    ------
    DataError
        When the arrays differ.
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(
            f"{which} must have the same number of samples. Received: {said}. Cut or complete one."
        )
    return next(iter(lengths.values()))


def holds_back(fraction: Any) -> bool:
    """Return whether a validation split is asked for; None, False and 0 ask for none."""
    return fraction is not None and fraction is not False and real(fraction) != 0


def split(fraction: Any, *arrays: Any) -> tuple[list[Any], list[Any]]:
    """The first rows for training, the last `fraction` of them for validation, as views.

    Raises
    ------
    ArgumentError
        When the fraction is not between 0 and 1, or leaves one side without a sample.
    """
    share = real(fraction)
    if share is None or not 0 < share < 1:
        raise ArgumentError(
            "validation_split must be a number between 0 and 1. "
            f"Received: validation_split={fraction!r}. Pass for example 0.2."
        )
    n = next(len(a) for a in arrays if a is not None)
    at = int(n * (1.0 - share))
    if at in (0, n):
        raise ArgumentError(
            "validation_split must leave at least one sample on each side. "
            f"Received: validation_split={fraction!r} for {n} samples. Choose another fraction or pass validation_data."
        )
    return [a if a is None else a[:at] for a in arrays], [a if a is None else a[at:] for a in arrays]


def class_weights(weights: Any) -> Array | None:
    """Return Keras's ``class_weight`` as an array: the weight of class i at position i; None if there are none.

    Parameters
    ----------
    weights : dict, pandas Series or one-dimensional array_like
        From class number to weight; by position where there are no keys, as scikit-learn's `compute_class_weight`
        returns them.

    Raises
    ------
    ArgumentError
        Unless its keys are 0, 1, ..., n - 1 and its values finite numbers.
    """
    by_class = weights.to_dict() if hasattr(weights, "to_dict") else weights  # a Series has its own keys
    if not isinstance(by_class, Mapping):
        listed = entries(weights)
        by_class = None if listed is None else dict(enumerate(listed))
    made = {} if by_class is None else {_class(key): real(value) for key, value in by_class.items()}
    if (
        by_class is None
        or set(made) != set(range(len(by_class)))
        or not all(value is not None and np.isfinite(value) for value in made.values())
    ):
        raise ArgumentError(
            "class_weight must be a dict from every class number 0, 1, ..., n - 1 to its weight. "
            f"Received: {weights!r}. Give the classes that shall not be changed the weight 1; a list or an array has "
            "the weights in this order."
        )
    return np.array([made[i] for i in range(len(made))], np.float32) if made else None


def _class(key: Any) -> int | float | None:
    """Return a key as a number; a bool, of targets that are True or False, counts as 0 or 1."""
    return int(key) if isinstance(key, bool | np.bool_) else real(key)
