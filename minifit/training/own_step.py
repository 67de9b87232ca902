"""Steps that a user wrote: `train_step` and its like, called for one batch after another, op by op.

Like the library's steps they run wholly or not at all, as far as the undo log records their changes. It records changes
of weights by `assign`, optimizers and the library's layers, of metrics and of random streams; not those of the user's
own attributes.
"""

from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import FLOAT, Array, fresh
from minifit.data import Batch, Batches
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError, quoted
from minifit.metrics import Metric
from minifit.randomness import Streams
from minifit.tensor import Tensor, constant, to_array
from minifit.training.objective import Objective, plain_result
from minifit.training.predicted import joined
from minifit.training.runner import Runner
from minifit.training.step_methods import Function, Logs, acting


class Feed(Iterator[Any]):
    """The iterator that a user's step takes batches from, nested as the data of `fit`.

    Parameters
    ----------
    step : OwnStep
    batches : Batches
    most : int or None
        The number of batches that the step may take; None means no limit.

    Attributes
    ----------
    taken : int
        The number of batches taken.
    ended : bool
        Whether the step asked for a batch behind the last one.
    """

    def __init__(self, step: "OwnStep", batches: Batches, most: int | None) -> None:
        self._step, self._batches, self._most = step, batches, most
        self.taken, self.ended = 0, False

    def __next__(self) -> Any:
        batch = None if self.taken == self._most else self._batches.next(self._step.context)
        if batch is None:
            self.ended = True
            raise StopIteration
        self.taken += 1
        self._step.context.share = self._batches.share
        self._step.context.losses.clear()
        self._step.latest(batch)
        return _nested(self._batches, batch)


class OwnStep(Runner):
    """A step that calls the user's function of an iterator.

    Parameters
    ----------
    model : Trainable
    kernels : module
    streams : Streams
    function : callable
        Takes batches from an iterator, and returns logs or outputs.
    name : str
        The name of the user's method, for messages.
    objective : Objective, optional
        The objective in which the compiled loss and metrics count.
    recording : bool, default False
        Whether to record the ops for a gradient.
    """

    names_known = False

    def __init__(
        self,
        model: Any,
        kernels: ModuleType,
        streams: Streams,
        function: Function,
        name: str,
        objective: Objective | None = None,
        recording: bool = False,
    ) -> None:
        super().__init__(kernels, streams, recording)
        self.context.builds = True
        # the function may keep a tensor, such as gradients that it adds up over several batches
        self.context.take = fresh
        self.model, self.objective, self._function = model, objective, function
        self._method = f"{name} of {type(model).__name__}"
        self.reason = self._method
        if objective is not None:
            self.inside.run(acting.set, (model, objective))

    def follow_settings(self) -> None:
        """Do nothing: a user's function has no program."""

    def latest(self, batch: Batch) -> None:
        """Remember the batch that the function took last."""
        self._latest = batch

    def rehearse(self, batches: Batches) -> None:
        """Call the function on a sample batch, and undo its changes except for the layers that it built."""
        batch = batches.sample()
        self.latest(batch)
        self.look()
        self._keep()
        try:
            # a function that takes several batches finds only one
            with suppress(StopIteration):
                self.inside.run(self._function, iter([_nested(batches, batch)]))
        finally:
            self.settle()
            self.context.losses.clear()
            self.memory.rewind()

    def take(self, batch: Batch) -> None:
        """Raise: the user's function takes its batches itself, so nothing calls this."""
        raise NotImplementedError

    def _run_one(self, batches: Batches, most: int | None) -> int:
        """Call the function once; the batches that it takes count when it returns."""
        feed = Feed(self, batches, most)
        self._keep()
        try:
            result = self.inside.run(self._function, feed)
            if not feed.taken:
                raise ArgumentError(
                    f"A step must take its batches from the iterator. Received: {self._method}, which took none. "
                    "Call next(iterator) in it."
                )
            self._accept(result)
            if self.workers.size > 1:
                self._share(feed)
            self._count(feed)
        except StopIteration:
            if not feed.ended:
                raise
            self._count(feed)
        except (ShapeError, DataError) as error:
            batches.tell_where(error)
            raise
        finally:
            self.undo.undo()
        return feed.taken

    def _count(self, feed: Feed) -> None:
        """Count the batches and keep the changes of the function."""
        with self.held:
            self.progress.batch += feed.taken
            self.undo.forget()

    def _keep(self) -> None:
        """Record in the undo log the values that the function may change."""

    def _share(self, feed: Feed) -> None:
        """Make the sums and the results of the function equal on all workers."""
        share = self.context.share
        if share is not None and not share.rows and feed.taken > 1:
            raise ArgumentError(
                "A step that takes several batches needs rows of each on every worker. "
                f"Received: {self._method}, which took {feed.taken}, the last of {share.total} rows for "
                f"{self.workers.size} workers. Choose a batch_size that leaves more rows for the last batch, or "
                "steps_per_execution=1."
            )

    def _accept(self, result: Any) -> None:
        """Store the result of the function."""
        raise NotImplementedError


