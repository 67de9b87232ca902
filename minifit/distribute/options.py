"""The arguments of strategies, under TensorFlow's names. Choices that belong to MPI are refused."""

from enum import Enum
from typing import Any

from minifit.errors import ArgumentError, ArgumentTypeError, quoted


class ReduceOp(Enum):
    """The operation that combines the numbers of all replicas."""

    SUM = "SUM"
    MEAN = "MEAN"

    @classmethod
    def from_name(cls, value: Any) -> "ReduceOp":
        """Return the member with a name, in upper or lower case.

        Raises
        ------
        ArgumentError
            For another name.
        """
        name = value.value if isinstance(value, cls) else str(value).upper()
        if name not in cls.__members__:
            raise ArgumentError(
                f"reduce_op must be SUM or MEAN. Received: {quoted(value)}. Pass ReduceOp.SUM."
            )
        return cls[name]


class CommunicationImplementation(Enum):
    """TensorFlow's implementations of a reduction between machines; here MPI chooses one."""

    AUTO = "AUTO"
    RING = "RING"
    NCCL = "NCCL"


CollectiveCommunication = CommunicationImplementation
"""The name in TensorFlow 2.3."""


class CommunicationOptions:
    """Options of `MultiWorkerMirroredStrategy`.

    Parameters
    ----------
    bytes_per_pack : int, default 0
        Only 0, since all gradients of a model are one message.
    timeout_seconds : float, optional
        Only None, since a worker that dies ends the job at once.
    implementation : CommunicationImplementation, default AUTO
        Only AUTO: MPI chooses.

    Raises
    ------
    ArgumentError
        For other values.

    References
    ----------
    ``tf.distribute.experimental.CommunicationOptions`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        bytes_per_pack: int = 0,
        timeout_seconds: float | None = None,
        implementation: Any = CommunicationImplementation.AUTO,
    ) -> None:
        if implementation != CommunicationImplementation.AUTO:
            raise ArgumentError(
                f"MPI chooses how workers add up. Received: implementation={implementation}. Leave it out, and "
                "configure your MPI, for example with MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM of MPICH."
            )
        if bytes_per_pack:
            raise ArgumentError(
                "The gradients of a model are one message. "
                f"Received: bytes_per_pack={quoted(bytes_per_pack)}. Leave it out."
            )
        if timeout_seconds is not None:
            raise ArgumentError(
                "A worker that dies ends the whole job, so no worker waits for it. "
                f"Received: timeout_seconds={quoted(timeout_seconds)}. Leave it out."
            )
        self.bytes_per_pack, self.timeout_seconds, self.implementation = 0, None, implementation


class AutoShardPolicy(Enum):
    """TensorFlow's policies for sharing a data set among workers. AUTO and DATA share the rows of each batch."""

    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3
    OFF = -1


class CrossDeviceOps:
    """A reduction over the devices of one process. There is only one device, so it has nothing to do."""

    def __init__(self, num_packs: int = 1) -> None:
        self.num_packs = num_packs


class NcclAllReduce(CrossDeviceOps):
    """TensorFlow's reduction for NVIDIA GPUs."""


class HierarchicalCopyAllReduce(CrossDeviceOps):
    """TensorFlow's reduction for GPUs on several buses."""


class ReductionToOneDevice(CrossDeviceOps):
    """TensorFlow's reduction on a single device."""

    def __init__(self, reduce_to_device: Any = None, accumulation_fn: Any = None) -> None:
        super().__init__()
        self.reduce_to_device, self.accumulation_fn = reduce_to_device, accumulation_fn


def check_device(device: Any) -> None:
    """Refuse any device other than the first CPU."""
    name = str(device).lower()
    if name.rpartition("/")[2].removeprefix("device:") not in ("cpu", "cpu:0"):
        raise ArgumentError(
            f"The only device is the CPU. Received: {quoted(device)}. Pass '/cpu:0', or leave it out."
        )


def check_cross_device_ops(value: Any) -> None:
    """Refuse a value that is not a `CrossDeviceOps`."""
    if value is not None and not isinstance(value, CrossDeviceOps):
        raise ArgumentTypeError(
            f"cross_device_ops must be CrossDeviceOps. Received: {quoted(value)}. Leave it out: there is one device."
        )
