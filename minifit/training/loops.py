"""The loops: fit, evaluate and predict, with every event in its place.

Read `fit` from top to bottom; `_train` is one epoch of it. A batch that somebody watches is taken alone,
between its two hooks; batches that nobody watches are taken together, until a tenth of a second is over.
"""

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from minifit import console, interrupts, kernels
from minifit.callbacks import CallbackList
from minifit.data import Batches
from minifit.training.state import TrainingState
from minifit.training.step import JudgedStep, PredictStep, TrainStep
from minifit.workers import Workers

Logs = dict[str, float]


class Validation(NamedTuple):
    """What `fit` evaluates on, and after which epochs."""

    step: JudgedStep
    batches: Batches
    due: Callable[[int], bool]


@interrupts.deferring
def fit(
    state: TrainingState,
    step: TrainStep,
    callbacks: CallbackList,
    epochs: int,
    validation: Validation | None = None,
    unit: int = 1,
) -> None:
    """Train until `epochs` are over or somebody says stop.

    Parameters
    ----------
    state : TrainingState
        Where to begin, and whether to stop; a callback may put it forward in ``on_train_begin``.
    step : TrainStep
    callbacks : CallbackList
    epochs : int
        The epoch before which to end, counted from 0.
    validation : Validation, optional
    unit : int, default 1
        Batches between two hooks: `steps_per_execution`.
    """
    batches = state.batches
    assert batches is not None
    state.step, step.progress = step, state
    callbacks.on_train_begin()
    for each in (step, validation.step) if validation is not None else (step,):
        each.use(kernels.load(state.engine))  # a resumed run goes on with the kernels it was begun with
    train_logs = {name: value for name, value in state.logs.items() if not name.startswith("val_")}
    while state.epoch < epochs and not state.over:
        state.begin_epoch(step)
        callbacks.on_epoch_begin(state.epoch)
        interrupts.renew()
        state.go_on_within_epoch()
        train_logs = _train(state, step, batches, callbacks, train_logs, unit)
        state.logs = dict(train_logs)
        if validation is not None and validation.due(state.epoch):
            with state.validating():
                judged = evaluate(validation.step, validation.batches, callbacks, unit)
            state.logs |= {f"val_{name}": value for name, value in judged.items()}
        state.compare(step.workers)
        callbacks.on_epoch_end(state.end_epoch(), state.logs)
        if state.stops(step.workers):
            break
        batches.end_epoch()
        if batches.ended:
            break
    callbacks.on_train_end(state.logs)


def _train(
    state: TrainingState, step: TrainStep, batches: Batches, callbacks: CallbackList, logs: Logs, unit: int
) -> Logs:
    """One epoch: the logs of its last batch, or `logs` if there was none."""
    watched = _on_any(step.workers, callbacks.watched("train"))
    stopped = (lambda: True) if watched else (lambda: state.stop_training)
    step.begin_epoch()
    if state.batch:  # resumed in the middle of the epoch
        logs = step.logs()
    while state.batch != batches.steps and not state.had_stopped:
        callbacks.on_train_batch_begin(state.batch)
        most = _left(batches, state.batch)
        if not watched:
            most = _first(step.workers, _until_woken(callbacks, most, unit))
        done = step.run(batches, most, unit, stopped)
        if not done:
            _end_of_data(batches, state.batch, "Training")
            break
        state.resumed = False
        logs = step.logs()
        callbacks.on_train_batch_end(state.batch - 1, logs)
        if state.stops(step.workers):
            break
    return logs


@interrupts.deferring
def evaluate(step: JudgedStep, batches: Batches, callbacks: CallbackList, unit: int = 1) -> Logs:
    """Judge the model on all batches; the logs of the last one, empty if there was none."""
    logs: Logs = {}
    batch = 0
    callbacks.on_test_begin()
    step.reset()
    step.begin_epoch()
    if not batches.ended:
        batches.rewind()
        watched = _on_any(step.workers, callbacks.watched("test"))
        while batch != batches.steps:
            callbacks.on_test_batch_begin(batch)
            done = step.run(batches, _left(batches, batch), unit, lambda: watched)
            if not done:
                _end_of_data(batches, batch, "The evaluation")
                break
            batch += done
            logs = step.logs()
            callbacks.on_test_batch_end(batch - 1, logs)
        batches.end_epoch()
    callbacks.on_test_end(logs)
    return logs


def predict(step: PredictStep, batches: Batches, callbacks: CallbackList, unit: int = 1) -> Any:
    """Return the outputs for all batches, one row a sample."""
    batch = 0
    callbacks.on_predict_begin()
    watched, listened_to = callbacks.watched("predict"), callbacks.implemented("on_predict_batch_end")
    if step.workers.size > 1:
        listened_to = _on_any(step.workers, listened_to)
        watched = watched or listened_to  # so that all put their outputs together after the same batches
    while batch != batches.steps:
        callbacks.on_predict_batch_begin(batch)
        seen = len(step.outputs)
        done = step.run(batches, _left(batches, batch), unit, lambda: watched)
        if not done:
            _end_of_data(batches, batch, "Predicting")
            break
        batch += done
        if listened_to:
            callbacks.on_predict_batch_end(batch - 1, {"outputs": step.joined(seen)})
    batches.end_epoch()
    callbacks.on_predict_end()
    return step.joined()


def _on_any(workers: Workers, asked: bool) -> bool:
    """Return whether something is so on any worker."""
    return asked if workers.size == 1 else workers.largest(asked)[0] > 0


def _first(workers: Workers, most: int | None) -> int | None:
    """Return the smallest of what the workers have here; None stands for no limit."""
    if workers.size == 1:
        return most
    (least,) = workers.largest(-inf if most is None else -most)
    return None if least == -inf else int(-least)


def _left(batches: Batches, batch: int) -> int | None:
    """How many batches an epoch still has; None when nobody knows."""
    return None if batches.steps is None else batches.steps - batch


def _until_woken(callbacks: CallbackList, left: int | None, unit: int) -> int | None:
    """How many batches nobody wants to be told of: as far as there are, or until the first callback must wake up."""
    wake = callbacks.wake_after()
    if wake is None:
        return left
    whole = -(-wake // unit) * unit
    return whole if left is None else min(whole, left)


def _end_of_data(batches: Batches, batch: int, what: str) -> None:
    """The data had no batch number `batch`: fine for a first look at it, a warning when it was expected."""
    if batches.steps is None:
        batches.steps = batch
        return
    batches.ended = True
    console.warn(
        f"The data has come to its end: {batches.steps} batches were expected, there are {batch}. {what} stops here. "
        f"{batches.advice}, or lower the number of steps or epochs."
    )
