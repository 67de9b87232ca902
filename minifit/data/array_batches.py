"""Batches from arrays, drawn by index: the data set itself is never copied."""

from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batches import Batch, Batches, target_dtype
from minifit.data.values import in_memory
from minifit.tensor import Context


class ArrayBatches(Batches):
    """Batches of rows of arrays.

    Parameters
    ----------
    x : ndarray of shape (n, ...)
    y : ndarray of shape (n, ...), optional
    weight : ndarray of shape (n, ...), optional
    batch_size : int, optional
        32 when None; with `steps`, so many that `steps` batches hold all rows.
    steps : int, optional
        How many batches make an epoch; as many as there are when None.
    passes : int, default 1
        How often the rows are gone through before they are at an end.
    shuffle : bool, default False
        Whether each pass has an order of its own.

    Notes
    -----
    As in Keras, an epoch with other `steps` goes on where the last one stopped; it does not begin anew.
    """

    def __init__(
        self,
        x: Array,
        y: Array | None = None,
        weight: Array | None = None,
        batch_size: int | None = None,
        steps: int | None = None,
        passes: int = 1,
        shuffle: bool = False,
    ) -> None:
        self.x, self.y, self.weight = x, y, weight
        self.targets = y if in_memory(y) else None
        self._y_dtype = FLOAT if y is None else target_dtype(y.dtype)
        self.samples = len(x)
        if batch_size is None:
            batch_size = 32 if steps is None else -(-self.samples // steps)
        self.batch_size = batch_size
        self.batches = -(-self.samples // batch_size)  # in one pass
        self.steps = self.batches if steps is None else steps
        self.passes = passes
        self.shuffle = shuffle
        self.order = np.arange(self.samples) if shuffle else None
        self.position = 0  # the next batch, counted over all passes

    def peek(self) -> Batch:
        """The first row."""
        return Batch(self.x[:1], None if self.y is None else self.y[:1])

    def rewind(self) -> None:
        """Begin from the first row."""
        self.position = 0

    def _next(self, here: Context) -> Batch | None:
        gone_through, in_pass = divmod(self.position, self.batches)
        if gone_through == self.passes:
            return None
        if in_pass == 0 and self.order is not None:
            self.order[:] = np.arange(self.samples)
            here.streams.get("shuffle").shuffle(self.order)
        self.position += 1
        rows = slice(in_pass * self.batch_size, min((in_pass + 1) * self.batch_size, self.samples))
        index = None if self.order is None else self.order[rows]
        x = _gather(here, self.x, rows, index, FLOAT)
        y = None if self.y is None else _gather(here, self.y, rows, index, self._y_dtype)
        weight = None if self.weight is None else _gather(here, self.weight, rows, index, FLOAT)
        return Batch(x, y, weight)

    @property
    def _place(self) -> str:
        return f"batch {(self.position - 1) % self.batches}{self._of}"

    def _suspects(self, batch: Batch) -> list[tuple[str, Array | None]]:
        """Whole arrays where they lie in memory, since the rows of a batch may come from anywhere."""
        whole = (("y", self.y), ("sample_weight", self.weight), ("x", self.x))
        parts = super()._suspects(batch)
        return [
            (name + self._of, array) if in_memory(array) else part
            for (name, array), part in zip(whole, parts, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """The number of samples, the size of a batch and the order."""
        return {
            **super().describe(),
            "samples": self.samples,
            "batch_size": self.batch_size,
            "steps": self.steps,
            "shuffle": self.shuffle,
        }

    def get_state(self) -> dict[str, Any]:
        """The position and the order of the present pass."""
        order = None if self.order is None else self.order.copy()
        return {**super().get_state(), "position": self.position, "order": order}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().set_state(state)
        self.position = state["position"]
        if self.order is not None:
            self.order[:] = state["order"]


def _gather(here: Context, source: Array, rows: slice, index: Array | None, dtype: np.dtype[Any]) -> Array:
    """The rows of a batch as `dtype`: those at `index`, or a slice where nothing is shuffled."""
    if index is None and source.dtype == dtype and source.flags.c_contiguous:
        return source[rows]
    out = here.take((rows.stop - rows.start, *source.shape[1:]), dtype)
    if index is None:
        np.copyto(out, source[rows], casting="unsafe")
    else:
        here.kernels.gather_rows(source, index, out)
    return out
