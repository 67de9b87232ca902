"""What workers agree on: the chief's numbers count, and numbers of all are put together.

What goes from one to another is plain data, packed as in backups: nothing that arrives can run code.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minifit import nest, randomness
from minifit.arrays import Array
from minifit.randomness import DEFAULT
from minifit.saving import tree
from minifit.workers import Workers

HEAD = 8
"""Bytes ahead of a packed value that say how long its text is."""


def packed(value: Any) -> bytes:
    """Return plain data as bytes."""
    text, memory = tree.pack(value)
    encoded = text.encode()
    return b"".join((len(encoded).to_bytes(HEAD, "little"), encoded, *memory.parts))


def unpacked(content: bytes) -> Any:
    """Return the plain data that `packed` was given."""
    end = HEAD + int.from_bytes(content[:HEAD], "little")
    return tree.unpack(content[HEAD:end].decode(), np.frombuffer(content, np.uint8)[end:])


def differing_from_chief(workers: Workers, value: Any) -> Any:
    """Return the chief's value where it is not the same on all workers; None where it is.

    Parameters
    ----------
    workers : Workers
    value : dict, list, array, number or string, nested
    """
    content = packed(value)
    digests = workers.from_all(hashlib.sha256(content).digest())
    if len(set(digests)) == 1:
        return None
    return unpacked(workers.from_chief(content if workers.chief else b""))


def arrays_of_all(workers: Workers, arrays: list[Array]) -> list[list[Array]]:
    """Return the arrays that each worker passes, in the order of their ranks."""
    return [unpacked(content) for content in workers.from_all(packed(arrays))]


def agree_on_random_numbers(workers: Workers) -> None:
    """Have Python's `random`, NumPy's global generator and the streams outside of models go on as the chief's do."""
    if workers.size == 1:
        return
    chiefs = differing_from_chief(workers, [randomness.global_state(), DEFAULT.get_state()])
    if chiefs is not None:
        randomness.set_global_state(chiefs[0])
        DEFAULT.set_state(chiefs[1])


@contextmanager
def sums_of_all(workers: Workers, counting: bool = True) -> Iterator[None]:
    """Add up over all workers what the metrics of their scope take in while the block runs.

    Parameters
    ----------
    workers : Workers
    counting : bool, default True
        Whether those of this worker count.
    """
    metrics = workers.metrics()
    before = [metric.get_state() for metric in metrics]
    yield
    own = [
        now - then if counting else np.zeros_like(then)
        for metric, state in zip(metrics, before, strict=True)
        for now, then in zip(_numbers(metric.get_state()), _numbers(state), strict=True)
    ]
    together = zip(*arrays_of_all(workers, own), strict=True)
    sums = iter([sum(each[1:], start=each[0]) for each in together])
    for metric, state in zip(metrics, before, strict=True):
        increments = [next(sums) for _ in _numbers(state)]
        if any(each.any() for each in increments):
            metric.set_state(_plus(state, iter(increments)))


def _numbers(state: Any) -> list[Array]:
    """Return the numbers of a metric's state, in order, in float64."""
    return [np.asarray(leaf, np.float64) for leaf in nest.flatten(state) if _is_numeric(leaf)]


def _plus(state: Any, increments: Iterator[Array]) -> Any:
    """Return a metric's state with something added to each of its numbers."""
    return nest.map_leaves(lambda leaf: _added(leaf, next(increments)) if _is_numeric(leaf) else leaf, state)


def _added(leaf: Any, increment: Array) -> Any:
    if isinstance(leaf, np.ndarray):
        return (leaf + increment).astype(leaf.dtype)
    return type(leaf)(leaf + increment)


def _is_numeric(leaf: Any) -> bool:
    return isinstance(leaf, int | float | np.ndarray | np.generic) and not isinstance(leaf, bool)
