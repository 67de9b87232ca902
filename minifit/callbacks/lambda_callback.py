"""`LambdaCallback`: a callback made of functions."""

from collections.abc import Callable
from typing import Any

from minifit.callbacks.base import HOOKS, Callback, check_hook
from minifit.errors import ArgumentTypeError


class LambdaCallback(Callback):
    """A callback made of plain functions, for code that is too short to need a class.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Called with ``(epoch, logs)``.
    on_batch_begin, on_batch_end : callable, optional
        Called with ``(batch, logs)``.
    on_train_begin, on_train_end : callable, optional
        Called with ``(logs,)``.
    **kwargs
        Functions for the other hooks of `Callback`, by name; other names become attributes, as in Keras.

    Raises
    ------
    ArgumentTypeError
        If the value for a hook cannot be called.

    Examples
    --------
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> callback.on_epoch_end(0, {"loss": 0.5})
    0 0.5

    References
    ----------
    ``tf.keras.callbacks.LambdaCallback`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Any], Any] | None = None,
        on_epoch_end: Callable[[int, Any], Any] | None = None,
        on_batch_begin: Callable[[int, Any], Any] | None = None,
        on_batch_end: Callable[[int, Any], Any] | None = None,
        on_train_begin: Callable[[Any], Any] | None = None,
        on_train_end: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            **kwargs,
        }
        for name, function in arguments.items():
            setattr(self, name, function)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set the function of a hook, or remove it with None; the change applies from the next epoch on."""
        if name in HOOKS and value is None:
            vars(self).pop(name, None)
            return
        if name in HOOKS:
            if not callable(value):
                raise ArgumentTypeError(
                    f"{name} must be a function. Received: {value!r}. Pass for example a lambda."
                )
            check_hook(f"{name} of a LambdaCallback", name, value)
        super().__setattr__(name, value)
