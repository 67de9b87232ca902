import json

import pytest

from minifit.distribute.cluster_resolver import ClusterSpec, SimpleClusterResolver, TFConfigClusterResolver
from minifit.errors import ArgumentError, UnknownNameError


def test_a_cluster() -> None:
    cluster = ClusterSpec({"worker": ["a:1", "b:2"], "chief": ["c"]})
    assert cluster.jobs == ["chief", "worker"]
    assert (cluster.num_tasks("worker"), cluster.job_tasks("chief")) == (2, ["c"])
    assert ClusterSpec(cluster) == cluster != ClusterSpec({})
    assert cluster.as_dict() == {"worker": ["a:1", "b:2"], "chief": ["c"]}
    with pytest.raises(UnknownNameError, match="worker"):
        cluster.num_tasks("workers")
    with pytest.raises(ArgumentError, match="A cluster must be a dict"):
        ClusterSpec(["a:1"])


def test_a_simple_one() -> None:
    resolver = SimpleClusterResolver(ClusterSpec({"worker": ["a"]}), task_type="worker", task_id=0)
    assert (resolver.task_type, resolver.task_id, resolver.master()) == ("worker", 0, "")


def test_tf_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    empty = TFConfigClusterResolver()
    assert (empty.cluster_spec(), empty.task_type, empty.task_id) == (ClusterSpec({}), None, None)
    config = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": "1"}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    resolver = TFConfigClusterResolver()
    assert resolver.cluster_spec().as_dict() == config["cluster"]
    assert (resolver.task_type, resolver.task_id) == ("worker", 1)
    assert TFConfigClusterResolver("chief", 0).task_type == "chief"


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": 3}', '{"task": {"index": "first"}}'])
def test_a_tf_config_that_makes_no_sense(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ArgumentError, match=r"TF_CONFIG must be JSON|A cluster must be a dict"):
        TFConfigClusterResolver()
