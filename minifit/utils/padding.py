"""Lists of several lengths as one array, cut or filled up to one length."""

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
    """Return lists of several lengths as one array.

    Parameters
    ----------
    sequences : list of lists, or of arrays of the same shape but for the first axis
    maxlen : int, optional
        The length of each; that of the longest when None.
    dtype : dtype, default "int32"
    padding, truncating : {"pre", "post"}
        Whether shorter ones are filled up in front or behind, and where longer ones are cut.
    value : number or str, default 0
        What fills up.

    Returns
    -------
    ndarray of shape (len(sequences), maxlen, ...)

    Raises
    ------
    ArgumentError
        For another side.
    DataError
        For what is no list of lists, and for parts of several shapes.

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
            raise ArgumentError(f"{name} is 'pre' or 'post'. Received: {name}={side!r}.")
    if not all(hasattr(part, "__len__") for part in sequences):
        raise DataError("sequences is a list of lists. Received: a part without a length. Wrap it: [part].")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    cut = truncating == "pre"
    parts = [
        np.asarray(part[max(len(part) - length, 0) :] if cut else part[:length], dtype) for part in sequences
    ]
    shapes = {part.shape[1:] for part in parts if len(part)}
    if len(shapes) > 1:
        raise DataError(
            f"All parts have the shape of the first but for their length. Received: {sorted(shapes)}. Reshape them."
        )
    padded = np.full((len(parts), length, *(shapes.pop() if shapes else ())), value, dtype)
    for row, part in zip(padded, parts, strict=True):
        if len(part):
            row[slice(len(part)) if padding == "post" else slice(-len(part), None)] = part
    return padded
