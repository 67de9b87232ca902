"""`MultiWorkerMirroredStrategy`: training with all processes of an MPI job."""

import socket
from typing import Any

from minifit.distribute.cluster_resolver import ClusterSpec, SimpleClusterResolver, TFConfigClusterResolver
from minifit.distribute.mpi import all_processes
from minifit.distribute.options import CommunicationOptions
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.workers import Workers


class MultiWorkerMirroredStrategy(Strategy):
    """Synchronous training with several processes connected by MPI, on one machine or many.

    Each process holds the whole model and computes its share of every batch; gradients and metrics are added up. Start
    the processes with ``mpiexec -n 4 python train.py``; without mpiexec there is one worker.

    Parameters
    ----------
    cluster_resolver : ClusterResolver, optional
        The description of the workers. MPI knows the workers, so it must agree on their number. None means the
        description in TF_CONFIG, if it is set.
    communication_options : CommunicationOptions, optional

    Attributes
    ----------
    cluster_resolver : ClusterResolver
        ``task_type`` is "worker" and ``task_id`` the rank in the job. Worker 0 is the chief, and only the chief writes
        files in callbacks. If the cluster names a chief, it is worker 0, and the others are counted from 0.

    Raises
    ------
    MissingPackageError
        Without mpi4py.
    ArgumentError
        When the cluster and the job differ in the number of workers.

    References
    ----------
    ``tf.distribute.MultiWorkerMirroredStrategy`` (TensorFlow 2.7).
    """

    def __init__(self, cluster_resolver: Any = None, communication_options: Any = None) -> None:
        if not isinstance(communication_options, CommunicationOptions | None):
            raise ArgumentTypeError(
                f"communication_options must be CommunicationOptions. Received: {quoted(communication_options)}. "
                "Leave it out."
            )
        super().__init__(all_processes())
        self.cluster_resolver = _resolver(cluster_resolver, self.workers)


class MultiWorkerMirroredStrategyExperimental(MultiWorkerMirroredStrategy):
    """`MultiWorkerMirroredStrategy` under its older name, with the older argument.

    Parameters
    ----------
    communication : CommunicationImplementation, optional
        AUTO: MPI chooses.
    cluster_resolver : ClusterResolver, optional
    """

    def __init__(self, communication: Any = None, cluster_resolver: Any = None) -> None:
        options = None if communication is None else CommunicationOptions(implementation=communication)
        super().__init__(cluster_resolver, options)


def _resolver(argument: Any, workers: Workers) -> SimpleClusterResolver:
    """Return the cluster of the job, as described by the user or else by MPI."""
    resolver = TFConfigClusterResolver() if argument is None else argument
    if not isinstance(resolver, SimpleClusterResolver):
        raise ArgumentTypeError(
            f"cluster_resolver must be a ClusterResolver. Received: {quoted(argument)}. "
            "Leave it out: MPI knows the workers."
        )
    cluster = resolver.cluster_spec().as_dict()
    named = [(kind, number) for kind in ("chief", "worker") for number in range(len(cluster.get(kind, ())))]
    other = sorted(cluster.keys() - {"chief", "worker", "evaluator"})
    if other:
        raise ArgumentError(
            f"A cluster of this strategy has only workers, one of which may be a chief. Received: {other}. "
            "Remove these tasks from the description."
        )
    if named and len(named) != workers.size:
        raise ArgumentError(
            f"The cluster must have as many workers as the job. Received: {len(named)} in "
            f"{'TF_CONFIG' if argument is None else 'cluster_resolver'}, and {workers.size} "
            f"{'process' if workers.size == 1 else 'processes'} of MPI. "
            f"Start the program once, with: mpiexec -n {len(named)} python train.py; or leave the description out."
        )
    if not named:
        with workers.together("MultiWorkerMirroredStrategy"):
            hosts = [host.decode() for host in workers.from_all(socket.gethostname().encode())]
        return SimpleClusterResolver({"worker": hosts}, "", "worker", workers.rank)
    kind, number = named[workers.rank]
    return SimpleClusterResolver(ClusterSpec(cluster), "", kind, number)
