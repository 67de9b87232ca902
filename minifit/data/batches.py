"""Batches: what the loops ask for, wherever the data comes from.

A source hands out one batch after another, like a tape: an epoch of training takes the next `steps` batches
from it, an evaluation winds it back first. When it has no more, `next` returns None.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.checks import array_of, same_length
from minifit.errors import DataError
from minifit.tensor import Context


class Batch(NamedTuple):
    """One step's data: float32 inputs, targets (float32, or int64 class numbers) and weights."""

    x: Array
    y: Array | None = None
    weight: Array | None = None


class Batches(ABC):
    """A source of batches.

    Attributes
    ----------
    steps : int or None
        How many batches an epoch has; None when only the end of the data will tell.
    ended : bool
        Whether the data has come to an end before its time: there will be no more.
    """

    steps: int | None = None
    ended: bool = False
    class_weight: Array | None = None

    def begin_epoch(self) -> None:
        """Told before the first batch of every epoch."""

    def rewind(self) -> None:
        """Begin from the first batch again, where that is possible: told before every evaluation."""

    def end_epoch(self) -> None:
        """Told when an epoch, an evaluation or a prediction is over."""

    def next(self, here: Context) -> Batch | None:
        """The next batch, in the memory of `here`; None when there is none."""
        batch = self._next(here)
        if batch is None or self.class_weight is None:
            return batch
        return batch._replace(weight=weigh_classes(self.class_weight, batch))

    @abstractmethod
    def _next(self, here: Context) -> Batch | None: ...

    @abstractmethod
    def peek(self) -> Batch:
        """One batch to learn the shapes from; it is not used up."""

    def describe(self) -> dict[str, Any]:
        """What must be equal for another source to go on in its place, as plain data."""
        weights = None if self.class_weight is None else self.class_weight.tolist()
        return {"from": type(self).__name__, "class_weight": weights}

    def get_state(self) -> dict[str, Any]:
        """Where in the data we are."""
        return {"steps": self.steps, "ended": self.ended}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.steps, self.ended = state["steps"], state["ended"]


def batch_of(item: Any, number: int) -> Batch:
    """What a generator or a Sequence gave as batch `number`, checked and converted.

    Raises
    ------
    DataError
        When it is not ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, all with one row a sample.
    """
    parts = tuple(item) if isinstance(item, tuple | list) else (item,)
    if not 1 <= len(parts) <= 3:
        raise DataError(
            "A batch is x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: {len(parts)} parts in batch {number}. Yield one of these."
        )
    arrays = [
        None if part is None else array_of(f"{name} of batch {number}", part)
        for name, part in zip(("x", "y", "sample_weight"), parts, strict=False)
    ]
    x, y, weight = (*arrays, None, None)[:3]
    if x is None:
        raise DataError(f"A batch needs inputs. Received: None in batch {number}. Yield (x, y).")
    same_length(f"In batch {number}: all", x=x, y=y, sample_weight=weight)
    return Batch(
        np.ascontiguousarray(x, FLOAT),
        None if y is None else np.ascontiguousarray(y, target_dtype(y.dtype)),
        None if weight is None else np.ascontiguousarray(weight, FLOAT),
    )


def weigh_classes(class_weight: Array, batch: Batch) -> Array:
    """The sample weights of a batch times the weights of its targets' classes.

    Raises
    ------
    DataError
        When there are no targets, or one of a class that has no weight.
    """
    if batch.y is None:
        raise DataError("class_weight needs targets. Received: none. Pass y, or leave class_weight out.")
    y = batch.y
    if y.ndim > 2:
        raise DataError(
            f"class_weight needs targets of rank 1 or 2. Received: shape {y.shape}. Pass sample_weight instead."
        )
    classes = y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1).astype(np.int64)
    if classes.size and (classes.min() < 0 or classes.max() >= len(class_weight)):
        raise DataError(
            f"class_weight must have a weight for every class: it has {len(class_weight)}. "
            f"Received: targets from {classes.min()} to {classes.max()}. Add the missing classes."
        )
    weight = class_weight[classes]
    return weight if batch.weight is None else np.asarray(batch.weight.reshape(-1) * weight, FLOAT)


def target_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What targets are converted to: class numbers stay whole numbers, all else becomes float32."""
    return np.dtype(np.int64) if dtype.kind in "iu" else FLOAT
