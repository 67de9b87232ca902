"""The rows of batches that each of several workers takes."""

import numpy as np

from minifit.arrays import Array
from minifit.data.batch import Batch
from minifit.errors import ArgumentError
from minifit.workers import Share, Workers

ENDED = -1
"""The number that workers exchange in place of a number of rows when the data has ended."""


def places_held(workers: Workers, rows: int, size: int) -> Array:
    """Return the places of the rows that a worker holds, among `rows` rows in batches of `size`.

    Returns
    -------
    ndarray of int64
        In ascending order. When a batch has fewer rows than there are workers, a worker without a row holds the first.
    """
    share, (full, left) = workers.share(size), divmod(rows, size)
    begins = np.arange(share.begin, full * size, size, dtype=np.int64)
    held = (begins[:, None] + np.arange(share.held)).reshape(-1)
    if not left:
        return held
    last = workers.share(left)
    return np.concatenate([held, full * size + np.arange(last.begin, last.begin + last.held)])


def share_among(workers: Workers, rows: int) -> Share | None:
    """Return this worker's share of a batch to which each worker contributes rows; None when all data has ended.

    Parameters
    ----------
    workers : Workers
    rows : int
        The rows of this worker; `ENDED` when it has no more.
    """
    messages = workers.from_all(rows.to_bytes(8, "little", signed=True))
    all_rows = [int.from_bytes(each, "little", signed=True) for each in messages]
    if max(all_rows) == ENDED:
        return None
    counts = [max(each, 0) for each in all_rows]
    return Share(sum(counts[: workers.rank]), counts[workers.rank], sum(counts))


def part_of(batch: Batch, share: Share) -> Batch:
    """Return the rows of a batch that a worker holds."""
    rows = slice(share.begin, share.begin + share.held)
    inputs, targets, weights = (
        tuple([None if array is None else array[rows] for array in part]) for part in batch
    )
    return Batch(inputs, targets, weights)  # type: ignore[arg-type]


def refuse_sharding(policy: str) -> None:
    """Refuse any policy other than sharing the rows of batches.

    Raises
    ------
    ArgumentError
    """
    if policy not in ("AUTO", "DATA"):
        raise ArgumentError(
            "Workers share a data set by the rows of its batches. "
            f"Received: auto_shard_policy={policy}. Leave it out, or have each worker make its own data with "
            "strategy.distribute_datasets_from_function."
        )
