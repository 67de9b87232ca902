"""`Module`: an object that has variables, for programs that need no layers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minifit import nest
from minifit.parameters import Parameter


class Module:
    """A thing with variables: its attributes, and those of modules and layers in its attributes.

    Parameters
    ----------
    name : str, optional
        The name of the class in small letters when None.

    Examples
    --------
    >>> from minifit.parameters import Variable
    >>> class Line(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope, self.start = Variable(1.0), Variable(0.0, trainable=False)
    >>> [v.numpy().item() for v in Line().trainable_variables]
    [1.0]

    References
    ----------
    ``tf.Module`` (TensorFlow 2.7).
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or "".join(
            f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(type(self).__name__)
        )

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def name_scope(self) -> AbstractContextManager[None]:
        """A block in which TensorFlow would put its name before those of ops, which have none here."""
        return nullcontext()

    @staticmethod
    def with_name_scope(method: Any) -> Any:
        """Return the method: ops have no names."""
        return method

    @property
    def variables(self) -> tuple[Parameter, ...]:
        """All variables, each once, by the names of the attributes."""
        return tuple(dict.fromkeys(self._variables()))

    @property
    def trainable_variables(self) -> tuple[Parameter, ...]:
        """The variables that are learned."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Parameter, ...]:
        """The variables that are not learned."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules and layers in its attributes, and those in theirs."""
        found: dict[Any, None] = {}
        for value in self._held():
            if not isinstance(value, Parameter) and hasattr(value, "trainable_variables"):
                found.update(dict.fromkeys([value, *getattr(value, "submodules", ())]))
        return tuple(found)

    def _held(self) -> Iterator[Any]:
        for _, value in sorted(vars(self).items()):
            yield from nest.flatten(value)

    def _variables(self) -> Iterator[Parameter]:
        for value in self._held():
            if isinstance(value, Parameter):
                yield value
            elif not isinstance(value, type) and hasattr(value, "trainable_variables"):
                yield from value.variables
