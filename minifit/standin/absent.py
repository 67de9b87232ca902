"""Classes of TensorFlow that minifit does not have, for packages that only name them.

Large packages derive classes from these or name them in annotations, all of which happens on import. A package can
then be used for its other parts. No object of such a class exists: `isinstance` is False for everything, and the call
of the class or of one derived from it is refused.
"""

from typing import Any

from minifit.errors import MissingNameError
from minifit.layers import Layer


class Absent(type):
    """The kind of a class that has no objects here."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Refuse to make an object.

        Raises
        ------
        MissingNameError
            Always.
        """
        raise MissingNameError(cls._text(f"{cls.__name__}(...)"))

    def __getattr__(cls, name: str) -> Any:
        """Refuse a method of the class, as ``tf.random.Generator.from_seed``."""
        if name.startswith("_"):  # Python's own questions
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        raise MissingNameError(cls._text(f"{cls.__name__}.{name}"))

    def _text(cls, received: str) -> str:
        own = next(c.__name__ for c in cls.__mro__ if c.__module__ == __name__)
        return (
            f"The stand-in has {own} as a name alone: for isinstance, annotations and classes that are derived from "
            f"it. Received: {received}. Leave it out, or run this program on TensorFlow."
        )


class AbstractRNNCell(Layer, metaclass=Absent):
    """The cell of a recurrent layer."""


class InputSpec(metaclass=Absent):
    """The shape and dtype that a layer asks of its inputs."""


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
    """A tensor that is mostly zeros."""


class Wrapper(Layer, metaclass=Absent):
    """A layer around another one."""
