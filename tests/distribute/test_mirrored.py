import pytest

from minifit.distribute import MirroredStrategy, NcclAllReduce, OneDeviceStrategy
from minifit.errors import ArgumentError


def test_one_process_is_one_replica() -> None:
    for strategy in (
        MirroredStrategy(),
        MirroredStrategy(["/cpu:0"], NcclAllReduce()),
        MirroredStrategy("cpu:0"),
        OneDeviceStrategy("/cpu:0"),
    ):
        assert (strategy.num_replicas_in_sync, strategy.cluster_resolver) == (1, None)


def test_more_devices_are_more_processes() -> None:
    with pytest.raises(ArgumentError, match="mpiexec -n 2 python"):
        MirroredStrategy(["/cpu:0", "/cpu:1"])


def test_a_gpu_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Received: '/gpu:0'"):
        MirroredStrategy(["/gpu:0"])
    with pytest.raises(ArgumentError, match="Received: '/gpu:0'"):
        OneDeviceStrategy("/gpu:0")
