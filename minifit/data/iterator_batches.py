"""Batches from a generator, an iterator or another iterable."""

from collections.abc import Iterable, Iterator, Sized
from contextvars import copy_context
from typing import Any

from minifit.data.forms import ANY, Names
from minifit.data.item_batches import NOTHING, ItemBatches
from minifit.errors import DataError
from minifit.tensor import Context
from minifit.workers import Workers


class IteratorBatches(ItemBatches):
    """Batches as an iterator yields them: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Parameters
    ----------
    source : iterable
        A generator or iterator continues from epoch to epoch. Any other iterable starts again at each epoch, unless
        `steps` is set and it has not reached its end.
    steps : int, optional
        Batches in an epoch; None means ``len(source)``, or all of the data if it has no length.

    Notes
    -----
    The first batch is fetched at once, so that the model can be built and a broken generator raises before training
    begins. The batch is not lost.
    """

    same_on_all = False
    """True if all workers get the same batches. The iterations of an arbitrary iterable may differ."""

    def __init__(
        self, source: Iterable[Any], steps: int | None = None, called: str = "", names: Names = ANY
    ) -> None:
        self._source = source
        self.called, self.names = called, names
        self._iterator = self._open()
        # a generator's code runs in the context of the caller, not of a step
        self._callers = copy_context()
        # a generator cannot start again
        self._once = self._iterator is source
        # whether an epoch is all of the data
        self._whole = steps is None
        self.steps = self._length() if steps is None else steps
        # how often the source has been started, and the batches returned since
        self.begun = 1
        self.drawn = 0
        try:
            self._waiting: Any = next(self._iterator)
        except StopIteration:
            raise DataError(
                f"The data must hold at least one batch. Received: an empty {type(source).__name__}. "
                "A generator can be used only once; make a new one."
            ) from None
        self._begin_with(self._waiting)

    def divide(self, workers: Workers) -> None:
        """Return only this worker's rows from now on; refuse a source whose batches may differ between workers.

        Raises
        ------
        DataError
        """
        if workers.size > 1 and not self.same_on_all:
            raise DataError(
                f"{workers.size} workers can share arrays, a Dataset or a Sequence; another iterable may yield other "
                f"batches on each of them. Received: a {type(self._source).__name__}{self._suffix}. Make a Sequence or "
                "a Dataset of it, or have each worker make its own data with "
                "strategy.distribute_datasets_from_function."
            )
        super().divide(workers)

    def begin_epoch(self) -> None:
        """Start an iterable again, if an epoch is all of it."""
        if self._whole:
            self.rewind()

    def rewind(self) -> None:
        """Start an iterable again; a generator continues where it is."""
        if self.drawn and not self._once:
            self._begin()
            if self._whole:
                self.steps = self._length()

    def _open(self) -> Iterator[Any]:
        """Return an iterator over the source."""
        return iter(self._source)

    def _length(self) -> int | None:
        """Return the number of batches of the source; None means unknown."""
        return len(self._source) if isinstance(self._source, Sized) else None

    def _begin(self) -> None:
        self._iterator = self._open()
        self._waiting = NOTHING
        self.begun += 1
        self.drawn = 0

    def _item(self, here: Context) -> Any:
        item = self._draw()
        if item is not NOTHING:
            self.drawn += 1
        return item

    def _draw(self) -> Any:
        """Return the next item of the iterator; `NOTHING` at its end."""
        item, self._waiting = self._waiting, NOTHING
        return self._callers.run(next, self._iterator, NOTHING) if item is NOTHING else item

    @property
    def _place(self) -> str:
        return f"batch {max(self.drawn - 1, 0)}{self._suffix}"

    def get_state(self) -> dict[str, Any]:
        """Return how often the source has been started, and the number of batches drawn since."""
        return {
            **super().get_state(),
            "begun": self.begun,
            "drawn": self.drawn,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Move a new source to the place that `get_state` returned.

        The source is started as often as before, since it may draw random numbers at each start. Then as many batches
        are drawn and dropped.
        """
        super().set_state(state)
        while self.begun < state["begun"]:
            # the code of a generator runs only when an item is drawn
            self._draw()
            self._begin()
        while self.drawn < state["drawn"] and self._draw() is not NOTHING:
            self.drawn += 1
        self.drawn = state["drawn"]
