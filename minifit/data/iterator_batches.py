"""Batches from a generator, an iterator, or anything that can be iterated over."""

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
        A generator or iterator goes on over all epochs; any other iterable is begun anew at each epoch,
        unless `steps` is given and it has not come to its end.
    steps : int, optional
        How many batches make an epoch; ``len(source)``, or all there are, when None.

    Notes
    -----
    The first batch is fetched at once, so that the model can be built and a broken generator is noticed
    before training begins; it is not lost.
    """

    same_on_all = False
    """True if each worker may be taken to get the same batches: not from what can be iterated over but once."""

    def __init__(
        self, source: Iterable[Any], steps: int | None = None, called: str = "", names: Names = ANY
    ) -> None:
        self._source = source
        self.called, self.names = called, names
        self._iterator = self._open()
        self._callers = copy_context()  # a generator's code runs as if the caller had called it, not a step
        self._once = self._iterator is source  # a generator cannot be begun anew
        self._whole = steps is None  # an epoch is everything
        self.steps = self._length() if steps is None else steps
        self.begun = 1  # how often the source was begun
        self.drawn = 0  # batches handed out since
        try:
            self._waiting: Any = next(self._iterator)
        except StopIteration:
            raise DataError(
                f"The data must hold at least one batch. Received: an empty {type(source).__name__}. "
                "A generator that was used before is at its end; make a new one."
            ) from None
        self._begin_with(self._waiting)

    def divide(self, workers: Workers) -> None:
        """Refuse to be divided, unless all workers get the same batches."""
        if workers.size > 1 and not self.same_on_all:
            raise DataError(
                f"{workers.size} workers take their rows of arrays, a Dataset or a Sequence; what can only be iterated "
                f"over may give each of them other batches. Received: a {type(self._source).__name__}{self._of}. Make "
                "a Sequence or a Dataset of it, or have each worker make its own data with "
                "strategy.distribute_datasets_from_function."
            )
        super().divide(workers)

    def begin_epoch(self) -> None:
        """Begin an iterable anew, if an epoch is the whole of it."""
        if self._whole:
            self.rewind()

    def rewind(self) -> None:
        """Begin an iterable anew; a generator goes on where it is."""
        if self.drawn and not self._once:
            self._begin()
            if self._whole:
                self.steps = self._length()

    def _open(self) -> Iterator[Any]:
        """Return an iterator over the source."""
        return iter(self._source)

    def _length(self) -> int | None:
        """Return how many batches the source has, if it knows."""
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
        """The next thing the iterator yields, `NOTHING` at its end."""
        item, self._waiting = self._waiting, NOTHING
        return self._callers.run(next, self._iterator, NOTHING) if item is NOTHING else item

    @property
    def _place(self) -> str:
        return f"batch {max(self.drawn - 1, 0)}{self._of}"

    def get_state(self) -> dict[str, Any]:
        """Return how often the source was begun, and how many batches have been drawn since."""
        return {
            **super().get_state(),
            "begun": self.begun,
            "drawn": self.drawn,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Bring a source that was made anew to where that of the interrupted run was.

        It is begun as often, for what it may draw from a random generator of its own when it begins, and as many
        batches are drawn and dropped.
        """
        super().set_state(state)
        while self.begun < state["begun"]:
            self._draw()  # code of a generator runs when something is drawn, not when it is made
            self._begin()
        while self.drawn < state["drawn"] and self._draw() is not NOTHING:
            self.drawn += 1
        self.drawn = state["drawn"]
