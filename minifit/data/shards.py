"""Data that each worker makes for itself: its batches are its shares of the common batches."""

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
    """Data that a strategy distributes, for `fit` or a custom loop.

    Parameters
    ----------
    dataset : Dataset, or another iterable of batches
    own : bool
        Whether this worker has made the data for itself, so that its batches are its shares. Otherwise all workers have
        the same data, and each takes its rows.
    """

    def __init__(self, dataset: Any, own: bool) -> None:
        self.dataset, self.own = dataset, own

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches, in a custom loop."""
        return iter(self.dataset)


class ShardBatches(Batches):
    """Batches to which each worker contributes its own share.

    Parameters
    ----------
    inner : Batches
        The batches of this worker.

    Notes
    -----
    Shares may have any size: before each batch the workers exchange their numbers of rows. A worker whose data has
    ended holds the first row of its first batch, which does not count, until the data of all workers has ended. So an
    epoch is as long as the longest data, and all rows are trained on.

    The state that a callback saves on the chief must serve all workers. So they exchange the places of their data when
    an epoch begins. A resumed run drops as many batches as ran since.
    """

    advice = "Have the function return more batches: dataset.repeat()"

    def __init__(self, inner: Batches) -> None:
        self._inner = inner
        self._copy_form()
        self._steps = inner.steps
        self._passes = 1
        self._share: Share | None = None
        # descriptions of the data of all workers
        self._kinds: list[Any] = []
        # the places of their data when the epoch, or the evaluation, began; and the batches since
        self._began: list[Any] = []
        self._since = 0

    def _copy_form(self) -> None:
        inner = self._inner
        self.called, self.names, self.form = inner.called, inner.names, inner.form
        self.outputs, self.labels = inner.outputs, inner.labels

    def _rename(self) -> None:
        assert self.names.outputs is not None
        self._inner.name_outputs(self.names.outputs)
        self._copy_form()

    @property
    def class_weight(self) -> Array | None:
        """The weights of classes."""
        return self._inner.class_weight

    @class_weight.setter
    def class_weight(self, weights: Array | None) -> None:
        self._inner.class_weight = weights

    @property
    def passes(self) -> int:
        """The number of passes over the rows before they end."""
        return self._inner.passes

    @passes.setter
    def passes(self, passes: int) -> None:
        self._passes = self._inner.passes = passes

    @property
    def inputs(self) -> Sequence[Any]:
        """The inputs of this worker, which show their shapes."""
        return self._inner.inputs

    def peek(self) -> Batch:
        """Return a batch of this worker that shows the shapes."""
        return self._inner.peek()

    def sample(self) -> Batch:
        """Return a batch of this worker like those of `next`."""
        return self._inner.sample()

    @property
    def steps(self) -> int | None:
        """The number of batches in an epoch: that of the worker with the most."""
        return self._inner.steps if self.workers.size == 1 else self._steps

    @steps.setter
    def steps(self, steps: int | None) -> None:
        self._steps = self._inner.steps = steps

    # -- several workers ------------------------------------------------------------------------------------

    def divide(self, workers: Workers) -> None:
        """Make each batch a common batch of all workers from now on."""
        super().divide(workers)
        if workers.size > 1:
            self._kinds = self._exchange(plain(self._inner.describe()))
            self._begin()

    def _exchange(self, own: Any) -> list[Any]:
        """Send plain data to all workers, and return the data of each."""
        return [json.loads(content) for content in self.workers.from_all(json.dumps(own).encode())]

    def _begin(self) -> None:
        """Exchange the places in the data and the numbers of batches with all workers."""
        if self.workers.size > 1:
            messages = self._exchange([plain(self._inner.get_state()), self._inner.steps])
            self._began, steps = [place for place, _ in messages], [each for _, each in messages]
            self._since, self._steps = 0, None if None in steps else max(steps)

    @property
    def share(self) -> Share | None:
        """This worker's rows of the latest batch; None for one worker alone."""
        return self._share

    # -- the batches ----------------------------------------------------------------------------------------

    def begin_epoch(self) -> None:
        """Begin an epoch on all workers."""
        self._inner.begin_epoch()
        self._begin()

    def rewind(self) -> None:
        """Return to the first batch, if that is possible."""
        self._inner.rewind()
        self._begin()

    def end_epoch(self) -> None:
        """End the epoch of this worker's data."""
        self._inner.end_epoch()

    def next(self, here: Context) -> Batch | None:
        """Return the next batch of this worker, or a row that does not count; None when no worker has more."""
        if self.workers.size == 1:
            return self._inner.next(here)
        batch = self._next(here)
        share = share_among(self.workers, ENDED if batch is None else len(batch.inputs[0]))
        if share is None:
            return None
        self._share, self._since = share, self._since + 1
        return batch if batch is not None and share.rows else part_of(self.sample(), Share(0, 1, 1))

    def _next(self, here: Context) -> Batch | None:
        """Return the next batch of this worker; None at the end of its epoch."""
        ended = self._inner.steps is not None and self._since >= self._inner.steps
        return None if ended else self._inner.next(here)

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return the next batches; with several workers, only one."""
        return self._inner.ahead(here, most) if self.workers.size == 1 else super().ahead(here, most)

    def advance(self, batches: int) -> None:
        """Consume the first `batches` of the batches that `ahead` returned."""
        if self.workers.size == 1:
            self._inner.advance(batches)

    @property
    def _place(self) -> str:
        return self._inner._place

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the place in this worker's data."""
        self._inner.tell_where(error)

    # -- the state ------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return a description of the data of all workers."""
        own = [self._inner.describe()] if self.workers.size == 1 else self._kinds
        return {**super().describe(), **{f"data of worker {rank}": each for rank, each in enumerate(own)}}

    def get_state(self) -> dict[str, Any]:
        """Return the places of all workers' data when the epoch began, and the number of batches since."""
        began = [self._inner.get_state()] if self.workers.size == 1 else self._began
        return {**super().get_state(), "began": began, "since": self._since}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place: that of this worker at the beginning of the epoch, then drop as many batches."""
        super().set_state(state)
        self._began = state["began"]
        self._inner.set_state(self._began[self.workers.rank])
        # the number of passes is set later
        self._inner.passes = sys.maxsize
        for self._since in range(state["since"]):
            self._next(Context())
        self._since, self._inner.passes = state["since"], self._passes
