"""Batches from a `Sequence`, or from another object that returns batches by number."""

import copy
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from minifit.data.forms import ANY, Names
from minifit.data.item_batches import NOTHING, ItemBatches
from minifit.data.permutation import permutation
from minifit.errors import DataError
from minifit.randomness import generator_at
from minifit.tensor import Context


class SequenceBatches(ItemBatches):
    """Batches as ``source[i]`` returns them: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Parameters
    ----------
    source : Sequence, or any object with ``__getitem__`` and ``__len__``
        Its `on_epoch_end`, if it has one, is called after every epoch. Its `get_state` and `set_state`, if it has them,
        are called when a run is captured and restored.
    steps : int, optional
        Batches in an epoch; None means ``len(source)``.
    shuffle : bool, default False
        Whether each epoch has a new order.

    Notes
    -----
    As in Keras, every epoch starts again, even with fewer `steps` than there are batches. An epoch reads the number of
    batches again, but the number of steps stays that of the first epoch.
    The first batch is fetched at once to show the shapes, and again when it is its turn.
    """

    advice = "Let its __len__ return more batches"

    def __init__(
        self,
        source: Any,
        steps: int | None = None,
        shuffle: bool = False,
        called: str = "",
        names: Names = ANY,
    ) -> None:
        self._source = source
        self.called, self.names = called, names
        # the number of the latest batch
        self._number = 0
        # the source's code runs in the context of the caller, not of a step
        self._callers = copy_context()
        self._length = len(source)
        if self._length == 0:
            raise DataError(
                f"The data must hold at least one batch. Received: an empty {type(source).__name__}. "
                "Check its __len__."
            )
        self.steps = self._length if steps is None else steps
        self.shuffle = shuffle
        # the next batch of the present epoch
        self.position = 0
        # the number of finished epochs
        self.ends = 0
        # the state of the random generator from which the present order was drawn
        self.drawn_from: Mapping[str, Any] | None = None
        self._begin_with(source[0])
        self._has_state = hasattr(source, "get_state") and hasattr(source, "set_state")
        self._kind = {"batches": self._length, "steps": self.steps, "shuffle": shuffle}

    def begin_epoch(self) -> None:
        """End an epoch that was captured between its last batch and its end."""
        if self.position:
            self.end_epoch()

    def rewind(self) -> None:
        """Return to the first batch."""
        self.position = 0

    def end_epoch(self) -> None:
        """Return to the first batch, and call the `on_epoch_end` of the source."""
        self.position = 0
        self.ends += 1
        if hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()

    def _item(self, here: Context) -> Any:
        if self.position == 0:
            self._length = self._callers.run(len, self._source)
            if self.shuffle:
                rng = here.streams.get("shuffle")
                self.drawn_from = rng.bit_generator.state
                self._order = permutation(self._length, rng)
        if self.position == self._length:
            return NOTHING
        number = self.position
        self.position += 1
        if self.shuffle:
            number = int(self._order[number : number + 1][0])
        self._number = number
        return self._callers.run(self._source.__getitem__, number)

    @property
    def _place(self) -> str:
        return f"batch {self._number}{self._suffix}"

    def describe(self) -> dict[str, Any]:
        """Return the initial number of batches, the steps and whether they are shuffled."""
        return {**super().describe(), **self._kind}

    def get_state(self) -> dict[str, Any]:
        """Return the position, the origin of the order, the number of finished epochs and the source's own state."""
        return {
            **super().get_state(),
            "position": self.position,
            "drawn_from": self.drawn_from,
            "length": self._length,
            "ends": self.ends,
            "source": copy.deepcopy(self._source.get_state()) if self._has_state else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place, and the source: from its own state, or by as many calls of its `on_epoch_end`."""
        super().set_state(state)
        if self._has_state and state["source"] is not None:
            self._source.set_state(copy.deepcopy(state["source"]))
            self.ends = state["ends"]
        while self.ends < state["ends"]:
            self.end_epoch()
        self.position, self.drawn_from = state["position"], state["drawn_from"]
        self._length = state["length"]
        if self.drawn_from is not None:
            self._order = permutation(self._length, generator_at(self.drawn_from))
