"""Options that name a device are taken as they are, and what belongs to graphs is refused."""

from typing import Any

import pytest

from minifit.errors import ArgumentError
from minifit.saving.device_options import CheckpointOptions, SaveOptions, check_device_options


def test_a_device_is_kept() -> None:
    for options in (CheckpointOptions, SaveOptions):
        assert options().experimental_io_device is None
        assert options(experimental_io_device="/job:localhost").experimental_io_device == "/job:localhost"
    assert (SaveOptions().save_debug_info, SaveOptions().experimental_custom_gradients) == (False, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("namespace_whitelist", ["ops"]),
        ("save_debug_info", True),
        ("function_aliases", {"f": print}),
        ("experimental_variable_policy", "save_variable_devices"),
    ],
)
def test_what_belongs_to_graphs(name: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=f"no graph of TensorFlow. Received: {name}="):
        SaveOptions(**{name: value})


def test_where_nothing_else_can_be_said() -> None:
    for options in (None, CheckpointOptions(), SaveOptions()):
        check_device_options(options, "read")
    with pytest.raises(ArgumentError, match=r"Options of read .* options={}"):
        check_device_options({}, "read")
