"""Predictions: kept batch by batch, and joined at the end, over all workers."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from minifit.arrays import Array
from minifit.distribute.agreeing import rows_in_order
from minifit.workers import Workers


def joined(
    workers: Workers, outputs: Sequence[tuple[Array, ...]], counts: Sequence[list[int]]
) -> list[Array]:
    """Concatenate outputs; with several workers, those of all of them in the order of the samples.

    Parameters
    ----------
    workers : Workers
    outputs : list of tuple of ndarray
        The flat outputs, one entry for each batch or for each call of a program.
    counts : list of list of int
        For several workers: the number of rows of each batch that count on this worker.
    """
    columns = [np.concatenate(column) for column in zip(*outputs, strict=True)]
    if workers.size == 1:
        return columns
    return rows_in_order(workers, columns, list(chain.from_iterable(counts)))