class OwnJudgedStep(OwnStep):
    """A user's `train_step` or `test_step`."""

    objective: Objective

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._logs: Logs = {}
        self._before: dict[int, list[float]] = {}

    @property
    def names(self) -> list[str]:
        """The expected keys of the logs: the names of the metrics."""
        return list(self.model.metrics_names)

    def logs(self) -> Logs:
        """Return the latest logs of the function."""
        return self._logs

    def reset(self) -> None:
        """Reset the model's metrics."""
        self.inside.run(self.model.reset_metrics)

    def sound(self) -> bool:
        """Return whether the loss in the latest logs is a finite number."""
        loss = self._logs.get("loss", 0.0)
        return not isinstance(loss, float) or bool(np.isfinite(loss))

    def get_state(self) -> Logs:
        """Return the latest logs."""
        return numbers_of(self._logs)

    def set_state(self, state: Logs) -> None:
        """Restore the logs that `get_state` returned."""
        self._logs = dict(state)

    def _keep(self) -> None:
        metrics = self._metrics()
        for metric in metrics:
            metric.keep(self.undo)
        if self.workers.size > 1:
            self._before = {id(metric): metric.get_sums() for metric in metrics}

    def _metrics(self) -> list[Metric]:
        return self.inside.run(getattr, self.model, "metrics")

    def _share(self, feed: Feed) -> None:
        """Add up the sums of the metrics over all workers, and update the logs.

        Numbers in the logs that are no metric's result are averaged over the workers, weighted by their rows.
        """
        super()._share(feed)
        share, metrics, compiled = self.context.share, self._metrics(), self._compiled_names()
        assert share is not None
        sums = [metric.get_sums() for metric in metrics]
        known = [self._before.get(id(metric), []) for metric in metrics]
        before = [
            then if len(then) == len(now) else [0.0] * len(now) for then, now in zip(known, sums, strict=True)
        ]
        names = [compiled.get(id(metric), metric.name) for metric in metrics]
        results = dict(zip(names, map(_result, metrics), strict=True))
        floats = [name for name, value in self._logs.items() if isinstance(value, float)]
        others = [float(not _is_result(self._logs[name], results.get(name))) for name in floats]
        added = np.subtract(_concat(sums), _concat(before)) if share.rows else np.zeros(sum(map(len, sums)))
        numbers = np.array([*added, *(self._logs[name] * share.part for name in floats), *others, 0], FLOAT)
        self.workers.add_up(numbers)
        begin = 0
        for metric, then in zip(metrics, before, strict=True):
            end = begin + len(then)
            metric.set_sums(np.add(then, numbers[begin:end], dtype=np.float64).tolist())
            begin = end
        averages, different = np.split(numbers[begin:-1], 2)
        ours = zip(floats, averages.tolist(), different, strict=True)
        averaged = {name: value for name, value, differs in ours if differs}
        for name, metric in zip(names, metrics, strict=True):
            if name in self._logs and name not in averaged:
                self._logs[name] = plain_result(name, metric.result())
        self._logs.update(averaged)

    def _compiled_names(self) -> dict[int, str]:
        return dict(zip(map(id, self.objective.sums), self.objective.names, strict=True))

    def _accept(self, result: Any) -> None:
        if not isinstance(result, dict) or not all(isinstance(name, str) for name in result):
            raise ArgumentTypeError(
                f"A step must return its logs: a dict of numbers by name. Received: {quoted(result)} from "
                f"{self._method}. Return for example {{'loss': loss}}."
            )
        self._logs = {name: _plain(value) for name, value in result.items()}


class OwnPredictStep(OwnStep):
    """A user's `predict_step`.

    Attributes
    ----------
    outputs : list
        The results of the calls, as flat arrays.
    counts : list of list of int
        For several workers: the rows that count on this worker, for each batch that a call took.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outputs: list[tuple[Array, ...]] = []
        self.counts: list[list[int]] = []
        self._rows: list[int] = []
        self._form: Any = None

    def latest(self, batch: Batch) -> None:
        """Remember the batch that the function took last, and how many of its rows count."""
        super().latest(batch)
        if (share := self.context.share) is not None:
            self._rows.append(share.rows)

    def _keep(self) -> None:
        self._rows = []

    def _accept(self, result: Any) -> None:
        leaves = [to_array(leaf) for leaf in nest.flatten(result)]
        if any(leaf.ndim == 0 for leaf in leaves):
            raise ArgumentTypeError(
                f"A predict step must return a row for each sample. Received: a single number from {self._method}. "
                "Return tensors whose first axis is the batch."
            )
        self._form = result if self._form is None else self._form
        self.counts.append(self._rows)
        self.outputs.append(tuple([leaf.copy() for leaf in leaves]))

    def joined(self, first: int = 0) -> Any:
        """Return the outputs from call `first` on, one row for each sample, nested as by the function."""
        return nest.pack(self._form, joined(self.workers, self.outputs[first:], self.counts[first:]))


def numbers_of(logs: Logs) -> Logs:
    """Return the numbers and arrays in logs, which files can hold; a user's step may return other values too."""
    return {name: value for name, value in logs.items() if isinstance(value, int | float | np.ndarray)}


def _result(metric: Metric) -> Any:
    """Return the result of a metric as a plain value."""
    return _plain(metric.result())


def _is_result(value: float, result: Any) -> bool:
    """Return whether a number in logs is a metric's result: a step may return another value under the same name."""
    return isinstance(result, float) and np.array_equal(value, result, equal_nan=True)


def _concat(parts: list[list[float]]) -> list[float]:
    return [number for part in parts for number in part]


def _nested(batches: Batches, batch: Batch) -> Any:
    """Return a batch as tensors, nested as the data of `fit`."""
    return nest.map_leaves(_tensor, batches.form.pack(batch))


def _tensor(leaf: Any) -> Any:
    return None if leaf is None else constant(leaf)


def _plain(value: Any) -> Any:
    """Return a value of logs as a plain number, or as a copied array if it is several; other values unchanged."""
    if isinstance(value, float):
        # it may be a subclass of float
        return float(value)
    if not (isinstance(value, Tensor | np.ndarray | np.generic) or hasattr(value, "__array__")):
        return value
    array = np.array(value)
    return array.item() if array.ndim == 0 else array
