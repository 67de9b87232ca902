"""The description of a cluster, and the place of this process in it."""

import json
import os
from collections.abc import Mapping
from typing import Any

from minifit.errors import ArgumentError, UnknownNameError, quoted

__all__ = ["ClusterResolver", "ClusterSpec", "SimpleClusterResolver", "TFConfigClusterResolver"]


class ClusterSpec:
    """The tasks of a cluster by their type.

    Parameters
    ----------
    cluster : ClusterSpec, or dict from str to list of str
        ``{"worker": ["host1:12345", "host2:12345"]}``.

    References
    ----------
    ``tf.train.ClusterSpec`` (TensorFlow 2.7).
    """

    def __init__(self, cluster: Any) -> None:
        tasks = cluster.as_dict() if isinstance(cluster, ClusterSpec) else cluster
        if not isinstance(tasks, Mapping):
            raise ArgumentError(
                "A cluster must be a dict from a type of task to a list of addresses. "
                f"Received: {quoted(cluster)}. Pass for example {{'worker': ['host1', 'host2']}}."
            )
        self._tasks = {str(kind): list(addresses) for kind, addresses in tasks.items()}

    def as_dict(self) -> dict[str, list[str]]:
        """Return the addresses by type of task."""
        return {kind: list(addresses) for kind, addresses in self._tasks.items()}

    @property
    def jobs(self) -> list[str]:
        """The types of tasks."""
        return sorted(self._tasks)

    def num_tasks(self, job_name: str) -> int:
        """Return the number of tasks of a type."""
        return len(self.job_tasks(job_name))

    def job_tasks(self, job_name: str) -> list[str]:
        """Return the addresses of the tasks of a type."""
        if job_name not in self._tasks:
            raise UnknownNameError.of("type of task", str(job_name), self._tasks)
        return list(self._tasks[job_name])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClusterSpec) and self._tasks == other._tasks

    def __hash__(self) -> int:
        return hash(str(self._tasks))

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __repr__(self) -> str:
        return f"ClusterSpec({self._tasks!r})"


class SimpleClusterResolver:
    """A cluster, and the task of this process in it.

    Parameters
    ----------
    cluster_spec : ClusterSpec or dict
    master : str, default ""
    task_type : str, optional
    task_id : int, optional

    Attributes
    ----------
    task_type : str or None
        "worker", or "chief" if the cluster names one.
    task_id : int or None
        The number of this process among the tasks of its type, from 0.

    References
    ----------
    ``tf.distribute.cluster_resolver.SimpleClusterResolver`` (TensorFlow 2.7).
    """

    def __init__(
        self, cluster_spec: Any, master: str = "", task_type: str | None = None, task_id: int | None = None
    ) -> None:
        self._cluster = ClusterSpec(cluster_spec)
        self._master, self.task_type, self.task_id = master, task_type, task_id

    def cluster_spec(self) -> ClusterSpec:
        """Return the cluster."""
        return self._cluster

    def master(self, task_type: Any = None, task_id: Any = None, rpc_layer: Any = None) -> str:
        """Return the argument `master`; minifit has no session, and does not use it."""
        return self._master


ClusterResolver = SimpleClusterResolver
"""The base class of resolvers."""


class TFConfigClusterResolver(SimpleClusterResolver):
    """The cluster that the environment variable TF_CONFIG describes as JSON; an empty one if it is not set.

    Raises
    ------
    ArgumentError
        When TF_CONFIG is not such JSON.

    References
    ----------
    ``tf.distribute.cluster_resolver.TFConfigClusterResolver`` (TensorFlow 2.7).
    """

    def __init__(self, task_type: str | None = None, task_id: int | None = None) -> None:
        text = os.environ.get("TF_CONFIG", "") or "{}"
        try:
            config = json.loads(text)
            cluster, task = config.get("cluster", {}), config.get("task", {})
            kind, number = task.get("type"), task.get("index")
            number = None if number is None else int(number)
        except (AttributeError, TypeError, ValueError) as error:
            raise ArgumentError(
                f"TF_CONFIG must be JSON with 'cluster' and 'task'. Received: {quoted(text)}. Set it as in "
                '{"cluster": {"worker": ["host1:1", "host2:1"]}, "task": {"type": "worker", "index": 0}}, '
                "or leave it out: MPI knows the workers."
            ) from error
        super().__init__(
            cluster, "", kind if task_type is None else task_type, number if task_id is None else task_id
        )
