from typing import Any

import numpy as np
import pytest

from minifit.data import Dataset
from minifit.distribute.inputs import InputContext, rows_at, rows_of
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, DataError
from minifit.tensor import constant
from minifit.workers import Share
from tests.distribute.threads import ThreadWorkers, run_threads


def test_the_size_of_one_workers_batches() -> None:
    context = InputContext(3, 1, 3)
    assert context.get_per_replica_batch_size(12) == 4
    with pytest.raises(ArgumentError, match="a multiple of the number of workers, 3"):
        context.get_per_replica_batch_size(13)


def test_each_worker_is_handed_its_rows_of_every_batch() -> None:
    def read(workers: ThreadWorkers) -> Any:
        strategy = Strategy(workers)
        data = Dataset.from_tensor_slices((np.arange(8), {"y": np.arange(8) * 10})).batch(5)
        seen = []
        for x, y in strategy.experimental_distribute_dataset(data):
            seen.append((x.numpy().tolist(), y["y"].numpy().tolist(), strategy._share))
        return seen

    first, second, third, fourth = run_threads(4, read)
    assert first == [([0, 1], [0, 10], Share(0, 2, 5)), ([5], [50], Share(0, 1, 3))]
    assert second == [([2], [20], Share(2, 1, 5)), ([6], [60], Share(1, 1, 3))]
    assert third == [([3], [30], Share(3, 1, 5)), ([7], [70], Share(2, 1, 3))]
    assert fourth == [
        ([4], [40], Share(4, 1, 5)),
        ([5], [50], Share(3, 0, 3)),
    ]  # a row that counts for nothing


def test_one_worker_is_handed_the_batches_themselves() -> None:
    data = Dataset.range(4).batch(3)
    distributed = Strategy().experimental_distribute_dataset(data)
    assert [x.numpy().tolist() for x in distributed] == [[0, 1, 2], [3]]
    assert (len(distributed), distributed.element_spec) == (2, data.element_spec)


def test_workers_whose_own_data_ends_at_different_times() -> None:
    def read(workers: ThreadWorkers) -> Any:
        strategy = Strategy(workers)

        def make(context: InputContext) -> Dataset:
            assert context == (2, workers.rank, 2)
            return Dataset.range(3 + 2 * context.input_pipeline_id).batch(2)

        data = strategy.distribute_datasets_from_function(make)
        return [(x.numpy().tolist(), strategy._share) for x in data]

    first, second = run_threads(2, read)
    assert first == [([0, 1], Share(0, 2, 4)), ([2], Share(0, 1, 3)), ([2], Share(0, 0, 1))]
    assert second == [([0, 1], Share(2, 2, 4)), ([2, 3], Share(1, 2, 3)), ([4], Share(0, 1, 1))]


def test_a_worker_without_any_data() -> None:
    def read(workers: ThreadWorkers) -> Any:
        data = Strategy(workers).distribute_datasets_from_function(
            lambda context: [np.zeros(2)] if context.input_pipeline_id else []
        )
        return list(data)

    with pytest.raises(DataError, match="none on worker 0"):
        run_threads(2, read)


def test_rows() -> None:
    batch = (constant(np.arange(6.0).reshape(3, 2)), np.array(["a", "b", "c"]))
    assert rows_of(batch) == 3
    x, text = rows_at(batch, 1, 2)
    assert (x.numpy().tolist(), text.tolist()) == ([[2.0, 3.0], [4.0, 5.0]], ["b", "c"])
    for wrong in (3.0, (np.zeros(2), np.zeros(3)), ()):
        with pytest.raises(DataError, match="share the rows of a batch"):
            rows_of(wrong)
