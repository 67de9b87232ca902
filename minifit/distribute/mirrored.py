"""The strategies for one process, which is one replica on the CPU."""

from typing import Any

from minifit.distribute.options import check_cross_device_ops, check_device
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, quoted


class MirroredStrategy(Strategy):
    """Training on the devices of one machine. Here there is one device: a process is one replica.

    Parameters
    ----------
    devices : list of str, optional
        ``["/cpu:0"]``, or None.
    cross_device_ops : CrossDeviceOps, optional
        Accepted as in TensorFlow: there is only one device.

    Raises
    ------
    ArgumentError
        For other devices.

    References
    ----------
    ``tf.distribute.MirroredStrategy`` (TensorFlow 2.7).
    """

    def __init__(self, devices: Any = None, cross_device_ops: Any = None) -> None:
        super().__init__()
        named = [] if devices is None else [devices] if isinstance(devices, str) else list(devices)
        if len(named) > 1:
            raise ArgumentError(
                f"A process has only one replica. Received: devices={quoted(devices)}. Use "
                f"MultiWorkerMirroredStrategy, and start as many processes: mpiexec -n {len(named)} python train.py."
            )
        for device in named:
            check_device(device)
        check_cross_device_ops(cross_device_ops)


class OneDeviceStrategy(Strategy):
    """Training on one device.

    Parameters
    ----------
    device : str
        ``"/cpu:0"``, the only device.

    References
    ----------
    ``tf.distribute.OneDeviceStrategy`` (TensorFlow 2.7).
    """

    def __init__(self, device: str) -> None:
        super().__init__()
        check_device(device)
