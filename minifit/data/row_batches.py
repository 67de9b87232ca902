"""Batches of the rows of arrays, wherever these are: how many, in which order, and where in it we are."""

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
from minifit.data.forms import Given, normal_form
from minifit.data.permutation import permutation
from minifit.data.stored import Rows, read, rows_of
from minifit.data.values import check_range, in_memory
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.randomness import generator_at
from minifit.tensor import Context

COPIED_AT_ONCE = 2**20
"""Numbers that are put in order and cast ahead of the step, where the data cannot be used as it lies: 4 MB."""

Shuffle: TypeAlias = bool | Literal["batch"]
Parts: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


class Column(NamedTuple):
    """The rows that one input, or the targets or weights of one output, are taken from.

    Attributes
    ----------
    name : str
        What messages call it: ``"x"``.
    role : str
        The part of a batch that it belongs to, one of `PARTS`.
    rows : array or Stored, of shape (n, ...), or None
        None where an output has no targets, or no weights.
    dtype : numpy.dtype
        What its numbers are converted to.
    array : array or None
        The rows where they lie in memory; None in a file.
    """

    name: str
    role: str
    rows: Rows | None
    dtype: np.dtype[Any]
    array: Array | None


def column(name: str, role: str, rows: Rows | None) -> Column:
    """Return a column of the dtype that its role asks for."""
    dtype = target_dtype(rows.dtype) if role == "y" and rows is not None else FLOAT
    return Column(name, role, rows, dtype, rows if in_memory(rows) else None)


def _column_of(name: str, role: str, value: Any, of: str) -> Column:
    """Return the column of what was given, after a look at it."""
    if type(value) is np.ndarray and value.dtype == FLOAT and value.ndim and value.size:
        return Column(
            name, role, value, FLOAT, value if in_memory(value) else None
        )  # there is nothing to convert
    return column(name, role, None if value is None and role != "x" else rows_of(name + of, value))


def columns_of(given: Given, of: str = "") -> list[Column]:
    """Return the columns of data in normal form; `of` is what messages say behind their names.

    Raises
    ------
    DataError
        For what is no array of numbers, and for arrays of different lengths.
    """
    columns = [
        _column_of(name, role, value, of)
        for role, leaves in zip(PARTS, given.parts, strict=True)
        for name, value in leaves
    ]
    if len({len(c.rows) for c in columns if c.rows is not None}) > 1:
        same_length(f"All arrays{of}", **{c.name: c.rows for c in columns})
    for name, _, _, _, array in columns:
        if array is not None and array.dtype != FLOAT:
            check_range(name + of, array)
    return columns


