"""Data for several workers in a custom loop: each worker gets its rows of every batch."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minifit import nest
from minifit.checks import positive
from minifit.data.dataset import Dataset
from minifit.data.shards import Distributed
from minifit.data.shares import ENDED, refuse_sharding, share_among
from minifit.distribute.agreeing import agree_on_random_numbers
from minifit.errors import ArgumentError, DataError, quoted
from minifit.tensor import Tensor, constant
from minifit.workers import Share, Workers


class InputContext(NamedTuple):
    """The place of a worker among all workers, for a function that makes its data.

    Attributes
    ----------
    num_input_pipelines : int
        The number of workers.
    input_pipeline_id : int
        The number of this worker, from 0.
    num_replicas_in_sync : int
        The number of workers.

    References
    ----------
    ``tf.distribute.InputContext`` (TensorFlow 2.7).
    """

    num_input_pipelines: int = 1
    input_pipeline_id: int = 0
    num_replicas_in_sync: int = 1

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """Return the size of the batches of one worker.

        Raises
        ------
        ArgumentError
            When the rows cannot be divided equally.
        """
        size = positive("global_batch_size", global_batch_size)
        if size % self.num_replicas_in_sync:
            raise ArgumentError(
                f"global_batch_size must be a multiple of the number of workers, {self.num_replicas_in_sync}. "
                f"Received: {size}. Choose another size."
            )
        return size // self.num_replicas_in_sync


class DistributedDataset(Distributed):
    """Batches of which each worker gets its rows.

    Parameters
    ----------
    workers : Workers
    dataset : iterable of batches
        The same on all workers.
    hand_out : callable
        Called with the share of each batch.

    References
    ----------
    ``tf.distribute.DistributedDataset`` (TensorFlow 2.7).
    """

    def __init__(self, workers: Workers, dataset: Any, hand_out: Callable[[Share], None]) -> None:
        super().__init__(dataset, own=False)
        if workers.size > 1 and isinstance(dataset, Dataset):
            refuse_sharding(dataset.sharding)
        self.workers, self._hand_out = workers, hand_out

    def __iter__(self) -> Iterator[Any]:
        """Begin an iteration on all workers, with the random numbers of the chief."""
        agree_on_random_numbers(self.workers)
        return map(self._part_of, iter(self.dataset))

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of batches."""
        return self.dataset.element_spec

    def _part_of(self, batch: Any) -> Any:
        if self.workers.size == 1:
            return batch
        share = self.workers.share(rows_of(batch))
        self._hand_out(share)
        return rows_at(batch, share.begin, share.held)


class DatasetsFromFunction(Distributed):
    """Batches that each worker makes for itself; together they are the global batches.

    Parameters
    ----------
    workers : Workers
    dataset : iterable of batches
        The batches of this worker, in the size of its share.
    hand_out : callable
        Called with the share of each batch.
    """

    def __init__(self, workers: Workers, dataset: Any, hand_out: Callable[[Share], None]) -> None:
        super().__init__(dataset, own=True)
        self.workers, self._hand_out = workers, hand_out

    def __iter__(self) -> Iterator[Any]:
        """Begin an iteration, which ends when the data of all workers has ended.

        Yields
        ------
        nested tensors
            A worker whose data ends early gets a row of its last batch, which does not count.
        """
        own, latest = iter(self.dataset), None
        while self.workers.size == 1:
            yield from own
            return
        while True:
            batch = next(own, None)
            share = share_among(self.workers, ENDED if batch is None else rows_of(batch))
            if share is None:
                return
            latest = batch if batch is not None else latest
            if latest is None:
                raise DataError(
                    f"Each worker needs data. Received: none on worker {self.workers.rank}. "
                    "Have the function make at least one batch for each."
                )
            self._hand_out(share)
            yield latest if share.rows else rows_at(latest, 0, 1)

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of batches."""
        return self.dataset.element_spec


def rows_of(batch: Any) -> int:
    """Return the number of rows in a batch.

    Raises
    ------
    DataError
        For a batch without rows, or with parts of different lengths.
    """
    shapes = [np.shape(leaf) for leaf in nest.flatten(batch)]
    if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) > 1:
        raise DataError(
            "Workers share the rows of a batch, so all of its parts must have the same number of rows. "
            f"Received: parts of shape {quoted(shapes)}. Call batch(size) on the data set."
        )
    return int(shapes[0][0])


def rows_at(batch: Any, first: int, rows: int) -> Any:
    """Return some rows of a batch, nested like the batch."""
    return nest.map_leaves(
        lambda leaf: (
            constant(leaf.value[first : first + rows])
            if isinstance(leaf, Tensor)
            else leaf[first : first + rows]
        ),
        batch,
    )
