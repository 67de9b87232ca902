"""Agreement between workers: the chief's values are distributed, and values of all workers are combined.

Messages are plain data, packed as in backups: nothing that a worker receives can run code.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minifit import randomness
from minifit.arrays import Array
from minifit.errors import ShapeError
from minifit.randomness import DEFAULT
from minifit.saving import tree
from minifit.workers import ALONE, Workers

HEAD = 8
"""The number of bytes at the beginning of packed data that hold the length of its text."""


def packed(value: Any) -> bytes:
    """Pack plain data into bytes."""
    return b"".join(_parts(value))


def _parts(value: Any) -> list[bytes | memoryview]:
    text, memory = tree.pack(value)
    encoded = text.encode()
    return [len(encoded).to_bytes(HEAD, "little"), encoded, *memory.parts]


def unpacked(content: bytes) -> Any:
    """Return the plain data that `packed` has packed."""
    end = HEAD + int.from_bytes(content[:HEAD], "little")
    return tree.unpack(content[HEAD:end].decode(), np.frombuffer(content, np.uint8)[end:])


def value_of_chief(workers: Workers, value: Any) -> Any:
    """Return the chief's plain data on every worker."""
    if workers.size == 1:
        return value
    return unpacked(workers.from_chief(packed(value) if workers.chief else b""))


def differing_from_chief(workers: Workers, value: Any) -> Any:
    """Return the chief's value if the values of the workers differ; None if they are equal.

    Parameters
    ----------
    workers : Workers
    value : dict, list, array, number or string, nested
    """
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(part)
    if len(set(workers.from_all(digest.digest()))) == 1:
        return None
    return value_of_chief(workers, value)


def adopt_chiefs_weights(model: Any) -> None:
    """Set the weights of a model on all workers to the chief's."""
    workers: Workers = getattr(model, "workers", ALONE)
    if workers.size > 1:
        model.set_weights(value_of_chief(workers, model.get_weights() if workers.chief else None))


def arrays_of_all(workers: Workers, arrays: list[Array]) -> list[list[Array]]:
    """Return the arrays of all workers, in the order of their ranks."""
    return [unpacked(content) for content in workers.from_all(packed(arrays))]


def agree_on_random_numbers(workers: Workers) -> None:
    """Set Python's `random`, NumPy's global generator and the streams outside models to the chief's positions."""
    if workers.size == 1:
        return
    chiefs = differing_from_chief(workers, [randomness.global_state(), DEFAULT.get_state_if_begun()])
    if chiefs is not None:
        randomness.set_global_state(chiefs[0])
        DEFAULT.go_on_from(chiefs[1])


@contextmanager
def sums_of_all(workers: Workers, counting: bool = True) -> Iterator[None]:
    """Add up over all workers the updates of the registered metrics while the block runs.

    Parameters
    ----------
    workers : Workers
    counting : bool, default True
        Whether the updates of this worker count.
    """
    metrics = workers.metrics()
    before = [np.array(metric.get_sums()) for metric in metrics]
    yield
    own = [
        np.array(metric.get_sums()) - then if counting else np.zeros_like(then)
        for metric, then in zip(metrics, before, strict=True)
    ]
    for metric, then, *increments in zip(metrics, before, *arrays_of_all(workers, own), strict=True):
        increment = sum(increments)
        if np.any(increment):
            metric.set_sums((then + increment).tolist())


def rows_in_order(workers: Workers, columns: list[Array], counts: list[int]) -> list[Array]:
    """Return the rows of all workers, in the order of the whole batches.

    Parameters
    ----------
    workers : Workers
    columns : list of ndarray of shape (n, ...)
        The rows of this worker, share after share.
    counts : list of int
        The number of rows that count in each share. A share without any has one row that does not count.

    Raises
    ------
    ShapeError
        When a worker has returned more or fewer rows than it received.
    """
    held = np.maximum(counts, 1)
    for column in columns:
        if len(column) != held.sum():
            raise ShapeError(
                "With several workers, a prediction step must return a row for each sample. Received: "
                f"{len(column)} rows for {held.sum()} samples. Return tensors whose first axis is the batch."
            )
    everyone = arrays_of_all(workers, [np.array(counts, np.int64), *columns])
    begins, first = [], 0
    for all_counts, *_ in everyone:
        rows = np.maximum(all_counts, 1)
        begins.append(first + np.cumsum(rows) - rows)
        first += int(rows.sum())
    counted = np.concatenate([each[0] for each in everyone])
    batches = np.tile(np.arange(len(counts)), len(everyone))
    # batch by batch, worker by worker
    turn = np.argsort(batches, kind="stable")
    starts, counted = np.concatenate(begins)[turn], counted[turn]
    ahead = np.cumsum(counted) - counted
    order = np.repeat(starts - ahead, counted) + np.arange(counted.sum())
    return [np.concatenate(parts)[order] for parts in list(zip(*everyone, strict=True))[1:]]
