import json
from typing import Any

import pytest

from minifit.distribute import MultiWorkerMirroredStrategy, multi_worker
from minifit.distribute.cluster_resolver import SimpleClusterResolver
from minifit.distribute.options import CommunicationOptions
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.workers import ALONE, Workers
from tests.distribute.processes import run_workers


class Second(Workers):
    """The second of three."""

    rank, size = 1, 3

    def from_all(self, content: bytes) -> list[bytes]:
        return [b"one", content, b"three"]


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("TF_CONFIG", raising=False)

    def be(workers: Workers) -> None:
        monkeypatch.setattr(multi_worker, "all_processes", lambda: workers)

    return be


def test_a_worker_of_several(job: Any) -> None:
    job(Second())
    strategy = MultiWorkerMirroredStrategy(communication_options=CommunicationOptions())
    resolver = strategy.cluster_resolver
    assert strategy.num_replicas_in_sync == 3
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    assert resolver.cluster_spec().num_tasks("worker") == 3
    assert not strategy.extended.should_checkpoint


def test_one_process(job: Any) -> None:
    job(ALONE)
    strategy = MultiWorkerMirroredStrategy()
    assert (strategy.workers, strategy.num_replicas_in_sync) == (ALONE, 1)
    assert (strategy.cluster_resolver.task_type, strategy.cluster_resolver.task_id) == ("worker", 0)


def test_a_described_cluster(job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job(Second())
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "evaluator": ["d:1"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": "chief", "index": 0}}))
    for strategy in (
        MultiWorkerMirroredStrategy(),
        MultiWorkerMirroredStrategy(SimpleClusterResolver(cluster)),
    ):
        resolver = strategy.cluster_resolver
        assert (resolver.task_type, resolver.task_id) == ("worker", 0)  # behind the chief
        assert resolver.cluster_spec().as_dict() == cluster


@pytest.mark.parametrize(
    ("workers", "text"), [(ALONE, r"2 in TF_CONFIG, and 1 process of MPI"), (Second(), "3 processes of MPI")]
)
def test_another_number_of_workers(
    workers: Workers, text: str, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(workers)
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}))
    with pytest.raises(ArgumentError, match=rf"{text}\. .* mpiexec -n 2 python train\.py"):
        MultiWorkerMirroredStrategy()


def test_what_it_does_not_take(job: Any) -> None:
    job(ALONE)
    with pytest.raises(ArgumentError, match=r"Received: \['ps'\]"):
        MultiWorkerMirroredStrategy(SimpleClusterResolver({"ps": ["a:1"], "worker": ["b:1"]}))
    with pytest.raises(ArgumentTypeError, match="cluster_resolver must be a ClusterResolver"):
        MultiWorkerMirroredStrategy("host:1")
    with pytest.raises(ArgumentTypeError, match="communication_options must be CommunicationOptions"):
        MultiWorkerMirroredStrategy(None, "ring")


CHECKS = """
import json
import numpy as np
import minifit
from minifit import distribute
from minifit.layers import Dense, Input
from minifit.metrics import Mean

strategy = distribute.MultiWorkerMirroredStrategy()
rank = strategy.cluster_resolver.task_id
np.random.seed(rank)  # every worker for itself
with strategy.scope():
    model = minifit.Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    model.compile(minifit.optimizers.Adam(0.01), "mse", metrics=["mae"])
    mean = Mean()
x = np.random.RandomState(7).normal(size=(33, 3)).astype(np.float32)
y = x.sum(1, keepdims=True)
if rank:
    model.set_weights([w + 1 for w in model.get_weights()])  # the chief's count
history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
logs = model.evaluate(x, y, batch_size=7, verbose=0)
predicted = model.predict(x, batch_size=7)
assert predicted.shape == (33, 1)

data = strategy.experimental_distribute_dataset(
    minifit.data.Dataset.from_tensor_slices((x, y)).shuffle(33).batch(8)
)

def step(batch):
    a, b = batch
    with minifit.GradientTape() as tape:
        loss = minifit.ops.sum(minifit.ops.square(model(a, training=True) - b)) / 8
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    mean.update_state(b)
    return loss

losses = [float(strategy.reduce("SUM", strategy.run(step, (batch,)), None).numpy()) for batch in data]
found = [*history.values(), logs, predicted.tolist(), losses, float(mean.result())]
print(json.dumps([found, [w.tolist() for w in model.get_weights()], np.random.rand()]))
"""


def test_two_processes_hold_the_same_numbers_and_those_of_one() -> None:
    (alone,) = run_workers(1, CHECKS).printed
    first, second = run_workers(2, CHECKS).printed
    assert first == second
    for ours, theirs in zip(_numbers(json.loads(first)), _numbers(json.loads(alone)), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)


def _numbers(nested: Any) -> list[float]:
    return [nested] if isinstance(nested, float) else [number for each in nested for number in _numbers(each)]
