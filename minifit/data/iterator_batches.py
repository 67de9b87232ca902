"""Batches from a generator, an iterator, or anything that can be iterated over."""

from collections.abc import Iterable, Iterator, Sized
from contextvars import copy_context
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batches import Batch, Batches, target_dtype
from minifit.data.checks import array_of, same_length
from minifit.data.values import check_range
from minifit.errors import ArgumentError, DataError
from minifit.tensor import Context

_NAMES = ("x", "y", "sample_weight")
_NOTHING = object()  # None may be what a generator yields by mistake, and then deserves an error


class IteratorBatches(Batches):
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

    def __init__(self, source: Iterable[Any], steps: int | None = None, called: str = "") -> None:
        self._source = source
        self.called = called
        self._iterator: Iterator[Any] = iter(source)
        self._callers = copy_context()  # a generator's code runs as if the caller had called it, not a step
        self._once = self._iterator is source  # a generator cannot be begun anew
        self._whole = steps is None  # an epoch is everything
        if steps is None and isinstance(source, Sized):
            steps = len(source)
        self.steps = steps
        self.drawn = 0  # batches handed out so far
        self._at = 0  # the number of the latest, counted since the iterator was begun
        self._ranks: list[int] | None = None
        self._in_epoch = 0
        try:
            self._waiting: Any = next(self._iterator)
        except StopIteration:
            raise DataError(
                f"The data must hold at least one batch. Received: an empty {type(source).__name__}. "
                "A generator that was used before is at its end; make a new one."
            ) from None
        self._first = self._parts(self._waiting)
        self._at = -1

    def begin_epoch(self) -> None:
        """Begin an iterable anew, if an epoch is the whole of it."""
        if self._whole:
            self.rewind()
        self._in_epoch = 0

    def rewind(self) -> None:
        """Begin an iterable anew; a generator goes on where it is."""
        if self._in_epoch and not self._once:
            self._iterator = iter(self._source)
            self._at, self._waiting = -1, _NOTHING
            if self._whole:
                self.steps = len(self._source) if isinstance(self._source, Sized) else None
        self._in_epoch = 0

    def peek(self) -> Batch:
        """The first batch."""
        return self._first

    def _next(self, here: Context) -> Batch | None:
        item = self._draw()
        if item is _NOTHING:
            return None
        batch = self._parts(item)
        self.drawn += 1
        self._in_epoch += 1
        return batch

    def _draw(self) -> Any:
        """The next thing the iterator yields, `_NOTHING` at its end."""
        item, self._waiting = self._waiting, _NOTHING
        self._at += 1
        return self._callers.run(next, self._iterator, _NOTHING) if item is _NOTHING else item

    def _parts(self, item: Any) -> Batch:
        """What was yielded, checked and converted."""
        parts, place = tuple(item) if isinstance(item, tuple | list) else (item,), self._place
        if not 1 <= len(parts) <= 3:
            raise DataError(
                "A batch is x, (x,), (x, y) or (x, y, sample_weight). "
                f"Received: {len(parts)} parts in {place}. Yield one of these."
            )
        names = [f"{name} of {place}" for name in _NAMES]
        arrays = [
            None if part is None else array_of(name, part) for name, part in zip(names, parts, strict=False)
        ]
        x, y, weight = (*arrays, None, None)[:3]
        if x is None:
            raise DataError(f"A batch needs inputs. Received: None in {place}. Yield (x, y).")
        same_length(f"In {place}: all arrays", x=x, y=y, sample_weight=weight)
        self._compare(x, y, weight)
        return Batch(
            _as_dtype(names[0], x, FLOAT),
            None if y is None else _as_dtype(names[1], y, target_dtype(y.dtype)),
            None if weight is None else _as_dtype(names[2], weight, FLOAT),
        )

    def _compare(self, *parts: Array | None) -> None:
        """See that a batch has the parts of the first one, each with as many axes."""
        ranks = [-1 if part is None else part.ndim for part in parts]
        if self._ranks is None:
            self._ranks = ranks
        for name, now, first in zip(_NAMES, ranks, self._ranks, strict=True):
            if now != first:
                raise DataError(
                    "All batches must have the same parts, with as many axes each time. "
                    f"Received: {name} {_rank(now)} in {self._place}, {_rank(first)} in the first. Yield them alike."
                )

    @property
    def _place(self) -> str:
        return f"batch {max(self._at, 0)}{self._of}"

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text with the number of the batch."""
        error.args = (f"In {self._place}: {error}",)

    def get_state(self) -> dict[str, Any]:
        """How many batches have been drawn: the others are skipped by a resumed run."""
        return {**super().get_state(), "drawn": self.drawn, "in_epoch": self._in_epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Draw and drop as many batches as the interrupted run had drawn."""
        super().set_state(state)
        skip = state["in_epoch"] if self._whole and not self._once else state["drawn"]
        while skip and self._draw() is not _NOTHING:
            skip -= 1
        self.drawn, self._in_epoch = state["drawn"], state["in_epoch"]


def _as_dtype(name: str, array: Array, dtype: np.dtype[Any]) -> Array:
    if array.dtype != dtype:
        check_range(name, array)
    return np.ascontiguousarray(array, dtype)


def _rank(axes: int) -> str:
    return "missing" if axes < 0 else f"of rank {axes}"
