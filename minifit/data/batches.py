"""Batches: what the loops ask for, wherever the data comes from.

A source hands out one batch after another, like a tape: an epoch of training takes the next `steps` batches
from it, an evaluation winds it back first. When it has no more, `next` returns None.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minifit import console
from minifit.arrays import Array
from minifit.data.batch import PARTS, Batch, Columns, Stretch
from minifit.data.class_weights import weigh_classes
from minifit.data.forms import ALONE, ONE, Form, Given, Names, warn_of_extra
from minifit.data.shares import refuse_sharding
from minifit.data.values import not_finite
from minifit.errors import ArgumentError, DataError, ShapeError, legible, quoted
from minifit.tables import first_difference, plain
from minifit.tensor import Context
from minifit.workers import ALONE as ONE_WORKER
from minifit.workers import Share, Workers

SUSPECTED = (1, 2, 0)
"""The parts of a batch in the order in which they are looked through for NaN: targets, weights, inputs."""


LABELS: dict[int, tuple[Sequence[str], ...]] = {
    id(ALONE): (PARTS[:1], (), ()),
    id(ONE): (PARTS[:1], PARTS[1:2], ()),
}
"""The names in messages of the columns of the commonest forms."""


class Suspect(NamedTuple):
    """An array that may not be finite, what messages call it, and what number they give to each of its rows."""

    name: str
    array: Array | None
    number: Callable[[int], int] = int


class Batches(ABC):
    """A source of batches.

    Attributes
    ----------
    steps : int or None
        How many batches an epoch has; None when only the end of the data will tell.
    size : int or None
        Rows in a full batch, where that is known beforehand.
    passes : int
        How often rows are gone through before they are at an end; what yields batches ends by itself.
    ended : bool
        Whether the data has come to an end before its time: there will be no more.
    targets : tuple of ndarray or None
        All targets of each output, where they lie in memory and so can be looked at beforehand.
    called : str
        What messages call the data, if it has a name: "validation_data".
    names : Names
        Those of the model's inputs and outputs.
    form : Form
        How the user nested x, y and sample_weight; of a generator or Sequence, those of the first batch.
    outputs : int
        How many outputs the targets and weights are for.
    labels : tuple of list of str
        What messages call the inputs, the targets and the weights.
    advice : str
        What to do when it is too short.
    workers : Workers
        Those that take the batches together. All else that is said of batches here, their number, size and place, is
        said of whole ones, and so the same on each of them.
    """

    advice = "Let the generator go on without end"

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
    _total = 0  # the rows of the latest batch, those of all workers
    sharding = "AUTO"  # what the options of a data set say
    _explained = False

    def divide(self, workers: Workers) -> None:
        """Hand out from now on only the rows of each batch that this one of several workers takes.

        Raises
        ------
        ArgumentError, DataError
            When the data cannot be divided, or is not the same on all workers.
        """
        if workers.size > 1:
            refuse_sharding(self.sharding)
            self.workers = workers
            self._see_that_all_have_it()

    def _see_that_all_have_it(self) -> None:
        """Compare the data with that of the other workers."""
        here = plain({**self.describe(), "checksum of the first and last row": self._checksums()})
        with self.workers.together("comparison of data"):
            contents = self.workers.from_all(json.dumps(here).encode())
        for rank, content in enumerate(contents):
            there = json.loads(content)
            if there != here:
                place, other, own = first_difference(there, here, "data")
                raise DataError(
                    "All workers must be given the same data, of which each takes its rows. "
                    f"Received: {legible(place)} is {quoted(other)} on worker {rank} and {quoted(own)} on worker "
                    f"{self.workers.rank}. Pass all of the data on each of them, or have each make its own with "
                    "strategy.distribute_datasets_from_function."
                )

    def _checksums(self) -> dict[str, int]:
        """Return a number for each array that all workers hold, which differs where its first or last row does."""
        return {}

    @property
    def share(self) -> Share | None:
        """The rows of the latest batch that this worker has taken; None for one worker alone."""
        return None if self.workers.size == 1 else self.workers.share(self._total)

    def name_outputs(self, outputs: Sequence[str]) -> None:
        """Put targets and weights in the order of a model's outputs, which were unknown until it was built.

        Raises
        ------
        UnknownNameError, DataError
            When the data has targets or weights of other names, or too few.
        """
        if self.names.outputs is None:
            self.names = Names(self.names.inputs, tuple(outputs))
            self._rename()

    def name_of_targets(self, output: int) -> str:
        """Return what messages call the targets of an output: ``"y['age'] of validation_data"``."""
        labels = self.labels[1]
        return labels[output if len(labels) > 1 else 0] + self._of

    @abstractmethod
    def _rename(self) -> None:
        """Put what is there already in the order of the names."""

    def _note(self, given: Given) -> None:
        """Keep the form of the data, and warn of what is left aside."""
        self.form, self.outputs = given.form, given.outputs
        self.labels = LABELS.get(id(given.form)) or tuple([[n for n, _ in leaves] for leaves in given.parts])
        if given.extra:
            warn_of_extra(given, self._of)

    def begin_epoch(self) -> None:
        """Told before the first batch of every epoch."""

    def rewind(self) -> None:
        """Begin from the first batch again, where that is possible: told before every evaluation."""

    def end_epoch(self) -> None:
        """Told when an epoch, an evaluation or a prediction is over."""

    def next(self, here: Context) -> Batch | None:
        """The next batch, in the memory of `here`; None when there is none."""
        batch = self._next(here)
        return batch if batch is None or self.class_weight is None else self._weighed(batch)

    def _weighed(self, batch: Batch) -> Batch:
        """Return a batch with the weights of its classes."""
        assert self.class_weight is not None
        try:
            return batch._replace(weights=(weigh_classes(self.class_weight, batch),) * self.outputs)
        except (ShapeError, DataError) as error:
            self.tell_where(error)
            raise

    @abstractmethod
    def _next(self, here: Context) -> Batch | None: ...

    def ahead(self, here: Context, most: int) -> Stretch | None:
        """The next batches, at most so many, to be taken together; None when there are none.

        Say with `advance` how many of them were. Most sources hand out the next batch alone.
        """
        batch = self.next(here)
        if batch is None:
            return None
        return Stretch(*batch, None, max(len(batch.inputs[0]), 1), 0, 1, self.share)

    def advance(self, batches: int) -> None:
        """Go on behind the first `batches` of those that lie ahead."""

    @property
    def inputs(self) -> Sequence[Any]:
        """The inputs, for a look at their shapes: all rows where they are known, or those of one batch."""
        return self.peek().inputs

    @abstractmethod
    def peek(self) -> Batch:
        """One batch to learn the shapes from; it is not used up."""

    def sample(self) -> Batch:
        """One batch as `next` returns it; it is not used up."""
        return self.peek() if self.class_weight is None else self._weighed(self.peek())

    # -- when something is wrong ------------------------------------------------------------------------

    def tell_where(self, error: ArgumentError) -> None:
        """Begin the text of an error with the data that was at fault."""
        if self.called:
            error.args = (f"In {self.called}: {error}",)

    @property
    def _place(self) -> str:
        """The name of the latest batch in messages."""
        return f"this batch{self._of}"

    @property
    def _of(self) -> str:
        """The words behind ``x`` and ``y`` in messages."""
        return f" of {self.called}" if self.called else ""

    def explain(self, batch: Batch) -> None:
        """Warn, once, if it is the data's fault that the loss of this batch is no finite number."""
        if self._explained:
            return
        for suspect in self._suspects(batch):
            found = None if suspect.array is None else not_finite(suspect.name, suspect.array, suspect.number)
            if found is not None:
                self._explained = True
                console.warn(
                    "The data should be finite, or the loss is not, nor are the weights after it. "
                    f"Received: {found}. Leave such rows out or fill them in."
                )
                return

    def _suspects(self, batch: Batch) -> list[Suspect]:
        """Return the arrays that may not be finite."""
        return [
            Suspect(f"{name} of {self._place}", array)
            for part in SUSPECTED
            for name, array in zip(self.labels[part], batch[part], strict=False)
        ]

    # -- its state --------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return as plain data all that must be equal for another source to go on in its place."""
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
        """Go on from there."""
        self.steps, self.ended = state["steps"], state["ended"]