class RowBatches(Batches):
    """Batches of rows.

    Parameters
    ----------
    columns : list of Column
        Inputs, then targets, then weights; the first one has rows.
    batch_size : int, optional
        32 when None; with `steps`, so many that `steps` batches hold all rows.
    steps : int, optional
        How many batches make an epoch; as many as there are when None.
    passes : int, default 1
        How often the rows are gone through before they are at an end.
    shuffle : bool or "batch", default False
        Whether each pass has an order of its own; with "batch" the batches are of consecutive rows.

    Attributes
    ----------
    columns : list of Column
        As given.
    size : int
        Rows in a full batch, by which memory goes: no more than there are, whatever `batch_size` says.
    position : int
        The next batch, counted over all passes.
    drawn_from : dict or None
        Where the random numbers stood from which the present order was drawn: the order follows from it.

    Notes
    -----
    As in Keras, an epoch with other `steps` goes on where the last one stopped; it does not begin anew.
    """

    advice = "Pass more rows or a smaller batch_size"
    size: int
    _lie_ahead = False  # whether the batches that `ahead` told of are still to come

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
        self.batches = -(-self.samples // self.size)  # in one pass
        self.steps = self.batches if steps is None else steps
        self.passes = passes
        self.shuffle = shuffle
        self.position = 0
        self._number = 0  # of the latest batch: in the order of the rows, unless these are shuffled
        self.drawn_from: Mapping[str, Any] | None = None
        self._arranged: int | None = None  # the position at which the present order was drawn

    def _set(self, columns: Sequence[Column]) -> None:
        """Take rows from these columns."""
        self.columns = columns
        roles = [c.role for c in columns]
        self._targets_at = roles.count("x")  # the place of the first column of targets
        self._weights_at = len(roles) - roles.count("sample_weight")

    def _rename(self) -> None:
        given = normal_form(
            *self.form.given(self._apart([c.rows for c in self.columns])), self.names, self._of
        )
        self._note(given)
        self._set(columns_of(given, self._of))

    @property
    def targets(self) -> Columns:  # type: ignore[override]
        """The targets of each output, where they lie in memory."""
        return self._parts([c.array for c in self.columns])[1]

    @property
    def inputs(self) -> list[Any]:
        """The rows of all inputs."""
        return [c.rows for c in self.columns[: self._targets_at]]

    @property
    def sources(self) -> list[Rows]:
        """The rows of all columns that have some."""
        return [c.rows for c in self.columns if c.rows is not None]

    def _apart(self, arrays: list[Any]) -> Parts:
        """Return something of every column by the parts of a batch."""
        y, weight = self._targets_at, self._weights_at
        return tuple(arrays[:y]), tuple(arrays[y:weight]), tuple(arrays[weight:])

    def _parts(self, arrays: list[Any]) -> Parts:
        """Return the arrays of all columns as the three parts of a batch, of which each output has its own."""
        inputs, targets, weights = self._apart(arrays)
        if self.outputs > 1:
            return inputs, for_each(targets, self.outputs), for_each(weights, self.outputs)
        return inputs, targets, weights

    def peek(self) -> Batch:
        """The first row."""
        first = [read(c.rows, slice(1)) for c in self.columns]
        return Batch(*self._parts(first))

    def rewind(self) -> None:
        """Begin from the first row."""
        self.position, self._arranged = 0, None

    def _next(self, here: Context) -> Batch | None:
        in_pass = self._next_in_pass(here)
        if in_pass is None:
            return None
        self._go_on(1)
        first = self._number * self.size
        return self._batch(here, first, min(first + self.size, self.samples))

    def _next_in_pass(self, here: Context) -> int | None:
        """The number of the next batch in its pass, for which an order is there; None after the last pass."""
        gone_through, in_pass = divmod(self.position, self.batches)
        if gone_through == self.passes:
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

    def _go_on(self, batches: int) -> None:
        self.position += batches
        in_pass = (self.position - 1) % self.batches
        self._number = int(self.order[in_pass : in_pass + 1][0]) if self.shuffle == "batch" else in_pass

    def _arrange(self, rng: np.random.Generator) -> None:
        """Put the pass in a random order."""
        self.order = permutation(self.batches if self.shuffle == "batch" else self.samples, rng)

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return copies of the next batches, in order and cast; with ``shuffle="batch"`` the next one."""
        begin = self._next_in_pass(here)
        if begin is None:
            return None
        stretch = None if self.shuffle == "batch" else self._ahead(here, begin, most)
        self._lie_ahead = stretch is not None
        return super().ahead(here, 1) if stretch is None else stretch

    def _ahead(self, here: Context, begin: int, most: int) -> Stretch | None:
        """Return the batches of the present pass from a number on; None if something is wrong with their classes."""
        size = self._share_size
        left = min(self.batches - begin, most, max(COPIED_AT_ONCE // max(size * self._width, 1), 1))
        first, last = self._rows_of(begin, left)
        batch = self._batch(here, first, last)
        if self.class_weight is not None:
            try:
                batch = batch._replace(weights=(weigh_classes(self.class_weight, batch),) * self.outputs)
            except (ShapeError, DataError):  # of one of them: taken alone it will be named
                return None
        return Stretch(*batch, None, size, 0, left, self._whole_of(last - first))

    @property
    def _share_size(self) -> int:
        """The rows of a full batch that this worker holds."""
        return self.size if self.workers.size == 1 else self.workers.share(self.size).held

    def _whole_of(self, rows: int) -> tuple[int, int] | None:
        """Return what stretches of shares say of the whole batches, which have so many rows altogether."""
        return None if self.workers.size == 1 else (self.size, rows)

    @property
    def _total(self) -> int:  # type: ignore[override]
        return min(self.size, self.samples - self._number * self.size)

    def advance(self, batches: int) -> None:
        """Go on behind the first `batches` of those that lie ahead."""
        if self._lie_ahead:
            self._go_on(batches)

    @property
    def _width(self) -> int:
        """The numbers of a row, of all columns together."""
        widths: list[int] = [prod(rows.shape[1:]) for rows in self.sources]
        return sum(widths)

    def _rows_of(self, begin: int, batches: int) -> tuple[int, int]:
        """Return the places in a pass at which some batches begin and end."""
        return begin * self.size, min((begin + batches) * self.size, self.samples)

    @abstractmethod
    def _batch(self, here: Context, first: int, last: int) -> Batch:
        """The batch of these rows; of the rows at these places of the order, when shuffled row by row.

        Of several batches, and of one that several workers take together, it is the rows that this worker holds.
        """

    def _row(self, place: int) -> int:
        """Return the row of the data at a place of the pass."""
        return int(self.order[place : place + 1][0]) if self.shuffle is True else place

    def _row_of_batch(self, row: int) -> int:
        """Return the row of the data that a row of the latest batch is."""
        share = self.share
        return self._row(self._number * self.size + row + (0 if share is None else share.begin))

    @property
    def _place(self) -> str:
        return f"batch {self._number}{self._of}"

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text with the batch and the row of the data, if no more than the batch was looked at."""
        if self.position == 0 or all(map(in_memory, self.sources)):
            super().tell_where(error)
        else:
            row = getattr(error, "row", None)
            which = "" if row is None else f", row {self._row_of_batch(row)} of the data"
            error.args = (f"In {self._place}{which}: {error}",)

    def _suspects(self, batch: Batch) -> list[Suspect]:
        """Whole arrays where they lie in memory, since the rows of a batch may come from anywhere."""
        columns, found = self._apart(list(self.columns)), []
        for part in SUSPECTED:
            for (name, _, _, _, whole), array in zip(columns[part], batch[part], strict=False):
                if whole is not None:
                    found.append(Suspect(name + self._of, whole))
                else:
                    name = f"{name}{self._of}, batch {self._number}"
                    found.append(Suspect(name, array, self._row_of_batch))
        return found

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
        """The position, and what the present order was drawn from."""
        return {**super().get_state(), "position": self.position, "drawn_from": self.drawn_from}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().set_state(state)
        self.position, self.drawn_from, self._arranged = state["position"], state["drawn_from"], None
        if self.drawn_from is not None:
            self._arrange(generator_at(self.drawn_from))
