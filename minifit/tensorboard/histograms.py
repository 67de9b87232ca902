"""Histograms: counts of values in thirty equal parts of their range."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.arrays import Array
from minifit.tensorboard.events import Value

BUCKETS = 30
MOST_BUCKETS = 100_000
"""The largest number of buckets: more could not be seen, and would take megabytes per event."""

# values at a time: they and their intermediate results stay in the cache
_BLOCK = 1 << 16


def histogram_value(tag: str, values: Any, buckets: int = BUCKETS, description: str = "") -> Value:
    """Return the histogram of values as a value of an event."""
    return Value(tag, "histograms", histogram(np.asarray(values), buckets), description=description)


def histogram(values: Array, buckets: int = BUCKETS) -> NDArray[np.float64]:
    """Return the counts of values in `buckets` equal parts of their range.

    Parameters
    ----------
    values : array of any shape
        Values that are not finite are not counted.
    buckets : int, default 30

    Returns
    -------
    array of shape (buckets, 3), of float64
        The left end, the right end and the count of each bucket. A bucket includes its left end; the last one includes
        both ends. There are no buckets without values; equal values make one bucket of width 1.

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
    # in float64 the ends may be too far apart, or too close
    if not 0 < width < np.inf:
        return np.array([[low, high, flat.size]])
    edges = np.linspace(low, high, buckets + 1)
    return np.stack([edges[:-1], edges[1:], _counts(flat, low, width, buckets)], axis=1)


def _counts(flat: Array, low: float, width: float, buckets: int) -> NDArray[np.int64]:
    """Return the counts of ``floor((value - low) / width)``."""
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
    # the largest value belongs to the last bucket
    counts[buckets - 1] += counts[buckets]
    return counts[:buckets]
