"""Predictions: kept batch by batch, handed out as one; where several workers predict, those of all."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from minifit.arrays import Array
from minifit.distribute.agreeing import rows_in_order
from minifit.workers import Workers


def joined(
    workers: Workers, outputs: Sequence[tuple[Array, ...]], counts: Sequence[list[int]]
) -> list[Array]:
    """Return outputs one behind the other; those of all workers in the order of the samples.

    Parameters
    ----------
    workers : Workers
    outputs : list of tuple of ndarray
        The flat outputs of one batch or several, each time they were taken.
    counts : list of list of int
        Where there are several workers: how many rows of each of these batches count on this one.
    """
    columns = [np.concatenate(column) for column in zip(*outputs, strict=True)]
    if workers.size == 1:
        return columns
    return rows_in_order(workers, columns, list(chain.from_iterable(counts)))
