"""The arguments of strategies, under TensorFlow's names. What only MPI can choose is refused."""

from enum import Enum
from typing import Any

from minifit.errors import ArgumentError, ArgumentTypeError, quoted


class ReduceOp(Enum):
    """The two ways to make one number of those of all replicas."""

    SUM = "SUM"
    MEAN = "MEAN"

    @classmethod
    def from_name(cls, value: Any) -> "ReduceOp":
        """Return the member that is meant, by its name in any case.

        Raises
        ------
        ArgumentError
            For another name.
        """
        name = value.value if isinstance(value, cls) else str(value).upper()
        if name not in cls.__members__:
            raise ArgumentError(f"reduce_op is SUM or MEAN. Received: {quoted(value)}. Pass ReduceOp.SUM.")
        return cls[name]


class CommunicationImplementation(Enum):
    """TensorFlow's ways to add up between machines; here it is MPI that chooses one."""

    AUTO = "AUTO"
    RING = "RING"
    NCCL = "NCCL"


CollectiveCommunication = CommunicationImplementation
"""The name of TensorFlow 2.3."""


class CommunicationOptions:
    """Options of `MultiWorkerMirroredStrategy`.

    Parameters
    ----------
    bytes_per_pack : int, default 0
        0: all gradients of a model are one message.
    timeout_seconds : float, optional
        None: a worker that dies ends the job at once, so that none waits for it.
    implementation : CommunicationImplementation, default AUTO
        MPI chooses.

    Raises
    ------
    ArgumentError
        For anything else.

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
                f"MPI chooses how workers add up. Received: implementation={implementation}. Leave it out, and set "
                "what your MPI reads, such as MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM of MPICH."
            )
        if bytes_per_pack:
            raise ArgumentError(
                "The gradients of a model are one message. "
                f"Received: bytes_per_pack={quoted(bytes_per_pack)}. Leave it out."
            )
        if timeout_seconds is not None:
            raise ArgumentError(
                "A worker that dies ends the whole job, so that none waits for it. "
                f"Received: timeout_seconds={quoted(timeout_seconds)}. Leave it out."
            )
        self.bytes_per_pack, self.timeout_seconds, self.implementation = 0, None, implementation


class AutoShardPolicy(Enum):
    """TensorFlow's ways to share a data set among workers. AUTO and DATA share the rows of each batch."""

    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3
    OFF = -1


class CrossDeviceOps:
    """A way to add up over the devices of one process. There is one device, so all of them do the same: nothing."""

    def __init__(self, num_packs: int = 1) -> None:
        self.num_packs = num_packs


class NcclAllReduce(CrossDeviceOps):
    """TensorFlow's way for GPUs of NVIDIA."""


class HierarchicalCopyAllReduce(CrossDeviceOps):
    """TensorFlow's way for GPUs on several buses."""


class ReductionToOneDevice(CrossDeviceOps):
    """TensorFlow's way by one device that adds up for all."""

    def __init__(self, reduce_to_device: Any = None, accumulation_fn: Any = None) -> None:
        super().__init__()
        self.reduce_to_device, self.accumulation_fn = reduce_to_device, accumulation_fn


def check_device(device: Any) -> None:
    """Raise for a device that is not there: a GPU, or another CPU than the first."""
    name = str(device).lower()
    if name.rpartition("/")[2].removeprefix("device:") not in ("cpu", "cpu:0"):
        raise ArgumentError(
            f"There is one device, the CPU. Received: {quoted(device)}. Pass '/cpu:0', or leave it out."
        )


def check_cross_device_ops(value: Any) -> None:
    """Raise for what is no way to add up over devices."""
    if value is not None and not isinstance(value, CrossDeviceOps):
        raise ArgumentTypeError(
            f"cross_device_ops is a CrossDeviceOps. Received: {quoted(value)}. Leave it out: there is one device."
        )
