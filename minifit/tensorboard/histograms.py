"""Histograms: how often values fall into thirty equal parts of their range."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.arrays import Array
from minifit.tensorboard.events import Value

BUCKETS = 30
MOST_BUCKETS = 100_000
"""More are no picture any more, and an event of megabytes."""

_BLOCK = 1 << 16  # values at a time: they and what is made of them stay in the cache


def histogram_value(tag: str, values: Any, buckets: int = BUCKETS, description: str = "") -> Value:
    """The histogram of values as a value of an event."""
    return Value(tag, "histograms", histogram(np.asarray(values), buckets), description=description)


def histogram(values: Array, buckets: int = BUCKETS) -> NDArray[np.float64]:
    """How many of the values fall into each of `buckets` equal parts of their range.

    Parameters
    ----------
    values : array of any shape
        Those that are not finite are not counted.
    buckets : int, default 30

    Returns
    -------
    array of shape (buckets, 3), of float64
        The left end, the right end and the count of each. A bucket holds its left end; the last one holds both. No
        values make no buckets; equal ones make one of width 1.

    References
    ----------
    ``tf.summary.histogram`` of TensorFlow 2.7.
    """
    flat = values.reshape(-1)
    if not flat.size:
        return np.zeros((0, 3))
    low, high = float(flat.min()), float(flat.max())
    if not np.isfinite([low, high]).all():
        return histogram(flat[np.isfinite(flat)], buckets)
    if low == high:
        return np.array([[low - 0.5, high + 0.5, flat.size]])
    width = (high - low) / buckets
    if not 0 < width < np.inf:  # the ends are too far apart, or too near, for float64
        return np.array([[low, high, flat.size]])
    edges = np.linspace(low, high, buckets + 1)
    return np.stack([edges[:-1], edges[1:], _counts(flat, low, width, buckets)], axis=1)


def _counts(flat: Array, low: float, width: float, buckets: int) -> NDArray[np.int64]:
    """Count ``floor((value - low) / width)``."""
    counts = np.zeros(buckets + 1, np.int64)
    places = np.empty(min(_BLOCK, flat.size))
    whole = np.empty(len(places), np.intp)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        n = len(block)
        np.subtract(block, low, out=places[:n], dtype=np.float64)
        np.divide(places[:n], width, out=places[:n])
        np.copyto(whole[:n], places[:n], casting="unsafe")
        counts += np.bincount(whole[:n], minlength=buckets + 1)
    counts[buckets - 1] += counts[buckets]  # the largest value itself
    return counts[:buckets]
