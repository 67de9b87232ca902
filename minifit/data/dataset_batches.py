"""Batches of a `Dataset`: gathered from arrays if it is a pipeline of their rows, else yielded by its iterations.

Both ways give the same batches in the same order. The first way can run many batches in a call.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.data.array_batches import ArrayBatches
from minifit.data.batches import Batches
from minifit.data.dataset import Dataset
from minifit.data.elements import Piped
from minifit.data.forms import ANY, Names, normal_form
from minifit.data.grouping import Batched, PaddedBatched
from minifit.data.iterator_batches import IteratorBatches
from minifit.data.orders import Cached, Passing, Repeated, Shuffled, places_of
from minifit.data.permutation import LISTED, Order, permutation
from minifit.data.row_batches import Column, columns_of
from minifit.data.stages import INFINITE, Slices, Stage
from minifit.errors import ArgumentError, DataError
from minifit.tables import plain
from minifit.tensor import Context
from minifit.workers import Workers


def batches_of_dataset(
    dataset: Dataset, steps: int | None = None, called: str = "", names: Names = ANY
) -> Batches:
    """Return the batches of a data set.

    Parameters
    ----------
    dataset : Dataset
    steps : int, optional
        Batches in an epoch; None means all of the data.
    called : str, optional
        The name of the data in messages.
    names : Names, optional
        The names of the model's inputs and outputs.

    Raises
    ------
    ArgumentError
        When the data set repeats without end, and there is no `steps`.
    DataError
        When the data set is empty, or its elements are not batches x, (x, y) or (x, y, sample_weight).
    """
    suffix = f" of {called}" if called else ""
    length = dataset.stage.length()
    if steps is None and length == INFINITE:
        raise ArgumentError(
            f"An epoch needs an end. Received: a data set{suffix} that repeats without end, and no number of steps. "
            "Pass steps_per_epoch (validation_steps, or steps), or leave repeat() out."
        )
    whole = steps is None or steps == length
    recipe = recipe_of(dataset.stage)
    if recipe is None:
        as_yielded = DatasetBatches(dataset, steps, whole, called, names)
        as_yielded.sharding = dataset.sharding
        return as_yielded
    parts = recipe.source.arrays if isinstance(recipe.source.arrays, tuple) else (recipe.source.arrays,)
    _check_parts(parts)
    x, y, weight = (*parts, None, None)[:3]
    normal = normal_form(x, y, weight, names, suffix)
    batches = PipelineBatches(columns_of(normal, suffix), recipe, steps, whole)
    batches.names, batches.called, batches.sharding = names, called, dataset.sharding
    batches._keep_form(normal)
    return batches


def _check_parts(parts: Sequence[Any]) -> None:
    if not 1 <= len(parts) <= 3:
        raise DataError(
            "A batch is x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: a data set with elements of {len(parts)} parts. Put several inputs into one x: ((a, b), y)."
        )


def _shuffles(stage: Stage) -> list[Shuffled]:
    """Return the shuffles of a pipeline, each once."""
    return list(dict.fromkeys(s for s in stage.walk() if isinstance(s, Shuffled)))


# -- any pipeline -----------------------------------------------------------------------------------------------


class DatasetBatches(IteratorBatches):
    """Batches as the iterations of a data set yield them.

    Parameters
    ----------
    dataset : Dataset
    steps : int, optional
    whole : bool
        Whether an epoch is all of the data, so that each epoch starts it again.

    Notes
    -----
    A resumed run sets the shuffles of the pipeline to their positions at the beginning of the iteration, then draws and
    drops as many batches as were used. So it continues exactly if the functions and generators of the pipeline are
    deterministic.
    """

    advice = "Repeat the data set: dataset.repeat()"

    def __init__(self, dataset: Dataset, steps: int | None, whole: bool, called: str, names: Names) -> None:
        self._stage: Stage = dataset.stage
        self._shuffles = _shuffles(dataset.stage)
        super().__init__(dataset, steps, called, names)
        self._whole = whole

    same_on_all = True

    def divide(self, workers: Workers) -> None:
        """Return from now on only this worker's rows of each batch, in the order that the chief draws."""
        super().divide(workers)
        _follow_chief(self)

    def _length(self) -> int | None:
        length = self._stage.length()
        return length if length >= 0 else None

    def _open(self) -> Iterator[Any]:
        places = places_of(self._stage)
        self._places = [places[shuffle] for shuffle in self._shuffles]
        return self._stage.elements()

    def _begin_with(self, item: Any) -> None:
        leaves = [part for part in nest.flatten(item) if part is not None and not isinstance(part, Piped)]
        if any(part.ndim == 0 for part in leaves):
            raise DataError(
                "The elements of a data set must be batches. "
                f"Received: a part of a single number in the first element{self._suffix}. Call dataset.batch(32)."
            )
        if isinstance(item, tuple):
            _check_parts(item)
        super()._begin_with(item)

    def describe(self) -> dict[str, Any]:
        """Return a description that includes the stages of the pipeline."""
        return {**super().describe(), "stages": [stage.title for stage in self._stage.walk()]}

    def get_state(self) -> dict[str, Any]:
        """Return the place in the iteration, and the positions of the shuffles at its beginning and now."""
        now = [shuffle.position for shuffle in self._shuffles]
        return {**super().get_state(), "drawn_from": self._places, "drawing_from": now}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place: begin an equal iteration, and drop as many batches."""
        _set_positions(self._shuffles, state["drawn_from"])
        for stage in self._stage.walk():
            if isinstance(stage, Cached):
                # the order must be drawn again
                stage.kept = None
        self._begin()
        self.begun = state["begun"]
        super().set_state(state)
        if state["drawn"] == 0 and state["drawing_from"] != state["drawn_from"]:
            # the captured run had fetched the first batch, to learn the shapes
            self._waiting = self._draw()
        _set_positions(self._shuffles, state["drawing_from"])


def _set_positions(shuffles: Sequence[Shuffled], positions: Sequence[Mapping[str, Any]]) -> None:
    for shuffle, position in zip(shuffles, positions, strict=True):
        shuffle.position = position


def _follow_chief(batches: Batches) -> None:
    """Set the shuffles of a pipeline to the chief's positions; without a seed, each worker has drawn its own."""
    state = batches.get_state()
    if batches.workers.size == 1 or not state["drawing_from"]:
        return
    places = state["drawn_from"], state["drawing_from"]
    own = json.dumps(plain(places)).encode()
    chiefs = batches.workers.from_chief(own)
    if chiefs != own:
        drawn, drawing = json.loads(chiefs)
        batches.set_state({**state, "drawn_from": drawn, "drawing_from": drawing})


