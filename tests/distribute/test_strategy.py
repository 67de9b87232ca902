import copy
import pickle
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape, Sequential, ops
from minifit.data import Dataset
from minifit.distribute import (
    MirroredStrategy,
    ReduceOp,
    get_replica_context,
    get_strategy,
    has_strategy,
    in_cross_replica_context,
)
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError
from minifit.layers import Dense
from minifit.metrics import Mean
from minifit.models import clone_model
from minifit.parameters import Variable
from minifit.tensor import Tensor, current
from minifit.workers import ALONE, Share, current_workers
from tests.distribute.threads import ThreadWorkers, run_threads


def test_outside_of_any_scope() -> None:
    default = get_strategy()
    assert (default.num_replicas_in_sync, has_strategy(), in_cross_replica_context()) == (1, False, False)
    replica = get_replica_context()
    assert replica is not None and replica.strategy is default
    assert default.run(lambda a, b: a + b, (1,), {"b": 2}) == 3


def test_a_scope() -> None:
    strategy = MirroredStrategy()
    with strategy.scope() as entered, strategy.scope():
        assert entered is strategy is get_strategy()
        assert (has_strategy(), in_cross_replica_context(), get_replica_context()) == (True, True, None)
        model = Sequential([Dense(1)])
    assert not has_strategy()
    assert model.distribute_strategy is strategy
    assert Sequential([Dense(1)]).distribute_strategy is get_strategy()


def test_a_scope_in_that_of_another_strategy() -> None:
    with (
        MirroredStrategy().scope(),
        pytest.raises(ArgumentError, match="Strategy within one of MirroredStrategy"),
        Strategy().scope(),
    ):
        pass
    assert not has_strategy()


def test_models_keep_the_workers_of_their_scope() -> None:
    def make(workers: ThreadWorkers) -> Any:
        strategy = Strategy(workers)
        with strategy.active():
            assert current_workers() is workers
            model = Sequential([Dense(1)])
            model.build((None, 2))
            copied = clone_model(model)
        assert current_workers() is not workers or workers is ALONE
        brought_back = pickle.loads(pickle.dumps(model))
        return [
            model.distribute_strategy.workers is workers,
            copied.distribute_strategy
            is copy.deepcopy(model).distribute_strategy
            is model.distribute_strategy,
            brought_back.distribute_strategy.workers is ALONE,
        ]

    def outside(workers: ThreadWorkers) -> Any:
        from contextvars import Context  # of a thread that is in no scope

        return Context().run(make, workers)

    assert run_threads(2, outside) == [[True, True, True]] * 2


def test_run_and_reduce_of_one_worker() -> None:
    strategy = MirroredStrategy()

    def step(x: Any) -> Any:
        replica = get_replica_context()
        assert replica is not None and (replica.replica_id_in_sync_group, replica.num_replicas_in_sync) == (
            0,
            1,
        )
        assert get_strategy() is strategy and not in_cross_replica_context()
        assert current().share is None
        return x * 2

    out = strategy.run(step, (Tensor([1.0, 3.0]),))
    assert out.numpy().tolist() == [2.0, 6.0]
    assert strategy.reduce("SUM", out, axis=None).numpy().tolist() == [2.0, 6.0]
    assert strategy.reduce(ReduceOp.MEAN, out, axis=0).numpy() == 4.0
    assert strategy.gather(out, axis=0).numpy().tolist() == [2.0, 6.0]
    assert strategy.experimental_local_results(out) == (out,)
    assert strategy.extended.should_checkpoint


def test_reduce_of_several_workers() -> None:
    def reduce(workers: ThreadWorkers) -> Any:
        strategy, rank = get_strategy(), workers.rank
        rows = Tensor(np.full((1 + rank, 2), rank, np.float32))
        return [
            strategy.reduce("SUM", Tensor(1.0 + rank), None).numpy().tolist(),
            strategy.reduce("MEAN", {"a": 1.0 + rank}, None)["a"].numpy().tolist(),
            strategy.reduce("SUM", rows, 0).numpy().tolist(),
            strategy.reduce("MEAN", rows, 0).numpy().tolist(),
            strategy.gather(rows, 0).numpy()[:, 0].tolist(),
            strategy.experimental_distribute_values_from_function(
                lambda context: context.replica_id_in_sync_group
            ),
            strategy.extended.should_save_summary,
        ]

    for rank, found in enumerate(run_threads(2, reduce)):
        assert found == [3.0, 1.5, [2.0, 2.0], [np.float32(2 / 3)] * 2, [0.0, 1.0, 1.0], rank, rank == 0]


