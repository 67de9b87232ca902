"""The validation of data, before training begins."""

from collections.abc import Sized
from typing import Any

import numpy as np

from minifit.arrays import Array, numpy_ready
from minifit.checks import real
from minifit.data.refusals import not_numbers, ragged, refuse, several
from minifit.errors import ArgumentError, DataError


def array_of(name: str, data: Any) -> Array:
    """Return data as an array of real numbers; an array is not copied.

    Parameters
    ----------
    name : str
        The name in messages: ``"x"``.
    data : array, list, or any array_like

    Raises
    ------
    DataError
        When the data is not an array, is empty, ragged or a single number, or holds anything but real numbers.
    """
    value = data
    if type(value) is not np.ndarray:
        if isinstance(value, list | tuple) and len(value) == 1 and getattr(value[0], "ndim", 0) > 0:
            # Keras accepts a list of inputs, here of one
            value = value[0]
        refuse(name, value)
        value = _converted(name, value)
    array: Array = value if value.dtype.kind != "V" else numpy_ready(value)
    if array.dtype.kind == "O":
        array = _unboxed(array)
    if array.dtype.kind not in "fiub":
        raise not_numbers(name, data, array)
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


def _unboxed(array: Array) -> Array:
    """Return an array of objects as one of numbers if each object is a real number; otherwise unchanged."""
    values = [v if isinstance(v, bool | np.bool_) else real(v) for v in array.flat]
    if array.ndim == 0 or any(v is None for v in values):
        return array
    return np.array(values).reshape(array.shape)


def _converted(name: str, value: Any) -> Array:
    """Convert a value to an array with NumPy."""
    rows = value if isinstance(value, list | tuple) else ()
    if len(rows) > 1 and all(getattr(v, "ndim", 0) > 0 for v in rows) and max(v.ndim for v in rows) > 1:
        raise several(name, rows)
    try:
        return np.asarray(numpy_ready(value))
    except (ValueError, TypeError, RuntimeError) as error:
        # RuntimeError: from another library, for a tensor without numbers
        if rows and isinstance(error, ValueError):
            raise ragged(name, rows) from None
        reason = str(error).rstrip(".!")
        raise DataError(
            f"{name} must be one array of numbers. "
            f"Received: a {type(value).__name__} that NumPy cannot read: {reason}. Pass it as a NumPy array."
        ) from error


def same_length(which: str = "All arrays", /, **arrays: Sized | None) -> int:
    """Return the common number of samples; `which` begins the message.

    Raises
    ------
    DataError
        When the arrays differ.
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        received = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(
            f"{which} must have the same number of samples. Received: {received}. Shorten or complete one."
        )
    return next(iter(lengths.values()))


def holds_back(fraction: Any) -> bool:
    """Return whether a validation split is requested; None, False and 0 mean none."""
    return fraction is not None and fraction is not False and real(fraction) != 0


def split(fraction: Any, *arrays: Any) -> tuple[list[Any], list[Any]]:
    """Return the first rows for training, and the last `fraction` of them for validation, as views.

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