# -- pipelines of rows ------------------------------------------------------------------------------------------


class Recipe(NamedTuple):
    """A pipeline of rows of arrays.

    Attributes
    ----------
    source : Slices
        The arrays.
    rows : Stage
        The order of the rows in a pass.
    samples : int
        Rows in a pass, without those that are dropped.
    turns : int
        The number of iterations over `rows` in a pass.
    size : int
        Rows in a batch.
    passes : int
        The number of passes in an iteration; -1 means without end.
    """

    source: Slices
    rows: Stage
    samples: int
    turns: int
    size: int
    passes: int

    @property
    def plain(self) -> bool:
        """True if a pass has the rows in their order in memory."""
        return _inner(self.rows) is self.source and self.turns == 1

    @property
    def shuffled(self) -> Shuffled | None:
        """The shuffle that alone decides the order of the rows; None if there is more to it."""
        inner = _inner(self.rows)
        alone = isinstance(inner, Shuffled) and _inner(inner.before[0]) is self.source and self.turns == 1
        return inner if alone and isinstance(inner, Shuffled) and inner.buffer >= self.source.rows else None


def _inner(stage: Stage) -> Stage:
    """Return the last stage that changes the elements."""
    while isinstance(stage, Passing) and stage.source is not None:
        stage = stage.before[0]
    return stage


