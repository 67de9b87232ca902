"""`Batches`: the source of batches for the loops, whatever the data is.

A source returns one batch after another, like a tape. An epoch of training takes the next `steps` batches; an
evaluation rewinds first. At the end of the data, `next` returns None.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minifit import console
from minifit.arrays import Array
from minifit.data.batch import PARTS, Batch, Columns, Stretch
from minifit.data.class_weights import weigh_classes
from minifit.data.forms import ALONE, ONE, Form, Names, NormalForm, warn_of_extra
from minifit.data.shares import refuse_sharding
from minifit.data.values import not_finite
from minifit.errors import ArgumentError, DataError, ShapeError, legible, quoted
from minifit.tables import first_difference, plain
from minifit.tensor import Context
from minifit.workers import ALONE as ONE_WORKER
from minifit.workers import Share, Workers

SUSPECTED = (1, 2, 0)
"""The parts of a batch in the order in which they are searched for NaN: targets, weights, inputs."""


LABELS: dict[int, tuple[Sequence[str], ...]] = {
    id(ALONE): (PARTS[:1], (), ()),
    id(ONE): (PARTS[:1], PARTS[1:2], ()),
}
"""The names of columns in messages, for the most common forms."""


class Suspect(NamedTuple):
    """An array that may not be finite, its name in messages, and a function from its rows to their numbers there."""

    name: str
    array: Array | None
    number: Callable[[int], int] = int


class Batches(ABC):
    """A source of batches.

    Attributes
    ----------
    steps : int or None
        The number of batches in an epoch; None means unknown until the data ends.
    size : int or None
        Rows in a full batch, if known beforehand.
    passes : int
        The number of passes over the rows before the data ends; an iterable of batches ends by itself.
    ended : bool
        Whether the data has ended early: there are no more batches.
    targets : tuple of ndarray or None
        All targets of each output, if they are in memory and can be validated beforehand.
    called : str
        The name of the data in messages, such as "validation_data"; empty if it has none.
    names : Names
        The names of the model's inputs and outputs.
    form : Form
        The nesting of x, y and sample_weight in the user's data; for a generator or Sequence, that of the first batch.
    outputs : int
        The number of outputs that the targets and weights are for.
    labels : tuple of list of str
        The names of the inputs, the targets and the weights in messages.
    advice : str
        The advice in messages about data that is too short.
    workers : Workers
        The workers that share the batches. The number, size and place of batches always refer to whole batches, so
        they are the same on all workers.
    """

    advice = "Let the generator yield without end"

    steps: int | None = None
    size: int | None = None
    passes: int = 1
    ended: bool = False
    targets: Columns = ()
    called: str = ""
    class_weight: Array | None = None
    names = Names()
    form = Form()
    outputs = 1
    labels: tuple[Sequence[str], ...] = (PARTS[:1], (), ())
    workers: Workers = ONE_WORKER
    # the rows of the latest batch on all workers together
    _total = 0
    # the auto_shard_policy in the options of a data set
    sharding = "AUTO"
    _explained = False

    def divide(self, workers: Workers) -> None:
        """Return from now on only this worker's rows of each batch.

        Raises
        ------
        ArgumentError, DataError
            When the data cannot be divided, or differs between workers.
        """
        if workers.size > 1:
            refuse_sharding(self.sharding)
            self.workers = workers
            self._compare_with_others()

    def _compare_with_others(self) -> None:
        """Compare the data with that of the other workers."""
        here = plain({**self.describe(), "checksum of the first and last row": self._checksums()})
        with self.workers.together("comparison of data"):
            contents = self.workers.from_all(json.dumps(here).encode())
        for rank, content in enumerate(contents):
            there = json.loads(content)
            if there != here:
                place, other, own = first_difference(there, here, "data")
                raise DataError(
                    "All workers must get the same data, of which each takes its rows. "
                    f"Received: {legible(place)} is {quoted(other)} on worker {rank} and {quoted(own)} on worker "
                    f"{self.workers.rank}. Pass all of the data on each of them, or have each make its own with "
                    "strategy.distribute_datasets_from_function."
                )

    def _checksums(self) -> dict[str, int]:
        """Return a checksum of the first and last row of each array that all workers hold."""
        return {}

    @property
    def share(self) -> Share | None:
        """This worker's rows of the latest batch; None for one worker alone."""
        return None if self.workers.size == 1 else self.workers.share(self._total)

    def name_outputs(self, outputs: Sequence[str]) -> None:
        """Put targets and weights in the order of a model's outputs, which are unknown until it is built.

        Raises
        ------
        UnknownNameError, DataError
            When the data has targets or weights with other names, or too few.
        """
        if self.names.outputs is None:
            self.names = Names(self.names.inputs, tuple(outputs))
            self._rename()

    def name_of_targets(self, output: int) -> str:
        """Return the name of an output's targets in messages: ``"y['age'] of validation_data"``."""
        labels = self.labels[1]
        return labels[output if len(labels) > 1 else 0] + self._suffix

    @abstractmethod
    def _rename(self) -> None:
        """Put the columns in the order of the names."""

    def _keep_form(self, normal: NormalForm) -> None:
        """Store the form of the data, and warn of arrays that no input uses."""
        self.form, self.outputs = normal.form, normal.outputs
        self.labels = LABELS.get(id(normal.form)) or tuple(
            [[n for n, _ in leaves] for leaves in normal.parts]
        )
        if normal.extra:
            warn_of_extra(normal, self._suffix)

    def begin_epoch(self) -> None:
        """Prepare for an epoch; called before its first batch."""

    def rewind(self) -> None:
        """Return to the first batch, if that is possible; called before every evaluation."""

    def end_epoch(self) -> None:
        """Finish an epoch; also called after an evaluation or a prediction."""

    def next(self, here: Context) -> Batch | None:
        """Return the next batch, in the memory of `here`; None at the end of the data."""
        batch = self._next(here)
        return batch if batch is None or self.class_weight is None else self._weighed(batch)

    def _weighed(self, batch: Batch) -> Batch:
        """Return a batch with class weights as sample weights."""
        assert self.class_weight is not None
        try:
            return batch._replace(weights=(weigh_classes(self.class_weight, batch),) * self.outputs)
        except (ShapeError, DataError) as error:
            self.tell_where(error)
            raise

    @abstractmethod
    def _next(self, here: Context) -> Batch | None: ...

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """Return up to `most` next batches, without consuming them; None at the end of the data.

        The caller then consumes them with `advance`. Most sources return the next batch alone.
        """
        batch = self.next(here)
        if batch is None:
            return None
        return Stretch(*batch, None, max(len(batch.inputs[0]), 1), 0, 1, self.share)

    def advance(self, batches: int) -> None:
        """Consume the first `batches` of the batches that `ahead` returned."""

    @property
    def inputs(self) -> Sequence[Any]:
        """The inputs, which show their shapes: all rows if they are known, or those of one batch."""
        return self.peek().inputs

    @abstractmethod
    def peek(self) -> Batch:
        """Return a batch that shows the shapes, without consuming it."""

    def sample(self) -> Batch:
        """Return a batch like those of `next`, without consuming it."""
        return self.peek() if self.class_weight is None else self._weighed(self.peek())

    # -- errors -----------------------------------------------------------------------------------------

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the place in the data."""
        if self.called:
            error.args = (f"In {self.called}: {error}",)

    @property
    def _place(self) -> str:
        """The name of the latest batch in messages."""
        return f"this batch{self._suffix}"

    @property
    def _suffix(self) -> str:
        """The words after ``x`` and ``y`` in messages."""
        return f" of {self.called}" if self.called else ""

    def explain(self, batch: Batch) -> None:
        """Warn, once, if NaN or infinity in the data explains a loss that is not finite."""
        if self._explained:
            return
        for suspect in self._suspects(batch):
            place = None if suspect.array is None else not_finite(suspect.name, suspect.array, suspect.number)
            if place is not None:
                self._explained = True
                console.warn(
                    "The data should be finite; otherwise the loss is not, and then the weights are not. "
                    f"Received: {place}. Leave such rows out or fill them in."
                )
                return

    def _suspects(self, batch: Batch) -> list[Suspect]:
        """Return the arrays that may not be finite."""
        return [
            Suspect(f"{name} of {self._place}", array)
            for part in SUSPECTED
            for name, array in zip(self.labels[part], batch[part], strict=False)
        ]

    # -- the state --------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return, as plain data, the properties that must be equal for another source to continue in its place."""
        weights = None if self.class_weight is None else self.class_weight.tolist()
        described: dict[str, Any] = {"from": type(self).__name__, "class_weight": weights}
        if any(len(part) > 1 for part in self.labels):
            described["columns"] = [list(part) for part in self.labels]
        if self.workers.size > 1:
            described["workers"] = self.workers.size
        return described

    def get_state(self) -> dict[str, Any]:
        """Return the place in the data."""
        return {"steps": self.steps, "ended": self.ended}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place that `get_state` returned."""
        self.steps, self.ended = state["steps"], state["ended"]
