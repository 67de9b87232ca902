"""The loops: fit, evaluate and predict, with every event in its place.

Read `fit` from top to bottom; `_train` is one epoch of it. A batch that a callback watches runs alone, between its
two hooks. Batches that no callback watches run together, for a tenth of a second at most.
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
    """A validation: its step, its batches, and the epochs after which it is due."""

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
    """Train until `epochs` are over or training is stopped.

    Parameters
    ----------
    state : TrainingState
        The epoch and batch to begin with, and whether to stop. A callback may restore an older run in
        ``on_train_begin``.
    step : TrainStep
    callbacks : CallbackList
    epochs : int
        The epoch, counted from 0, before which training ends.
    validation : Validation, optional
    unit : int, default 1
        Batches between two hooks: `steps_per_execution`.
    """
    batches = state.batches
    assert batches is not None
    state.step, step.progress = step, state
    callbacks.on_train_begin()
    for each in (step, validation.step) if validation is not None else (step,):
        # a resumed run keeps the kernels that it began with
        each.use(kernels.load(state.engine))
    train_logs = {name: value for name, value in state.logs.items() if not name.startswith("val_")}
    while state.epoch < epochs and not state.over:
        state.begin_epoch(step)
        callbacks.on_epoch_begin(state.epoch)
        interrupts.renew()
        state.continue_epoch()
        train_logs = _train(state, step, batches, callbacks, train_logs, unit)
        state.logs = dict(train_logs)
        if validation is not None and validation.due(state.epoch):
            with state.validating():
                val_logs = evaluate(validation.step, validation.batches, callbacks, unit)
            state.logs |= {f"val_{name}": value for name, value in val_logs.items()}
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
    """Train for one epoch; return the logs of its last batch, or `logs` if there was none."""
    watched = _on_any(step.workers, callbacks.watched("train"))
    stopped = (lambda: True) if watched else (lambda: state.stop_training)
    step.begin_epoch()
    if state.batch:
        # resumed in the middle of the epoch
        logs = step.logs()
    while state.batch != batches.steps and not state.had_stopped:
        callbacks.on_train_batch_begin(state.batch)
        most = _remaining(batches, state.batch)
        if not watched:
            most = _smallest(step.workers, _batches_until_due(callbacks, most, unit))
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
    """Evaluate the model on all batches; return the logs of the last one, empty if there was none."""
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
            done = step.run(batches, _remaining(batches, batch), unit, lambda: watched)
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
    """Return the outputs for all batches, one row for each sample."""
    batch = 0
    callbacks.on_predict_begin()
    watched, has_listener = callbacks.watched("predict"), callbacks.implemented("on_predict_batch_end")
    if step.workers.size > 1:
        has_listener = _on_any(step.workers, has_listener)
        # all workers must join their outputs after the same batches
        watched = watched or has_listener
    while batch != batches.steps:
        callbacks.on_predict_batch_begin(batch)
        earlier = len(step.outputs)
        done = step.run(batches, _remaining(batches, batch), unit, lambda: watched)
        if not done:
            _end_of_data(batches, batch, "Predicting")
            break
        batch += done
        if has_listener:
            callbacks.on_predict_batch_end(batch - 1, {"outputs": step.joined(earlier)})
    batches.end_epoch()
    callbacks.on_predict_end()
    return step.joined()


def _on_any(workers: Workers, condition: bool) -> bool:
    """Return whether a condition is true on any worker."""
    return condition if workers.size == 1 else workers.largest(condition)[0] > 0


def _smallest(workers: Workers, most: int | None) -> int | None:
    """Return the smallest limit of all workers; None means no limit."""
    if workers.size == 1:
        return most
    (least,) = workers.largest(-inf if most is None else -most)
    return None if least == -inf else int(-least)


def _remaining(batches: Batches, batch: int) -> int | None:
    """Return the number of batches that remain in the epoch; None means unknown."""
    return None if batches.steps is None else batches.steps - batch


def _batches_until_due(callbacks: CallbackList, remaining: int | None, unit: int) -> int | None:
    """Return the number of batches that may run before a callback is due; None means no limit."""
    wake = callbacks.wake_after()
    if wake is None:
        return remaining
    whole = -(-wake // unit) * unit
    return whole if remaining is None else min(whole, remaining)


def _end_of_data(batches: Batches, batch: int, call: str) -> None:
    """Handle data without a batch number `batch`: learn its length from it, or warn when the batch was expected."""
    if batches.steps is None:
        batches.steps = batch
        return
    batches.ended = True
    console.warn(
        f"The data ended early: {batches.steps} batches were expected, there are {batch}. {call} stops here. "
        f"{batches.advice}, or lower the number of steps or epochs."
    )
