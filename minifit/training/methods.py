"""`Methods`: whether those that a step was written down by are still the ones that its parts have."""

from collections.abc import Iterable, Iterator
from typing import Any

OF_LAYERS = ("call",)
OF_OTHERS = ("call", "__call__", "update_state", "result", "_update")
"""The methods of losses, metrics, optimizers, penalties and constraints that a step consists of."""


class Methods:
    """Notices when a method is replaced, on an object or on its class.

    That an object has a method of its own shows in the number of its attributes. Layers say themselves when something
    is set on them.

    Parameters
    ----------
    parts : iterable
        Losses, metrics, the optimizer, penalties and constraints.
    layers : iterable of Layer
    """

    def __init__(self, parts: Iterable[Any] = (), layers: Iterable[Any] = ()) -> None:
        parts = [
            part for part in parts if type(part).__module__.startswith("minifit.")
        ]  # programs have no others
        self._attributes = [vars(part) for part in parts]
        self._count = list(map(len, self._attributes))
        found = [*_found(layers, OF_LAYERS), *_found(parts, OF_OTHERS)]
        self._kinds, self._names = [kind for kind, _ in found], [name for _, name in found]
        self._functions = list(map(getattr, self._kinds, self._names))

    def replaced_on_objects(self) -> bool:
        """Return whether an object has another number of attributes; quick, asked ahead of every batch."""
        return list(map(len, self._attributes)) != self._count

    def replaced(self) -> bool:
        """Return whether an object or a class has another method; asked ahead of every call and epoch."""
        return self.replaced_on_objects() or list(map(getattr, self._kinds, self._names)) != self._functions


def _found(parts: Iterable[Any], names: Iterable[str]) -> Iterator[tuple[type, str]]:
    """Yield the classes of objects with those of the names that they have, and their bases with what they define."""
    kinds = dict.fromkeys(map(type, parts))
    bases = dict.fromkeys(base for kind in kinds for base in kind.__mro__[1:-1] if base not in kinds)
    for name in names:
        yield from ((kind, name) for kind in kinds if hasattr(kind, name))
        yield from ((base, name) for base in bases if name in vars(base))
