"""Batches from a `Sequence`, or from anything else that gives batches by number."""

from contextvars import copy_context
from typing import Any

from minifit.data.batches import Batch, Batches, batch_of
from minifit.data.permutation import permutation
from minifit.errors import DataError
from minifit.tensor import Context


class SequenceBatches(Batches):
    """Batches as ``source[i]`` gives them: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Parameters
    ----------
    source : Sequence, or any object with ``__getitem__`` and ``__len__``
        Its `on_epoch_end`, if it has one, is called after every epoch.
    steps : int, optional
        How many batches make an epoch; ``len(source)`` when None.
    shuffle : bool, default False
        Whether each epoch has an order of its own.

    Notes
    -----
    As in Keras, every epoch begins anew, also with fewer `steps` than there are batches; an epoch asks anew how
    many batches there are, but keeps to the number of steps that there were at first.
    The first batch is fetched at once to learn the shapes, and once more when it is its turn.
    """

    def __init__(self, source: Any, steps: int | None = None, shuffle: bool = False) -> None:
        self._source = source
        self._callers = copy_context()  # the source's code runs as if the caller had called it, not a step
        self._length = len(source)
        if self._length == 0:
            raise DataError(
                f"The data must hold at least one batch. Received: an empty {type(source).__name__}. "
                "Check its __len__."
            )
        self.steps = self._length if steps is None else steps
        self.shuffle = shuffle
        self.position = 0  # the next batch of the present epoch
        self.ends = 0  # how many epochs are over
        self.seed: int | None = None  # what the order of the present epoch follows from
        self._first = batch_of(source[0], 0)
        self._kind = {"batches": self._length, "steps": self.steps, "shuffle": shuffle}

    def peek(self) -> Batch:
        """The first batch."""
        return self._first

    def begin_epoch(self) -> None:
        """An epoch that was captured between its last batch and its end ends now."""
        if self.position:
            self.end_epoch()

    def rewind(self) -> None:
        """Begin from the first batch."""
        self.position = 0

    def end_epoch(self) -> None:
        """Tell the source, and begin anew."""
        self.position = 0
        self.ends += 1
        if hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()

    def _next(self, here: Context) -> Batch | None:
        if self.position == 0:
            self._length = self._callers.run(len, self._source)
            self.seed = int(here.streams.get("shuffle").integers(2**63)) if self.shuffle else None
            self._arrange()
        if self.position == self._length:
            return None
        number = self.position
        self.position += 1
        if self.seed is not None:
            number = int(self._order[number : number + 1][0])
        return batch_of(self._callers.run(self._source.__getitem__, number), number)

    def _arrange(self) -> None:
        """Put the epoch into the order that follows from its seed."""
        if self.seed is not None:
            self._order = permutation(self._length, self.seed)

    def describe(self) -> dict[str, Any]:
        """The number of batches at first, the steps and the order."""
        return {**super().describe(), **self._kind}

    def get_state(self) -> dict[str, Any]:
        """The position, the seed of the order and how many batches it orders; how many epochs are over."""
        own = {"position": self.position, "seed": self.seed, "length": self._length, "ends": self.ends}
        return {**super().get_state(), **own}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there, with the source as it was after so many epochs."""
        super().set_state(state)
        while self.ends < state["ends"]:
            self.end_epoch()
        self.position, self.seed, self._length = state["position"], state["seed"], state["length"]
        self._arrange()
