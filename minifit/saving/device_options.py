"""`CheckpointOptions` and `SaveOptions`: what programs for TensorFlow say about the reading and writing of files.

They may name a device for it, and there is one here. All else that can be said is about graphs, and is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minifit.errors import ArgumentError, quoted


class CheckpointOptions:
    """Options for weights and checkpoints.

    Parameters
    ----------
    experimental_io_device : str, optional
        The device that reads and writes. There is one, whatever its name.

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
        Of graphs: None, False or empty.
    experimental_io_device : str, optional
        The device that writes. There is one, whatever its name.
    experimental_custom_gradients : bool, default True
        Accepted: there are no gradients in a file.

    Raises
    ------
    ArgumentError
        For what belongs to graphs.

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
                    f"A file holds layers and weights, and no graph. Received: {name}={quoted(value)}. Leave it out."
                )
        self.experimental_io_device = experimental_io_device
        self.experimental_custom_gradients = experimental_custom_gradients


DEVICE_OPTIONS = (CheckpointOptions, SaveOptions)
"""The classes that say no more than a device."""


def check_device_options(options: Any, method: str) -> None:
    """Raise unless options for reading, or for a checkpoint, say no more than a device.

    Raises
    ------
    ArgumentError
    """
    if options is not None and not isinstance(options, DEVICE_OPTIONS):
        raise ArgumentError(
            f"Options of {method} name a device and nothing else: a file says itself how it is stored. "
            f"Received: options={quoted(options)}. Leave them out."
        )
