"""`CheckpointOptions` and `SaveOptions`: TensorFlow's options for reading and writing files.

They may name a device, which has no effect since there is only one. All other options concern graphs and are refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minifit.errors import ArgumentError, quoted


class CheckpointOptions:
    """Options for weights and checkpoints.

    Parameters
    ----------
    experimental_io_device : str, optional
        The device that reads and writes. Without effect: there is only one.

    References
    ----------
    ``tf.train.CheckpointOptions`` (TensorFlow 2.7).
    """

    def __init__(self, experimental_io_device: str | None = None) -> None:
        self.experimental_io_device = experimental_io_device


class SaveOptions:
    """Options for whole models.

    Parameters
    ----------
    namespace_whitelist, save_debug_info, function_aliases, experimental_variable_policy : optional
        Options for graphs. Only None, False or empty.
    experimental_io_device : str, optional
        The device that writes. Without effect: there is only one.
    experimental_custom_gradients : bool, default True
        Accepted without effect: files hold no gradients.

    Raises
    ------
    ArgumentError
        For options that concern graphs.

    References
    ----------
    ``tf.saved_model.SaveOptions`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        namespace_whitelist: Sequence[str] | None = None,
        save_debug_info: bool = False,
        function_aliases: Mapping[str, Any] | None = None,
        experimental_io_device: str | None = None,
        experimental_variable_policy: None = None,
        experimental_custom_gradients: bool = True,
    ) -> None:
        self.namespace_whitelist = namespace_whitelist
        self.save_debug_info = save_debug_info
        self.function_aliases = function_aliases
        self.experimental_variable_policy = experimental_variable_policy
        for name, value in vars(self).items():
            if value:
                raise ArgumentError(
                    f"A file holds layers and weights, but no graph of TensorFlow. Received: {name}={quoted(value)}. "
                    "Leave it out."
                )
        self.experimental_io_device = experimental_io_device
        self.experimental_custom_gradients = experimental_custom_gradients


DEVICE_OPTIONS = (CheckpointOptions, SaveOptions)
"""The classes of options that only name a device."""


def check_device_options(options: Any, method: str) -> None:
    """Raise unless the options for reading, or for a checkpoint, only name a device.

    Raises
    ------
    ArgumentError
    """
    if options is not None and not isinstance(options, DEVICE_OPTIONS):
        raise ArgumentError(
            f"Options of {method} name a device and nothing else: the file determines how it is read. "
            f"Received: options={quoted(options)}. Leave them out."
        )
