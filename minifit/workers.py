"""`Workers`: the processes that train one model together, and all that they tell each other.

Each worker takes its share of every batch, and what the shares yield is added up: gradients, sums of metrics, moments.
So all workers hold the same numbers after every batch. One process alone is the simplest case: its share is the batch,
and there is nothing to add up. How the processes talk to each other is said in `minifit.distribute`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

import numpy as np

Numbers: TypeAlias = np.ndarray[Any, Any]


class Share(NamedTuple):
    """The rows of a batch that one worker takes.

    Attributes
    ----------
    first : int
        The place of its first row in the batch.
    rows : int
        The number of its rows; 0 where a batch has fewer rows than there are workers.
    total : int
        The rows of the whole batch.
    """

    first: int
    rows: int
    total: int

    @property
    def part(self) -> float:
        """The part of the whole batch that it is."""
        return self.rows / self.total if self.total else 0.0

    @property
    def held(self) -> int:
        """The number of rows that the worker holds: a share without rows has one that does not count."""
        return max(self.rows, 1)

    @property
    def begin(self) -> int:
        """The place of the first row that it holds."""
        return self.first if self.rows else 0

    @property
    def behind(self) -> int:
        """The number of rows of the batch behind those that it holds."""
        return max(self.total - self.begin - self.held, 0)

    def whole(self, count: int) -> int:
        """Return a count for the whole batch of what is counted here for the rows that it holds, as many for each."""
        return count * self.total // self.held

    def rows_of(self, draw: Callable[[tuple[int, ...]], Numbers], shape: tuple[int, ...]) -> Numbers:
        """Return random numbers in a shape; with a row for each that it holds, its rows of those of the whole batch.

        Numbers in other shapes are drawn as they are: all workers have the same.
        """
        if not shape or shape[0] != self.held:
            return draw(shape)
        return draw((self.total, *shape[1:]))[self.begin : self.begin + self.held]


Whole: TypeAlias = tuple[int, int] | Share
"""The whole batches of a stretch: the rows of a full one and of all; or the share that a lone one is."""


class Workers:
    """One worker alone, and the base of those that are several.

    Attributes
    ----------
    rank : int
        The number of this worker, from 0.
    size : int
        How many workers there are.
    """

    rank = 0
    size = 1
    _number_of_metrics = 0
    _metrics: "WeakValueDictionary[int, Any] | None" = None

    @property
    def chief(self) -> bool:
        """True for the one worker that writes files and shows progress."""
        return self.rank == 0

    def share(self, total: int) -> Share:
        """Return the share of a batch of so many rows that this worker takes; the first shares are the larger ones."""
        each, more = divmod(total, self.size)
        return Share(self.rank * each + min(self.rank, more), each + (self.rank < more), total)

    def share_at(self, whole: Whole, number: int) -> Share:
        """Return the share of a batch of a stretch that this worker takes, by its number from the beginning."""
        if isinstance(whole, Share):
            return whole
        size, rows = whole
        return self.share(min(size, rows - number * size))

    def add_up(self, numbers: Numbers) -> None:
        """Replace numbers by their sums over all workers, in place.

        Parameters
        ----------
        numbers : ndarray of float32 or float64, shape (n + 1,)
            Contiguous. The last one belongs to the message: it is 0 where all is well.

        Raises
        ------
        WorkerError
            When another worker has failed.
        """

    def prepare(self, numbers: Numbers) -> Callable[[], None]:
        """Return a function that does `add_up` with these numbers, in less time where it is called again and again."""
        return partial(self.add_up, numbers)

    def largest(self, *numbers: float) -> tuple[float, ...]:
        """Return the largest of each of some numbers over all workers."""
        return numbers

    def from_chief(self, content: bytes) -> bytes:
        """Return what the chief passes, on every worker."""
        return content

    def from_all(self, content: bytes) -> list[bytes]:
        """Return what each worker passes, in the order of their ranks."""
        return [content]

    def note_metric(self, metric: Any) -> None:
        """Remember a metric that was made in a scope of several workers."""
        if self.size > 1:
            if self._metrics is None:
                self._metrics = WeakValueDictionary()
            self._number_of_metrics += 1
            self._metrics[self._number_of_metrics] = metric

    def metrics(self) -> list[Any]:
        """Return the metrics that were made in a scope of several workers and are still there, in their order."""
        return [] if self._metrics is None else [metric for _, metric in sorted(self._metrics.items())]

    def __copy__(self) -> "Workers":
        return self

    def __deepcopy__(self, _: object) -> "Workers":
        return self

    def __reduce__(self) -> Any:
        """For pickle: what is brought back is alone."""
        return _alone, ()

    @contextmanager
    def together(self, call: str) -> Iterator[None]:
        """Make a call that all workers make; an error on one of them ends it on all.

        Parameters
        ----------
        call : str
            What is called, and with what, for the error when another worker calls something else.
        """
        yield


ALONE = Workers()


def _alone() -> Workers:
    return ALONE


_current: ContextVar[Workers] = ContextVar("minifit_workers", default=ALONE)
current_workers = _current.get
"""Return the workers of the strategy whose scope this is."""


@contextmanager
def working(workers: Workers) -> Iterator[None]:
    """Have models that are made in this block trained by these workers."""
    token = _current.set(workers)
    try:
        yield
    finally:
        _current.reset(token)
