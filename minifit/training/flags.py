"""Which layers are trained is settled by `compile`: `trainable` counts as it was then, as in tf.keras.

So a discriminator that is compiled, and then frozen inside a model that generates, goes on learning by itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from minifit import console

_compiled: "WeakKeyDictionary[Any, bool]" = WeakKeyDictionary()
"""The flag of each layer as the latest `compile` of any model found it."""


class CompiledFlags:
    """The `trainable` flags of layers, as `compile` found them.

    Parameters
    ----------
    layers : iterable of Layer
        Each ahead of those in it.
    """

    def __init__(self, layers: Iterable[Any] = ()) -> None:
        self._flags = [(layer, layer.trainable) for layer in layers]
        self._warned = False
        _compiled.update(self._flags)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Have the layers trained as they were compiled while the block runs, and put back what was found."""
        found = [(layer, layer.trainable) for layer, _ in self._flags]
        if found == self._flags:
            yield
            return
        if any(_compiled.get(layer) is not flag for layer, flag in found):
            self.warn()  # else another model was compiled with these flags: they were set for that one
        try:
            _set(self._flags)
            yield
        finally:
            _set(found)

    def warn(self) -> None:
        """Say, once, that flags which were set since do not count."""
        if not self._warned:
            self._warned = True
            console.warn(
                "`trainable` counts as it was when the model was compiled. Received: another value that was set since. "
                "Call model.compile again for it to count."
            )


def _set(flags: Iterable[tuple[Any, bool]]) -> None:
    """Set flags, the outer layers' first, as setting one sets those of all layers inside."""
    for layer, flag in flags:
        layer.trainable = flag
