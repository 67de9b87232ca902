"""`ThreadWorkers`: several workers as threads of one process, for tests of shares and sums without MPI.

What is global in a process, as NumPy's global generator, is one for all of them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from minifit.distribute.strategy import Strategy
from minifit.errors import WorkerError
from minifit.workers import Numbers, Workers

SECONDS = 30.0
"""Seconds that a worker waits for the others before it is an error."""

Result = TypeVar("Result")


class _Table:
    """A place for each worker to lay something down, for all to read."""

    def __init__(self, size: int) -> None:
        self.places: list[Any] = [None] * size
        self.barrier = threading.Barrier(size, timeout=SECONDS)


class ThreadWorkers(Workers):
    """One of several workers that are threads; see `run_threads`.

    Attributes
    ----------
    messages : int
        How often it talked with the others.
    """

    def __init__(self, rank: int, table: _Table) -> None:
        self.rank, self.size, self._table = rank, len(table.places), table
        self.messages = 0

    def add_up(self, numbers: Numbers) -> None:
        assert numbers.dtype in (np.float32, np.float64) and numbers.ndim == 1 and numbers.flags.c_contiguous
        shares = self._exchange("add_up", numbers.copy())
        assert len({len(share) for share in shares}) == 1, "all workers must add up equally many numbers"
        if any(share[-1] for share in shares):
            raise WorkerError(f"Worker {[bool(s[-1]) for s in shares].index(True)} has failed.")
        total = shares[0]
        for share in shares[1:]:
            total = total + share
        numbers[:] = total

    def largest(self, *numbers: float) -> tuple[float, ...]:
        return tuple(map(max, zip(*self._exchange("largest", numbers), strict=True)))

    def from_chief(self, content: bytes) -> bytes:
        return bytes(self._exchange("from_chief", content)[0])

    def from_all(self, content: bytes) -> list[bytes]:
        return self._exchange("from_all", content)

    @contextmanager
    def together(self, call: str) -> Iterator[None]:
        calls = self._exchange("together", call)
        if len(set(calls)) > 1:
            raise WorkerError(f"All workers must make the same call. Received: {calls}.")
        yield

    def leave(self) -> None:
        """Free the others from waiting: this one has failed."""
        self._table.barrier.abort()

    def _exchange(self, kind: str, content: Any) -> list[Any]:
        """Return what each worker lays down, which must be of one kind."""
        self.messages += 1
        table = self._table
        try:
            table.places[self.rank] = kind, content
            table.barrier.wait()
            kinds, contents = zip(*table.places, strict=True)
            table.barrier.wait()
        except threading.BrokenBarrierError:
            raise WorkerError(f"Another worker has failed, or never came to {kind}.") from None
        assert len(set(kinds)) == 1, f"all workers must call the same, not {kinds}"
        return list(contents)


def run_threads(size: int, function: Callable[[ThreadWorkers], Result]) -> list[Result]:
    """Call a function in so many threads, each with its workers, and return the results in order.

    It runs in the scope of the workers: models that it makes are trained by all. Raises the first error that is not
    about another worker.
    """
    table = _Table(size)
    results: list[Any] = [None] * size
    errors: list[BaseException] = []

    def run(workers: ThreadWorkers) -> None:
        try:
            with Strategy(workers).active():
                results[workers.rank] = function(workers)
        except BaseException as error:
            errors.append(error)
            workers.leave()

    threads = [threading.Thread(target=run, args=(ThreadWorkers(r, table),)) for r in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next((e for e in errors if not isinstance(e, WorkerError)), errors[0])
    return results
