"""Placeholders for classes of TensorFlow that minifit does not have, for packages that only name them.

On import, large packages derive classes from these or name them in annotations. With the placeholders their other
parts can be used. A placeholder has no instances: `isinstance` is False for every object, and calling the class or one
derived from it raises an error.
"""

from typing import Any

from minifit.errors import MissingNameError
from minifit.layers import Layer


class Absent(type):
    """The metaclass of classes without instances."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Raise an error instead of creating an object.

        Raises
        ------
        MissingNameError
            Always.
        """
        raise MissingNameError(cls._text(f"{cls.__name__}(...)"))

    def __getattr__(cls, name: str) -> Any:
        """Raise an error for a method of the class, such as ``tf.random.Generator.from_seed``."""
        # Python itself looks up special names
        if name.startswith("_"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        raise MissingNameError(cls._text(f"{cls.__name__}.{name}"))

    def _text(cls, received: str) -> str:
        name = next(c.__name__ for c in cls.__mro__ if c.__module__ == __name__)
        return (
            f"The stand-in has only the name {name}: for isinstance, annotations and derived classes. "
            f"Received: {received}. Leave it out, or run this program on TensorFlow."
        )


class AbstractRNNCell(Layer, metaclass=Absent):
    """The cell of a recurrent layer."""


class InputSpec(metaclass=Absent):
    """The shape and dtype that a layer requires of its inputs."""


class KeyValueTensorInitializer(metaclass=Absent):
    """The content of a lookup table."""


class LSTMCell(Layer, metaclass=Absent):
    """The cell of a long short-term memory."""


class RNN(Layer, metaclass=Absent):
    """A recurrent layer."""


class RandomGenerator(metaclass=Absent):
    """TensorFlow's ``tf.random.Generator``."""


class SimpleRNNCell(Layer, metaclass=Absent):
    """The cell of a fully connected recurrent layer."""


class SparseTensor(metaclass=Absent):
    """A tensor of mostly zeros."""


class Wrapper(Layer, metaclass=Absent):
    """A layer that wraps another one."""
