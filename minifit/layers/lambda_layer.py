"""`Lambda`: a function as a layer."""

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

from minifit.checks import entries, sizes
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.graph import flat_shapes
from minifit.layers.base import Layer
from minifit.settings import Setting
from minifit.signatures import check_call, name_of
from minifit.tensor import Tensor


def _function(name: str, value: Any) -> Any:
    if not callable(value):
        raise ArgumentTypeError(
            f"Lambda needs a function of a tensor. Received: {value!r}. Pass, for example, lambda x: x * 2."
        )
    return value


def _keyword_arguments(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping | None):
        raise ArgumentTypeError(
            f"{name} is a dict of keyword arguments. Received: {name}={value!r}. Leave it out, or pass a dict."
        )
    return dict(value or {})


class Lambda(Layer):
    """A function of tensors, written in `minifit.ops`, as a layer.

    Parameters
    ----------
    function : callable
        ``function(inputs, **arguments)`` returns a tensor; it may also take ``training``.
    output_shape : tuple of int, or function of the input's shape, optional
        The output's shape without the batch dimension; a function returns it with that dimension. When None, a trial
        call determines it.
    mask : None
        Only None: masks are not propagated between layers.
    arguments : dict, optional
        Further keyword arguments of `function`.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentTypeError
        When `function` is not callable.

    Notes
    -----
    A function is never written to a file or read from one: `from_config` refuses a stored function. Write a layer that
    you want to save as a subclass of `Layer`.

    References
    ----------
    ``tf.keras.layers.Lambda`` (TensorFlow 2.7).
    """

    function = Setting(_function, then="_check")
    arguments = Setting(_keyword_arguments, then="_check")

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: None = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if mask is not None:
            raise ArgumentError(
                f"Masks are not propagated between layers. Received: mask={mask!r}. Leave it out."
            )
        if not callable(output_shape) and (listed := entries(output_shape)) is not None:
            output_shape = sizes("output_shape", listed)
        elif output_shape is not None and not callable(output_shape):
            raise ArgumentTypeError(
                "output_shape is a tuple of integers or a function of the input's shape. "
                f"Received: output_shape={output_shape!r}. Leave it out to have it determined."
            )
        self._output_shape = output_shape
        self._function_takes_training = False
        self.arguments, self.function = arguments, function

    def _check(self) -> None:
        """Check the function's arguments as soon as the function is set."""
        if (function := vars(self).get("function")) is not None:
            self._function_takes_training = "training" not in self.arguments and "training" in _parameters(
                function
            )
            check_call(f"The function of {self.name!r}", function, "inputs", **self._keywords(False))

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the result of the function."""
        result: Tensor = self.function(inputs, **self._keywords(training))
        return result

    def _keywords(self, training: bool) -> dict[str, Any]:
        extra = {"training": training} if self._function_takes_training else {}
        return {**self.arguments, **extra}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape declared as `output_shape`, or that of a trial call on zeros."""
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        return (flat_shapes(input_shape)[0][0], *self._output_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data, with functions replaced by their names."""
        shape = self._output_shape
        return {
            **super().get_config(),
            "function": name_of(self.function),
            "function_type": _kind(self.function),
            "module": getattr(self.function, "__module__", None),
            "output_shape": name_of(shape) if callable(shape) else shape,
            "output_shape_type": _kind(shape) if callable(shape) else "raw",
            "output_shape_module": getattr(shape, "__module__", None) if callable(shape) else None,
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return a layer from a configuration with the function itself; raise for a stored function."""
        known = {k: v for k, v in config.items() if k not in _ABOUT_FUNCTIONS}
        if not callable(known.get("function")) or isinstance(known.get("output_shape"), str):
            raise ArgumentError(
                f"Functions are never read from files. Received: a Lambda layer with the stored function of "
                f"{config.get('name')!r}. Write it as a subclass of Layer and pass that in custom_objects."
            )
        return cls(**known)


_ABOUT_FUNCTIONS = ("function_type", "module", "output_shape_type", "output_shape_module")


def _parameters(function: Any) -> Sequence[str]:
    try:
        return list(signature(function).parameters)
    except (TypeError, ValueError):
        # Some functions written in C have no signature.
        return []


def _kind(function: Any) -> str:
    return "lambda" if name_of(function) == "<lambda>" else "function"
