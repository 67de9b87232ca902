"""Strategies for training a model with one worker, or with several connected by MPI; the names are TensorFlow's."""

from minifit.distribute import cluster_resolver, experimental
from minifit.distribute.inputs import DistributedDataset, InputContext
from minifit.distribute.mirrored import MirroredStrategy, OneDeviceStrategy
from minifit.distribute.multi_worker import MultiWorkerMirroredStrategy
from minifit.distribute.options import (
    CrossDeviceOps,
    HierarchicalCopyAllReduce,
    NcclAllReduce,
    ReduceOp,
    ReductionToOneDevice,
)
from minifit.distribute.strategy import (
    ReplicaContext,
    Strategy,
    get_replica_context,
    get_strategy,
    has_strategy,
    in_cross_replica_context,
)

__all__ = [
    "CrossDeviceOps",
    "DistributedDataset",
    "HierarchicalCopyAllReduce",
    "InputContext",
    "MirroredStrategy",
    "MultiWorkerMirroredStrategy",
    "NcclAllReduce",
    "OneDeviceStrategy",
    "ReduceOp",
    "ReductionToOneDevice",
    "ReplicaContext",
    "Strategy",
    "cluster_resolver",
    "experimental",
    "get_replica_context",
    "get_strategy",
    "has_strategy",
    "in_cross_replica_context",
]
