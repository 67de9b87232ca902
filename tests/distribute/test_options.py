from typing import Any

import pytest

from minifit.distribute.options import (
    CommunicationImplementation,
    CommunicationOptions,
    NcclAllReduce,
    ReduceOp,
    check_cross_device_ops,
    check_device,
)
from minifit.errors import ArgumentError, ArgumentTypeError


def test_operations_by_name() -> None:
    assert ReduceOp.from_name("sum") is ReduceOp.from_name(ReduceOp.SUM) is ReduceOp.SUM
    with pytest.raises(ArgumentError, match=r"SUM or MEAN\. Received: 'max'"):
        ReduceOp.from_name("max")


@pytest.mark.parametrize(
    "options",
    [
        {"implementation": CommunicationImplementation.NCCL},
        {"bytes_per_pack": 1024},
        {"timeout_seconds": 10.0},
    ],
)
def test_what_only_mpi_can_choose_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"Received: {next(iter(options))}="):
        CommunicationOptions(**options)


def test_what_mpi_does_anyway_is_taken() -> None:
    assert CommunicationOptions().implementation is CommunicationImplementation.AUTO


@pytest.mark.parametrize("device", ["/cpu:0", "CPU:0", "/device:CPU:0", "/job:localhost/device:cpu:0"])
def test_the_one_device(device: str) -> None:
    check_device(device)


@pytest.mark.parametrize("device", ["/gpu:0", "GPU:1", "/cpu:1", ""])
def test_other_devices_are_refused(device: str) -> None:
    with pytest.raises(ArgumentError, match="The only device is the CPU"):
        check_device(device)


def test_ways_to_add_up_over_one_device() -> None:
    check_cross_device_ops(None)
    check_cross_device_ops(NcclAllReduce(num_packs=2))
    with pytest.raises(ArgumentTypeError, match="cross_device_ops must be CrossDeviceOps"):
        check_cross_device_ops("nccl")
