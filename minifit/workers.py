"""`Workers`: the processes that train one model together, and the operations by which they communicate.

Each worker computes on its share of every batch. The results are added up: gradients, sums of metrics, moments. So all
workers hold the same numbers after every batch. One process alone is the simplest case: its share is the whole batch,
and there is nothing to add up. The communication itself is in `minifit.distribute`.
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
        The place of the first row in the batch.
    rows : int
        The number of rows; 0 when the batch has too few rows for all workers.
    total : int
        The rows of the whole batch.
    """

    first: int
    rows: int
    total: int

    @property
    def part(self) -> float:
        """The fraction of the whole batch."""
        return self.rows / self.total if self.total else 0.0

    @property
    def held(self) -> int:
        """The number of rows that the worker holds: without rows of its own it holds one that does not count."""
        return max(self.rows, 1)

    @property
    def begin(self) -> int:
        """The place of the first row that the worker holds."""
        return self.first if self.rows else 0

    @property
    def behind(self) -> int:
        """The number of rows of the batch after those that the worker holds."""
        return max(self.total - self.begin - self.held, 0)

    def whole(self, count: int) -> int:
        """Scale a count for the rows that the worker holds to the whole batch."""
        return count * self.total // self.held

    def rows_of(self, draw: Callable[[tuple[int, ...]], Numbers], shape: tuple[int, ...]) -> Numbers:
        """Return random numbers in a shape; if it has a row for each row held, the worker's rows of the whole batch.

        Numbers in other shapes are drawn directly, and are the same on all workers.
        """
        if not shape or shape[0] != self.held:
            return draw(shape)
        return draw((self.total, *shape[1:]))[self.begin : self.begin + self.held]


Whole: TypeAlias = tuple[int, int] | Share
"""The whole batches of a stretch: the rows of a full batch and of all batches; or the share for a single batch."""


class Workers:
    """One worker alone, and the base class of several workers.

    Attributes
    ----------
    rank : int
        The number of this worker, from 0.
    size : int
        The number of workers.
    """

    rank = 0
    size = 1
    _number_of_metrics = 0
    _metrics: "WeakValueDictionary[int, Any] | None" = None

    @property
    def chief(self) -> bool:
        """True for the worker that writes files and shows progress."""
        return self.rank == 0

    def share(self, total: int) -> Share:
        """Return this worker's share of a batch with `total` rows; the first workers get the larger shares."""
        each, more = divmod(total, self.size)
        return Share(self.rank * each + min(self.rank, more), each + (self.rank < more), total)

    def share_at(self, whole: Whole, number: int) -> Share:
        """Return this worker's share of batch `number` in a stretch, counted from its beginning."""
        if isinstance(whole, Share):
            return whole
        size, rows = whole
        return self.share(min(size, rows - number * size))

    def add_up(self, numbers: Numbers) -> None:
        """Replace numbers by their sums over all workers, in place.

        Parameters
        ----------
        numbers : ndarray of float32 or float64, shape (n + 1,)
            Contiguous. The last number is the status word of the message: 0 if all is well.

        Raises
        ------
        WorkerError
            When another worker has failed.
        """

    def prepare(self, numbers: Numbers) -> Callable[[], None]:
        """Return a function that calls `add_up` with these numbers, faster when it is called repeatedly."""
        return partial(self.add_up, numbers)

    def largest(self, *numbers: float) -> tuple[float, ...]:
        """Return the maximum of each number over all workers."""
        return numbers

    def from_chief(self, content: bytes) -> bytes:
        """Return the chief's content on every worker."""
        return content

    def from_all(self, content: bytes) -> list[bytes]:
        """Return the contents of all workers, in the order of their ranks."""
        return [content]

    def note_metric(self, metric: Any) -> None:
        """Register a metric that was made in a scope of several workers."""
        if self.size > 1:
            if self._metrics is None:
                self._metrics = WeakValueDictionary()
            self._number_of_metrics += 1
            self._metrics[self._number_of_metrics] = metric

    def metrics(self) -> list[Any]:
        """Return the registered metrics that still exist, in order."""
        return [] if self._metrics is None else [metric for _, metric in sorted(self._metrics.items())]

    def __copy__(self) -> "Workers":
        return self

    def __deepcopy__(self, _: object) -> "Workers":
        return self

    def __reduce__(self) -> Any:
        """Pickle as one worker alone: a restored object belongs to no job."""
        return _alone, ()

    @contextmanager
    def together(self, call: str) -> Iterator[None]:
        """Run the block on all workers together; an error on one of them ends it on all.

        Parameters
        ----------
        call : str
            The name of the call, for the error when another worker makes a different call.
        """
        yield


ALONE = Workers()


def _alone() -> Workers:
    return ALONE


_current: ContextVar[Workers] = ContextVar("minifit_workers", default=ALONE)
current_workers = _current.get
"""Return the workers of the strategy in whose scope the caller runs."""


@contextmanager
def working(workers: Workers) -> Iterator[None]:
    """Use these workers for the models that are made in the block."""
    token = _current.set(workers)
    try:
        yield
    finally:
        _current.reset(token)
