"""Which layers are trained is settled by `compile`: `trainable` counts as it was then, as in tf.keras.

So a discriminator that is compiled, and then frozen inside a model that generates, goes on learning by itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

from minifit import console, settings

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

    def holding(self) -> AbstractContextManager[None]:
        """Have the layers trained as they were compiled while the block runs, and put back what was found."""
        found = [layer.trainable for layer, _ in self._flags]
        if found == [flag for _, flag in self._flags]:
            return _AS_COMPILED
        return self._exchanging([(layer, flag) for (layer, _), flag in zip(self._flags, found, strict=True)])

    @contextmanager
    def _exchanging(self, found: list[tuple[Any, bool]]) -> Iterator[None]:
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


_AS_COMPILED = nullcontext()


class Outlook:
    """Notices when something was set that plans of a model may go by.

    A training of two models that are in one another sets flags and puts them back at every batch: such changes count
    only if a flag of this model is another one when it is looked at.

    Parameters
    ----------
    model : Layer
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._count = self._others = -1
        self._owners: list[Any] = []
        self._flags: list[bool] = []

    def moved(self) -> bool:
        """Return whether there was such a change since this was last asked; True for the first time."""
        if self._count == settings.count:
            return False
        self._count, others = settings.count, settings.count - settings.flags
        if others == self._others and self._flags == [owner._trainable for owner in self._owners]:
            return False
        layers = self._model.layers_within()
        self._others, self._owners = others, [*layers, *(w for layer in layers for w in layer.own_weights())]
        self._flags = [owner._trainable for owner in self._owners]
        return True


def _set(flags: Iterable[tuple[Any, bool]]) -> None:
    """Set flags, the outer layers' first, as setting one sets those of all layers inside."""
    for layer, flag in flags:
        layer.trainable = flag
