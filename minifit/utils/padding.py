"""Padding and truncating: lists of several lengths as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError, DataError

SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Pad and truncate lists of several lengths to one array.

    Parameters
    ----------
    sequences : list of lists, or of arrays whose shapes differ only in the first axis
    maxlen : int, optional
        Length of each row; that of the longest sequence when None.
    dtype : dtype, default "int32"
    padding, truncating : {"pre", "post"}
        Side on which shorter sequences are padded, and on which longer ones are cut: the front or the end.
    value : number or str, default 0
        Value of the padding.

    Returns
    -------
    ndarray of shape (len(sequences), maxlen, ...)

    Raises
    ------
    ArgumentError
        For any other side.
    DataError
        For anything but a list of lists, and for sequences of different shapes.

    Examples
    --------
    >>> pad_sequences([[1, 2, 3], [4]], maxlen=2)
    array([[2, 3],
           [0, 4]], dtype=int32)

    References
    ----------
    ``tf.keras.preprocessing.sequence.pad_sequences`` (TensorFlow 2.7).
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in SIDES:
            raise ArgumentError(f"{name} must be 'pre' or 'post'. Received: {name}={side!r}.")
    if not all(hasattr(part, "__len__") for part in sequences):
        raise DataError(
            "sequences must be a list of lists. Received: a part without a length. Wrap it: [part]."
        )
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    cut = truncating == "pre"
    parts = [
        np.asarray(part[max(len(part) - length, 0) :] if cut else part[:length], dtype) for part in sequences
    ]
    shapes = {part.shape[1:] for part in parts if len(part)}
    if len(shapes) > 1:
        raise DataError(
            "All sequences must have the shape of the first, except for the length. "
            f"Received: {sorted(shapes)}. Reshape them."
        )
    padded = np.full((len(parts), length, *(shapes.pop() if shapes else ())), value, dtype)
    for row, part in zip(padded, parts, strict=True):
        if len(part):
            row[slice(len(part)) if padding == "post" else slice(-len(part), None)] = part
    return padded
