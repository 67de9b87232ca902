"""Data that each worker makes for itself: its batches are its shares of the batches of all."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from minifit.arrays import Array
from minifit.data.batch import Batch, Stretch
from minifit.data.batches import Batches
from minifit.data.shares import ENDED, part_of, share_among
from minifit.errors import ArgumentError
from minifit.tables import plain
from minifit.tensor import Context
from minifit.workers import Share, Workers


class Distributed:
    """Data that a strategy hands out, in `fit` or in a loop written by hand.

    Parameters
    ----------
    dataset : Dataset, or another iterable of batches
    own : bool
        Whether this worker has made it for itself; its batches are its shares. Else all workers have the same, of which
        each takes its rows.
    """

    def __init__(self, dataset: Any, own: bool) -> None:
        self.dataset, self.own = dataset, own

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches, in a loop written by hand."""
        return iter(self.dataset)


class ShardBatches(Batches):
    """Batches of which each worker makes its own share.

    Parameters
    ----------
    inner : Batches
        Those that this worker makes.

    Notes
    -----
    Shares may be of any size: before each batch the workers tell each other how many rows they have. A worker whose
    data has ended holds the first row of its first batch, which counts for nothing, until the data of all has ended.
    So an epoch is as long as the longest, and all rows are trained on.

    What a callback keeps on the chief must do for all workers. So they tell each other the places of their data when an
    epoch begins; a run that goes on drops as many batches as there were since.
    """

    advice = "Have the function return more batches: dataset.repeat()"

    def __init__(self, inner: Batches) -> None:
        self._inner = inner
        self._follow()
        self._steps = inner.steps
        self._passes = 1
        self._share: Share | None = None
        self._kinds: list[Any] = []  # what all workers have
        self._began: list[Any] = []  # the places of their data when the epoch, or the evaluation, began
        self._since = 0  # batches since then

    def _follow(self) -> None:
        inner = self._inner
        self.called, self.names, self.form = inner.called, inner.names, inner.form
        self.outputs, self.labels = inner.outputs, inner.labels

    def _rename(self) -> None:
        assert self.names.outputs is not None
        self._inner.name_outputs(self.names.outputs)
        self._follow()

    @property
    def class_weight(self) -> Array | None:
        """The weights of classes."""
        return self._inner.class_weight

    @class_weight.setter
    def class_weight(self, weights: Array | None) -> None:
        self._inner.class_weight = weights

    @property
    def passes(self) -> int:
        """The number of passes over the rows before they are at an end."""
        return self._inner.passes

    @passes.setter
    def passes(self, passes: int) -> None:
        self._passes = self._inner.passes = passes

    @property
    def inputs(self) -> Sequence[Any]:
        """The inputs of this worker, for a look at their shapes."""
        return self._inner.inputs

    def peek(self) -> Batch:
        """One batch of this worker."""
        return self._inner.peek()

    def sample(self) -> Batch:
        """One batch of this worker as `next` returns it."""
        return self._inner.sample()

    @property
    def steps(self) -> int | None:
        """The number of batches of an epoch: that of the worker with the most."""
        return self._inner.steps if self.workers.size == 1 else self._steps

    @steps.setter
    def steps(self, steps: int | None) -> None:
        self._steps = self._inner.steps = steps

    # -- several workers ------------------------------------------------------------------------------------

    def divide(self, workers: Workers) -> None:
        """Have each batch be one of all workers."""
        super().divide(workers)
        if workers.size > 1:
            self._kinds = self._tell(plain(self._inner.describe()))
            self._begin()

    def _tell(self, own: Any) -> list[Any]:
        """Return what all workers tell of themselves, as plain data."""
        return [json.loads(content) for content in self.workers.from_all(json.dumps(own).encode())]

    def _begin(self) -> None:
        """Note where the data of all workers stands, and how many batches are to come."""
        if self.workers.size > 1:
            told = self._tell([plain(self._inner.get_state()), self._inner.steps])
            self._began, steps = [place for place, _ in told], [each for _, each in told]
            self._since, self._steps = 0, None if None in steps else max(steps)

    @property
    def share(self) -> Share | None:
        """The rows of the latest batch that this worker has made; None for one worker alone."""
        return self._share

    # -- the batches ----------------------------------------------------------------------------------------

    def begin_epoch(self) -> None:
        """Have the data of all workers begin an epoch."""
        self._inner.begin_epoch()
        self._begin()

    def rewind(self) -> None:
        """Begin from the first batch again, where that is possible."""
        self._inner.rewind()
        self._begin()

    def end_epoch(self) -> None:
        """Tell the data of this worker."""
        self._inner.end_epoch()

    def next(self, here: Context) -> Batch | None:
        """The next batch of this worker, or a row that does not count; None when no worker has more."""
        if self.workers.size == 1:
            return self._inner.next(here)
        batch = self._next(here)
        share = share_among(self.workers, ENDED if batch is None else len(batch.inputs[0]))
        if share is None:
            return None
        self._share, self._since = share, self._since + 1
        return batch if batch is not None and share.rows else part_of(self.sample(), Share(0, 1, 1))

    def _next(self, here: Context) -> Batch | None:
        """The next batch of this worker, if its epoch has any."""
        ended = self._inner.steps is not None and self._since >= self._inner.steps
        return None if ended else self._inner.next(here)

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """The next batches of one worker alone; the next one of several."""
        return self._inner.ahead(here, most) if self.workers.size == 1 else super().ahead(here, most)

    def advance(self, batches: int) -> None:
        """Go on behind the first of those that lie ahead."""
        if self.workers.size == 1:
            self._inner.advance(batches)

    @property
    def _place(self) -> str:
        return self._inner._place

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text as the data of this worker does."""
        self._inner.tell_where(error)

    # -- its state ------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """The data that the workers have made."""
        own = [self._inner.describe()] if self.workers.size == 1 else self._kinds
        return {**super().describe(), **{f"data of worker {rank}": each for rank, each in enumerate(own)}}

    def get_state(self) -> dict[str, Any]:
        """The places of all workers' data when the epoch began, and how many batches there were since."""
        began = [self._inner.get_state()] if self.workers.size == 1 else self._began
        return {**super().get_state(), "began": began, "since": self._since}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there: this worker's own place, and as many batches are dropped."""
        super().set_state(state)
        self._began = state["began"]
        self._inner.set_state(self._began[self.workers.rank])
        self._inner.passes = sys.maxsize  # how many there are is told later
        for self._since in range(state["since"]):
            self._next(Context())
        self._since, self._inner.passes = state["since"], self._passes
