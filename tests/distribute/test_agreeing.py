import random
from typing import Any

import numpy as np
import pytest

from minifit.distribute.agreeing import (
    adopt_chiefs_weights,
    agree_on_random_numbers,
    arrays_of_all,
    differing_from_chief,
    packed,
    sums_of_all,
    unpacked,
    value_of_chief,
)
from minifit.errors import ArgumentTypeError
from minifit.metrics import AUC, Mean, Metric
from minifit.randomness import DEFAULT, global_state
from minifit.workers import ALONE
from tests.distribute.threads import ThreadWorkers, run_threads


def test_what_is_packed_comes_back_as_it_was() -> None:
    value = {"a": [1, 2.5, None, "ä"], "b": np.arange(6.0).reshape(2, 3), "c": (np.int64(3), b"x")}
    back = unpacked(packed(value))
    assert back["b"].tolist() == value["b"].tolist()  # type: ignore[attr-defined]
    assert (back["a"], back["c"]) == (value["a"], value["c"])


def test_nothing_but_plain_data_is_packed() -> None:
    with pytest.raises(ArgumentTypeError, match=r"object"):
        packed(object())


def test_the_chiefs_value_is_sent_only_where_values_differ() -> None:
    def compare(workers: ThreadWorkers) -> Any:
        same, once = differing_from_chief(workers, {"x": np.ones(3)}), workers.messages
        other = differing_from_chief(workers, {"x": np.full(3, workers.rank)})
        return same, once, other["x"].tolist(), workers.messages

    assert run_threads(3, compare) == [(None, 1, [0, 0, 0], 3)] * 3


def test_the_chiefs_value_and_weights() -> None:
    class Model:
        """Weights alone."""

        def __init__(self, workers: ThreadWorkers) -> None:
            self.workers, self.numbers = workers, [np.full(2, workers.rank)]

        def get_weights(self) -> Any:
            return self.numbers

        def set_weights(self, numbers: Any) -> None:
            self.numbers = numbers

    def take(workers: ThreadWorkers) -> Any:
        model = Model(workers)
        adopt_chiefs_weights(model)
        return value_of_chief(workers, {"rank": workers.rank}), model.numbers[0].tolist()

    assert run_threads(2, take) == [({"rank": 0}, [0, 0])] * 2


def test_arrays_of_all_keep_shape_and_dtype() -> None:
    def gather(workers: ThreadWorkers) -> Any:
        return arrays_of_all(workers, [np.full((workers.rank, 2), workers.rank, np.int16)])

    for everyone in run_threads(3, gather):
        assert [each[0].shape for each in everyone] == [(0, 2), (1, 2), (2, 2)]
        assert [each[0].dtype for each in everyone] == [np.int16] * 3
        assert everyone[2][0].tolist() == [[2, 2], [2, 2]]


class Told(ThreadWorkers):
    """A worker who hears of a chief with other random numbers."""

    def __init__(self, content: bytes) -> None:
        self.rank, self.size, self.content = 1, 2, content

    def from_all(self, content: bytes) -> list[bytes]:
        return [b"another", content]

    def from_chief(self, content: bytes) -> bytes:
        return self.content


def test_random_numbers_go_on_as_the_chiefs_do() -> None:
    np.random.seed(3)
    random.seed(4)
    DEFAULT.reset()
    DEFAULT.get("x").random()
    chiefs = packed([global_state(), DEFAULT.get_state()])
    expected = np.random.random(), random.random(), DEFAULT.get("x").random()
    np.random.seed(5)
    random.seed(6)
    DEFAULT.reset()
    agree_on_random_numbers(Told(chiefs))
    assert (np.random.random(), random.random(), DEFAULT.get("x").random()) == expected


def test_a_worker_alone_keeps_its_random_numbers() -> None:
    np.random.seed(3)
    expected = np.random.RandomState(3).random()
    agree_on_random_numbers(ALONE)
    assert np.random.random() == expected


class Pairs(Metric):
    """A metric of the user's with a number and an array."""

    def __init__(self) -> None:
        super().__init__("pairs")
        self.seen, self.sums = 0, np.zeros(2, np.float32)

    def update_state(self, values: Any) -> None:  # type: ignore[override]
        self.seen += 1
        self.sums += values

    def result(self) -> Any:
        return self.seen, self.sums


def test_metrics_of_the_scope_take_in_what_those_of_all_do() -> None:
    def train(workers: ThreadWorkers) -> Any:
        mean, own, auc, idle = Mean(), Pairs(), AUC(num_thresholds=3), Mean()
        mean.update_state([10.0])  # on all alike, before
        memory = idle
        with sums_of_all(workers):
            mean.update_state([float(workers.rank)])
            own.update_state([workers.rank, 1])
            auc.update_state([0, 1], [0.2, 0.9 - 0.3 * workers.rank])
        return float(mean.result()), own.seen, own.sums.tolist(), float(auc.result()), memory is idle

    expected = AUC(num_thresholds=3)
    for rank in range(3):
        expected.update_state([0, 1], [0.2, 0.9 - 0.3 * rank])
    for result in run_threads(3, train):
        assert result == ((10 + 0 + 1 + 2) / 4, 3, [3, 3], float(expected.result()), True)


def test_a_worker_that_does_not_count_adds_nothing() -> None:
    def train(workers: ThreadWorkers) -> Any:
        mean = Mean()
        with sums_of_all(workers, workers.chief):
            mean.update_state([5.0 + workers.rank])
        return float(mean.result())

    assert run_threads(2, train) == [5.0, 5.0]
