"""Sums and gradients of several workers after a batch, op by op."""

import numpy as np

from minifit import Sequential
from minifit.kernels import reference
from minifit.layers import Dense
from minifit.randomness import Streams
from minifit.training.objective import Objective
from minifit.training.step import TestStep, TrainStep
from tests.distribute.threads import ThreadWorkers, run_threads


def step_of(workers: ThreadWorkers) -> TestStep:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.workers = workers
    return TestStep(model, reference, Streams(1), Objective("mse"))


def test_sums_of_all_shares_are_added_to_those_before() -> None:
    def work(workers: ThreadWorkers) -> list[float]:
        step = step_of(workers)
        step.context.share = workers.share(5)
        tracker = step.objective.tracker
        tracker.total, tracker.count = 10.0, 4.0
        before = step.sums_now()
        tracker.total += workers.rank + 1
        tracker.count += step.context.share.rows
        step.share(before)
        return step.sums_now()

    assert run_threads(3, work) == [[16, 9]] * 3


def test_a_share_without_rows_adds_nothing() -> None:
    def work(workers: ThreadWorkers) -> list[float]:
        step = step_of(workers)
        step.context.share = workers.share(1)
        before = step.sums_now()
        step.objective.tracker.total += 7.0
        step.share(before)
        return step.sums_now()

    assert run_threads(2, work) == [[7, 0]] * 2


def test_all_pause_where_one_wants_to() -> None:
    def work(workers: ThreadWorkers) -> list[bool]:
        step, paused = step_of(workers), []
        step.context.share = workers.share(2)
        step.pause_together(None)
        for batch in range(4):
            step.share(step.sums_now())
            paused.append(step.pause_together(workers.rank == 0 and batch == 1))
        return paused

    assert run_threads(2, work) == [[False, False, True, True]] * 2


def test_gradients_move_with_their_memory() -> None:
    def work(workers: ThreadWorkers) -> list[float]:
        model = Sequential([Dense(1, input_shape=(2,), use_bias=False)])
        model.workers = workers
        model.compile("sgd", "mse")
        model.adopt_weights()
        step = TrainStep(model, reference, Streams(1), Objective("mse"), model.optimizer)
        step.context.share = workers.share(2)
        (weight,) = model.weights
        assert weight.grad_view is not None
        weight.grad_view[...] = [[1], [2]]
        step.share([])  # no sums were known before
        return np.ravel(weight.grad_view).tolist()

    assert run_threads(2, work) == [[2, 4]] * 2