def recipe_of(stage: Stage) -> Recipe | None:
    """Return a pipeline of rows as a `Recipe`; None for another pipeline.

    The rows of a pass must be few enough to store their order, or be those of the arrays once.
    """
    if stage.length() == 0:
        return None
    passes = 1
    while isinstance(stage, Passing | Repeated) and stage.source is None:
        if isinstance(stage, Repeated):
            passes = -1 if stage.passes < 0 or passes < 0 else passes * stage.passes
        elif any(s.draws for s in stage.walk()) and type(stage) is not Passing:
            # a cache of shuffled elements
            return None
        stage = stage.before[0]
    if not isinstance(stage, Batched) or isinstance(stage, PaddedBatched):
        return None
    rows, size, source = stage.before[0], stage.size, stage.before[0].source
    if source is None:
        return None
    turns, length, rows = 1, rows.length(), _inner(rows)
    if length == INFINITE and isinstance(rows, Repeated):
        rows = rows.before[0]
        length, passes = rows.length(), -1
        turns = size // gcd(size, max(length, 1))
    samples = length * turns
    if stage.drop:
        samples -= samples % size
    recipe = Recipe(source, rows, samples, turns, size, passes)
    listed = length * turns <= LISTED or recipe.plain or recipe.shuffled is not None
    return recipe if samples > 0 and listed else None


class PipelineBatches(ArrayBatches):
    """Batches of a pipeline of rows, gathered from its arrays.

    Parameters
    ----------
    columns : list of Column
        The arrays of the source.
    recipe : Recipe
    steps : int, optional
        Batches in an epoch; None means all of the data.
    whole : bool
        Whether an epoch is all of the data, so that each epoch starts it again.

    Notes
    -----
    The state holds the place, and the positions of the shuffles when the present order was drawn. A resumed run draws
    this order again and continues exactly.
    """

    advice = "Repeat the data set: dataset.repeat()"

    def __init__(self, columns: Sequence[Column], recipe: Recipe, steps: int | None, whole: bool) -> None:
        self._recipe, self._epoch = recipe, whole
        self._shuffles = _shuffles(recipe.rows)
        self._shuffled = recipe.shuffled
        # None before an order is drawn
        self._places: list[Mapping[str, Any]] | None = None
        if recipe.plain:
            columns = [c._replace(rows=_cut(c.rows, recipe), array=_cut(c.array, recipe)) for c in columns]
        super().__init__(columns, recipe.size, steps, 1, not recipe.plain)
        self.samples = recipe.samples
        self.size = min(recipe.size, self.samples)
        self.batches = -(-self.samples // self.size)
        if steps is None:
            self.steps = self.batches * recipe.passes

    @property
    def passes(self) -> int:
        """The number of passes over the rows before the data ends; -1 means without end."""
        return self._recipe.passes * self._epochs

    @passes.setter
    def passes(self, passes: int) -> None:
        self._epochs = passes if self._epoch else 1

    def divide(self, workers: Workers) -> None:
        """Return from now on only this worker's rows of each batch, in the order that the chief draws."""
        super().divide(workers)
        _follow_chief(self)

    def _draw(self, here: Context) -> None:
        """Draw an order for the pass from the shuffles of the pipeline."""
        self._places = [shuffle.position for shuffle in self._shuffles]
        self.order = self._drawn()

    def _drawn(self) -> Order:
        recipe, shuffled = self._recipe, self._shuffled
        if shuffled is not None:
            order = permutation(recipe.source.rows, shuffled.generator())
            return order[: self.samples] if isinstance(order, np.ndarray) else order
        numbers: list[Array] = [n for _ in range(recipe.turns) for n in recipe.rows.numbers()]
        return np.concatenate(numbers)[: self.samples]

    def describe(self) -> dict[str, Any]:
        """Return a description that includes the passes and the stages of the pipeline."""
        return {
            **super().describe(),
            "passes": self._recipe.passes,
            "stages": [stage.title for stage in self._recipe.rows.walk()],
        }

    def get_state(self) -> dict[str, Any]:
        """Return the place, and the positions of the shuffles when the present order was drawn and now."""
        now = [shuffle.position for shuffle in self._shuffles]
        return {**super().get_state(), "drawn_from": self._places, "drawing_from": now}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the place and the order of the rows."""
        super().set_state({**state, "drawn_from": None})
        self._places = state["drawn_from"]
        if self._places is not None:
            _set_positions(self._shuffles, self._places)
            self.order = self._drawn()
        _set_positions(self._shuffles, state["drawing_from"])


def _cut(rows: Any, recipe: Recipe) -> Any:
    """Return rows without the dropped ones."""
    return rows if rows is None or len(rows) == recipe.samples else rows[: recipe.samples]
