"""Batches of the rows of arrays, in memory or in files: their number, their order, and the place in it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.data.batch import PARTS, Batch, Columns, Stretch, for_each, target_dtype
from minifit.data.batches import SUSPECTED, Batches, Suspect
from minifit.data.checks import same_length
from minifit.data.class_weights import weigh_classes
from minifit.data.forms import NormalForm, normal_form
from minifit.data.permutation import permutation
from minifit.data.stored import Rows, read, rows_of
from minifit.data.values import check_range, in_memory
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.randomness import generator_at
from minifit.tensor import Context

COPIED_AT_ONCE = 2**20
"""The most numbers that are copied ahead of a step, in order and cast, when data cannot be used in place: 4 MB."""

Shuffle: TypeAlias = bool | Literal["batch"]
Parts: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


class Column(NamedTuple):
    """The rows of one input, or of the targets or weights of one output.

    Attributes
    ----------
    name : str
        The name in messages: ``"x"``.
    role : str
        The part of a batch that the column belongs to, one of `PARTS`.
    rows : array or Stored, of shape (n, ...), or None
        None for an output without targets, or without weights.
    dtype : numpy.dtype
        The dtype that the numbers are converted to.
    array : array or None
        The rows, if they are in memory; None if they are in a file.
    """

    name: str
    role: str
    rows: Rows | None
    dtype: np.dtype[Any]
    array: Array | None


def column(name: str, role: str, rows: Rows | None) -> Column:
    """Return a column with the dtype for its role."""
    dtype = target_dtype(rows.dtype) if role == "y" and rows is not None else FLOAT
    return Column(name, role, rows, dtype, rows if in_memory(rows) else None)


def _column_of(name: str, role: str, value: Any, suffix: str) -> Column:
    """Validate data, and return it as a column."""
    if type(value) is np.ndarray and value.dtype == FLOAT and value.ndim and value.size:
        # the usual case first: nothing to convert
        return Column(name, role, value, FLOAT, value if in_memory(value) else None)
    return column(name, role, None if value is None and role != "x" else rows_of(name + suffix, value))


def columns_of(normal: NormalForm, suffix: str = "") -> list[Column]:
    """Return the columns of data in normal form; `suffix` follows their names in messages.

    Raises
    ------
    DataError
        For data that is not an array of numbers, and for arrays of different lengths.
    """
    columns = [
        _column_of(name, role, value, suffix)
        for role, leaves in zip(PARTS, normal.parts, strict=True)
        for name, value in leaves
    ]
    if len({len(c.rows) for c in columns if c.rows is not None}) > 1:
        same_length(f"All arrays{suffix}", **{c.name: c.rows for c in columns})
    for name, _, _, _, array in columns:
        if array is not None and array.dtype != FLOAT:
            check_range(name + suffix, array)
    return columns


class RowBatches(Batches):
    """Batches of rows.

    Parameters
    ----------
    columns : list of Column
        Inputs, then targets, then weights; the first one has rows.
    batch_size : int, optional
        None means 32; with `steps`, the number with which `steps` batches hold all rows.
    steps : int, optional
        Batches in an epoch; None means all of the data.
    passes : int, default 1
        The number of passes over the rows before they end.
    shuffle : bool or "batch", default False
        Whether each pass has a new order; "batch" shuffles batches of consecutive rows.

    Attributes
    ----------
    columns : list of Column
        The argument.
    size : int
        Rows in a full batch, which determine its memory: at most the number of rows, even if `batch_size` is larger.
    position : int
        The next batch, counted over all passes.
    drawn_from : dict or None
        The position of the random numbers from which the present order was drawn, and can be drawn again.

    Notes
    -----
    As in Keras, an epoch with other `steps` than batches continues where the last one stopped.
    """

    advice = "Pass more rows or a smaller batch_size"
    size: int
    # whether the batches that `ahead` returned are still to be consumed
    _lie_ahead = False

    def __init__(
        self,
        columns: Sequence[Column],
        batch_size: int | None = None,
        steps: int | None = None,
        passes: int = 1,
        shuffle: Shuffle = False,
    ) -> None:
        self._set(columns)
        first = columns[0].rows
        assert first is not None
        self.samples = len(first)
        if batch_size is None:
            batch_size = 32 if steps is None else -(-self.samples // steps)
        self.batch_size = batch_size
        self.size = min(batch_size, max(self.samples, 1))
        # the batches of one pass
        self.batches = -(-self.samples // self.size)
        self.steps = self.batches if steps is None else steps
        self.passes = passes
        self.shuffle = shuffle
        self.position = 0
        # the number of the latest batch, in the order of the rows unless these are shuffled
        self._number = 0
        self.drawn_from: Mapping[str, Any] | None = None
        # the position at which the present order was drawn
        self._arranged: int | None = None

    def _set(self, columns: Sequence[Column]) -> None:
        """Set the columns to take rows from."""
        self.columns = columns
        roles = [c.role for c in columns]
        # the places of the first columns of targets and of weights
        self._targets_at = roles.count("x")
        self._weights_at = len(roles) - roles.count("sample_weight")

    def _rename(self) -> None:
        normal = normal_form(
            *self.form.nest(self._apart([c.rows for c in self.columns])), self.names, self._suffix
        )
        self._keep_form(normal)
        self._set(columns_of(normal, self._suffix))

    @property
    def targets(self) -> Columns:  # type: ignore[override]
        """The targets of each output, if they are in memory."""
        return self._parts([c.array for c in self.columns])[1]

    @property
    def inputs(self) -> list[Any]:
        """The rows of all inputs."""
        return [c.rows for c in self.columns[: self._targets_at]]

    @property
    def sources(self) -> list[Rows]:
        """The rows of all columns that have rows."""
        return [c.rows for c in self.columns if c.rows is not None]

    def _apart(self, arrays: list[Any]) -> Parts:
        """Divide a list with an entry for each column into the three parts of a batch."""
        y, weight = self._targets_at, self._weights_at
        return tuple(arrays[:y]), tuple(arrays[y:weight]), tuple(arrays[weight:])

    def _parts(self, arrays: list[Any]) -> Parts:
        """Return the arrays of all columns as the three parts of a batch, with targets and weights for each output."""
        inputs, targets, weights = self._apart(arrays)
        if self.outputs > 1:
            return inputs, for_each(targets, self.outputs), for_each(weights, self.outputs)
        return inputs, targets, weights

    def peek(self) -> Batch:
        """Return a batch of the first row."""
        first = [read(c.rows, slice(1)) for c in self.columns]
        return Batch(*self._parts(first))

    def rewind(self) -> None:
        """Return to the first row."""
        self.position, self._arranged = 0, None

    def _next(self, here: Context) -> Batch | None:
        in_pass = self._next_in_pass(here)
        if in_pass is None:
            return None
        self._advance(1)
        first = self._number * self.size
        return self._batch(here, first, min(first + self.size, self.samples))

    def _next_in_pass(self, here: Context) -> int | None:
        """Return the number of the next batch in its pass, and draw an order for a new pass; None after the last."""
        finished, in_pass = divmod(self.position, self.batches)
        if finished == self.passes:
            return None
        if in_pass == 0 and self.shuffle and self._arranged != self.position:
            self._draw(here)
            self._arranged = self.position
        return in_pass

    def _draw(self, here: Context) -> None:
        """Draw an order for the pass from the streams of a model."""
        rng = here.streams.get("shuffle")
        self.drawn_from = rng.bit_generator.state
        self._arrange(rng)

    def _advance(self, batches: int) -> None:
        self.position += batches
        in_pass = (self.position - 1) % self.batches
        self._number = int(self.order[in_pass : in_pass + 1][0]) if self.shuffle == "batch" else in_pass

    def _arrange(self, rng: np.random.Generator) -> None:
        """Draw a random order for the pass."""
        self.order = permutation(self.batches if self.shuffle == "batch" else self.samples, rng)

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return copies of up to `most` next batches, in order and cast; one batch with ``shuffle="batch"``."""
        begin = self._next_in_pass(here)
        if begin is None:
            return None
        stretch = None if self.shuffle == "batch" else self._ahead(here, begin, most)
        self._lie_ahead = stretch is not None
        return super().ahead(here, 1) if stretch is None else stretch

    def _ahead(self, here: Context, begin: int, most: int) -> Stretch | None:
        """Return batches of the present pass, beginning with number `begin`; None if a target has no class weight."""
        size = self._share_size
        count = min(self.batches - begin, most, max(COPIED_AT_ONCE // max(size * self._width, 1), 1))
        first, last = self._rows_of(begin, count)
        batch = self._batch(here, first, last)
        if self.class_weight is not None:
            try:
                batch = batch._replace(weights=(weigh_classes(self.class_weight, batch),) * self.outputs)
            except (ShapeError, DataError):
                # the bad batch raises again when it runs alone, and is named then
                return None
        return Stretch(*batch, None, size, 0, count, self._whole_of(last - first))

    @property
    def _share_size(self) -> int:
        """The rows of a full batch that this worker holds."""
        return self.size if self.workers.size == 1 else self.workers.share(self.size).held

    def _whole_of(self, rows: int) -> tuple[int, int] | None:
        """Return `Stretch.whole` for whole batches with `rows` rows altogether; None for one worker alone."""
        return None if self.workers.size == 1 else (self.size, rows)

    @property
    def _total(self) -> int:  # type: ignore[override]
        return min(self.size, self.samples - self._number * self.size)

    def advance(self, batches: int) -> None:
        """Consume the first `batches` of the batches that `ahead` returned."""
        if self._lie_ahead:
            self._advance(batches)

    @property
    def _width(self) -> int:
        """The number of values in a row, in all columns together."""
        widths: list[int] = [prod(rows.shape[1:]) for rows in self.sources]
        return sum(widths)

    def _rows_of(self, begin: int, batches: int) -> tuple[int, int]:
        """Return the places in a pass at which `batches` batches begin and end."""
        return begin * self.size, min((begin + batches) * self.size, self.samples)

    @abstractmethod
    def _batch(self, here: Context, first: int, last: int) -> Batch:
        """Return a batch of these rows; when shuffled row by row, of the rows at these places of the order.

        With several workers, the batch has only the rows that this worker holds.
        """

    def _row(self, place: int) -> int:
        """Return the row of the data at a place of the pass."""
        return int(self.order[place : place + 1][0]) if self.shuffle is True else place

    def _row_of_batch(self, row: int) -> int:
        """Return the number in the data of a row of the latest batch."""
        share = self.share
        return self._row(self._number * self.size + row + (0 if share is None else share.begin))

    @property
    def _place(self) -> str:
        return f"batch {self._number}{self._suffix}"

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the batch and the row, unless all of the data was validated at once."""
        if self.position == 0 or all(map(in_memory, self.sources)):
            super().tell_where(error)
        else:
            row = getattr(error, "row", None)
            which = "" if row is None else f", row {self._row_of_batch(row)} of the data"
            error.args = (f"In {self._place}{which}: {error}",)

    def _suspects(self, batch: Batch) -> list[Suspect]:
        """Return whole arrays if they are in memory, since the rows of a batch may come from anywhere."""
        columns, suspects = self._apart(list(self.columns)), []
        for part in SUSPECTED:
            for (name, _, _, _, whole), array in zip(columns[part], batch[part], strict=False):
                if whole is not None:
                    suspects.append(Suspect(name + self._suffix, whole))
                else:
                    name = f"{name}{self._suffix}, batch {self._number}"
                    suspects.append(Suspect(name, array, self._row_of_batch))
        return suspects

    def describe(self) -> dict[str, Any]:
        """Return a description with the number of samples, the batch size, the steps and the shuffling."""
        return {
            **super().describe(),
            "samples": self.samples,
            "batch_size": self.batch_size,
            "steps": self.steps,
            "shuffle": self.shuffle,
        }

    def get_state(self) -> dict[str, Any]:
        """Return the position, and the origin of the present order."""
        return {**super().get_state(), "position": self.position, "drawn_from": self.drawn_from}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place and the order of the rows."""
        super().set_state(state)
        self.position, self.drawn_from, self._arranged = state["position"], state["drawn_from"], None
        if self.drawn_from is not None:
            self._arrange(generator_at(self.drawn_from))