def test_a_wrong_axis() -> None:
    with pytest.raises(ArgumentError, match=r"axis=0 for a value of shape \(\)"):
        get_strategy().reduce("SUM", 1.0, 0)


def test_run_knows_the_share_of_the_batch() -> None:
    def train(workers: ThreadWorkers) -> Any:
        strategy = get_strategy()
        mean = Mean()
        seen: list[Any] = []

        def step(x: Any) -> Any:
            share = current().share
            assert share is not None and current().workers is workers
            seen.append(share)
            mean.update_state(x)
            return ops.sum(x), "text", 7

        def total(x: Any) -> float:
            returned, text, count = strategy.run(step, (x,))
            assert (text, count) == ("text", 7 if seen[-1].rows else 0)
            return float(strategy.reduce("SUM", returned, None).numpy())

        data = Dataset.from_tensor_slices(np.arange(1.0, 6.0, dtype=np.float32)).batch(4)
        totals = [total(x) for x in strategy.experimental_distribute_dataset(data)]
        strategy.run(lambda: seen.append(current().share))
        return totals, float(mean.result()), seen

    first, second = run_threads(2, train)
    assert first[:2] == second[:2] == ([10.0, 5.0], 3.0)
    assert first[2] == [Share(0, 2, 4), Share(0, 1, 1), Share(0, 1, 2)]
    assert second[2] == [Share(2, 2, 4), Share(1, 0, 1), Share(1, 1, 2)]


def test_what_belongs_outside_of_run() -> None:
    strategy = MirroredStrategy()
    with pytest.raises(ArgumentError, match="reduce must be called outside"):
        strategy.run(lambda: strategy.reduce("SUM", 1.0, None))
    with pytest.raises(ArgumentError, match="run must be called outside"):
        strategy.run(lambda: strategy.run(lambda: None))

    def merged() -> Any:
        replica = get_replica_context()
        assert replica is not None
        return replica.merge_call(lambda s, x: (s is strategy, x, in_cross_replica_context()), (3,))

    assert strategy.run(merged) == (True, 3, True)


def test_all_reduce_and_its_gradient() -> None:
    def train(workers: ThreadWorkers) -> Any:
        def step() -> Any:
            replica = get_replica_context()
            assert replica is not None
            x = Variable([1.0 + workers.rank, 2.0])
            with GradientTape() as tape:
                y = replica.all_reduce("MEAN", x * 2.0)
                loss = ops.sum(y) * (1.0 + workers.rank)
            gathered = replica.all_gather(x, axis=0)
            return y.numpy().tolist(), tape.gradient(loss, x).numpy().tolist(), gathered.numpy().tolist()

        return get_strategy().run(step)

    # The gradient of both losses, which are summed: (1 + 2) * 2 / 2.
    assert run_threads(2, train) == [([3.0, 4.0], [3.0, 3.0], [1.0, 2.0, 2.0, 2.0])] * 2


def test_an_error_in_run_reaches_all() -> None:
    def train(workers: ThreadWorkers) -> Any:
        def step() -> None:
            if workers.rank:
                raise ZeroDivisionError

        get_strategy().run(step)

    with pytest.raises(ZeroDivisionError):
        run_threads(2, train)


def test_a_layer_called_in_run_has_the_share() -> None:
    def train(workers: ThreadWorkers) -> Any:
        seen: list[Any] = []

        class Look(Dense):
            def call(self, inputs: Any) -> Any:
                seen.append(current().share)
                return super().call(inputs)

        with get_strategy().active():
            model = Sequential([Look(1)])
        get_strategy().run(lambda: model(np.ones((1, 2), np.float32)))
        return seen[-1]

    assert run_threads(2, train) == [Share(0, 1, 2), Share(1, 1, 2)]
