"""`MultiWorkerMirroredStrategy`: the training by all processes of an MPI job."""

import socket
from typing import Any

from minifit.distribute.cluster_resolver import ClusterSpec, SimpleClusterResolver, TFConfigClusterResolver
from minifit.distribute.mpi import all_processes
from minifit.distribute.options import CommunicationOptions
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.workers import Workers


class MultiWorkerMirroredStrategy(Strategy):
    """Synchronous training by several processes, on one machine or many, that MPI connects.

    Each holds the whole model and takes its share of every batch; gradients and metrics are added up. Start it with
    ``mpiexec -n 4 python train.py``; without mpiexec there is one worker.

    Parameters
    ----------
    cluster_resolver : ClusterResolver, optional
        Says which workers there are. MPI knows them; another number of them is an error. When None, TF_CONFIG is looked
        at in the same way, where it is set.
    communication_options : CommunicationOptions, optional

    Attributes
    ----------
    cluster_resolver : ClusterResolver
        ``task_type`` is "worker" and ``task_id`` the rank in the job; worker 0 is the chief, which alone writes files
        in callbacks. Where the cluster names a chief, that is worker 0, and the others are counted from 0.

    Raises
    ------
    MissingPackageError
        Without mpi4py.
    ArgumentError
        When the cluster has another number of workers than the job.

    References
    ----------
    ``tf.distribute.MultiWorkerMirroredStrategy`` (TensorFlow 2.7).
    """

    def __init__(self, cluster_resolver: Any = None, communication_options: Any = None) -> None:
        if not isinstance(communication_options, CommunicationOptions | None):
            raise ArgumentTypeError(
                f"communication_options is a CommunicationOptions. Received: {quoted(communication_options)}. "
                "Leave it out."
            )
        super().__init__(all_processes())
        self.cluster_resolver = _resolver(cluster_resolver, self.workers)


class MultiWorkerMirroredStrategyExperimental(MultiWorkerMirroredStrategy):
    """The same under its older name, with the older argument.

    Parameters
    ----------
    communication : CommunicationImplementation, optional
        AUTO: MPI chooses.
    cluster_resolver : ClusterResolver, optional
    """

    def __init__(self, communication: Any = None, cluster_resolver: Any = None) -> None:
        chosen = None if communication is None else CommunicationOptions(implementation=communication)
        super().__init__(cluster_resolver, chosen)


def _resolver(given: Any, workers: Workers) -> SimpleClusterResolver:
    """Return the cluster of the job, as it was described or as MPI has it."""
    resolver = TFConfigClusterResolver() if given is None else given
    if not isinstance(resolver, SimpleClusterResolver):
        raise ArgumentTypeError(
            f"cluster_resolver is a ClusterResolver. Received: {quoted(given)}. Leave it out: MPI knows the workers."
        )
    cluster = resolver.cluster_spec().as_dict()
    named = [(kind, number) for kind in ("chief", "worker") for number in range(len(cluster.get(kind, ())))]
    other = sorted(cluster.keys() - {"chief", "worker", "evaluator"})
    if other:
        raise ArgumentError(
            f"A cluster of this strategy has workers, one of which may be called chief. Received: {other}. "
            "Describe it without."
        )
    if named and len(named) != workers.size:
        raise ArgumentError(
            f"The cluster must have as many workers as the job. Received: {len(named)} in "
            f"{'TF_CONFIG' if given is None else 'cluster_resolver'}, and {workers.size} "
            f"{'process' if workers.size == 1 else 'processes'} of MPI. "
            f"Start the program once, with: mpiexec -n {len(named)} python train.py; or leave the description out."
        )
    if not named:
        with workers.together("MultiWorkerMirroredStrategy"):
            hosts = [host.decode() for host in workers.from_all(socket.gethostname().encode())]
        return SimpleClusterResolver({"worker": hosts}, "", "worker", workers.rank)
    kind, number = named[workers.rank]
    return SimpleClusterResolver(ClusterSpec(cluster), "", kind, number)
