"""`Methods`: a check that no method of a step's parts was replaced since its programs were written."""

from collections.abc import Iterable, Iterator
from typing import Any

OF_LAYERS = ("call",)
OF_OTHERS = ("call", "__call__", "update_state", "result", "_update")
"""The methods of losses, metrics, optimizers, penalties and constraints that a step calls."""


class Methods:
    """The methods of some objects, which notices when one is replaced on an object or on its class.

    A method set on an object changes the number of its attributes. Layers report by themselves what is set on them.

    Parameters
    ----------
    parts : iterable
        Losses, metrics, the optimizer, penalties and constraints.
    layers : iterable of Layer
    """

    def __init__(self, parts: Iterable[Any] = (), layers: Iterable[Any] = ()) -> None:
        # programs contain no parts from elsewhere
        parts = [part for part in parts if type(part).__module__.startswith("minifit.")]
        self._attributes = [vars(part) for part in parts]
        self._count = list(map(len, self._attributes))
        defined = [*_defined(layers, OF_LAYERS), *_defined(parts, OF_OTHERS)]
        self._kinds, self._names = [kind for kind, _ in defined], [name for _, name in defined]
        self._functions = list(map(getattr, self._kinds, self._names))

    def replaced_on_objects(self) -> bool:
        """Return whether an object has another number of attributes; quick, called before every batch."""
        return list(map(len, self._attributes)) != self._count

    def replaced(self) -> bool:
        """Return whether an object or a class has another method; called before every call and epoch."""
        return self.replaced_on_objects() or list(map(getattr, self._kinds, self._names)) != self._functions


def _defined(parts: Iterable[Any], names: Iterable[str]) -> Iterator[tuple[type, str]]:
    """Yield each class of the objects with the methods that it has, and each base with those that it defines."""
    kinds = dict.fromkeys(map(type, parts))
    bases = dict.fromkeys(base for kind in kinds for base in kind.__mro__[1:-1] if base not in kinds)
    for name in names:
        yield from ((kind, name) for kind in kinds if hasattr(kind, name))
        yield from ((base, name) for base in bases if name in vars(base))
