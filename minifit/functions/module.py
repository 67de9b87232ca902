"""`Module`: an object with variables, for programs that do not use layers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minifit import nest
from minifit.parameters import Parameter


class Module:
    """An object with variables: those in its attributes, and those of modules and layers in its attributes.

    Parameters
    ----------
    name : str, optional
        The class name in snake_case when None.

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
        """The name of the module."""
        return self._name

    @property
    def name_scope(self) -> AbstractContextManager[None]:
        """A context without effect; in TensorFlow it prefixes the names of ops, which have no names here."""
        return nullcontext()

    @staticmethod
    def with_name_scope(method: Any) -> Any:
        """Return the method unchanged: ops have no names."""
        return method

    @property
    def variables(self) -> tuple[Parameter, ...]:
        """All variables, each once, sorted by the names of the attributes."""
        return tuple(dict.fromkeys(self._variables()))

    @property
    def trainable_variables(self) -> tuple[Parameter, ...]:
        """The variables that training updates."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Parameter, ...]:
        """The variables that training leaves unchanged."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules and layers in its attributes, and in theirs."""
        modules: dict[Any, None] = {}
        for value in self._attribute_values():
            if not isinstance(value, Parameter) and hasattr(value, "trainable_variables"):
                modules.update(dict.fromkeys([value, *getattr(value, "submodules", ())]))
        return tuple(modules)

    def _attribute_values(self) -> Iterator[Any]:
        for _, value in sorted(vars(self).items()):
            yield from nest.flatten(value)

    def _variables(self) -> Iterator[Parameter]:
        for value in self._attribute_values():
            if isinstance(value, Parameter):
                yield value
            elif not isinstance(value, type) and hasattr(value, "trainable_variables"):
                yield from value.variables
