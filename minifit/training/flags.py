"""The `trainable` flags of layers as `compile` found them, which decide what is trained, as in tf.keras.

So a discriminator that is compiled first, and then frozen inside a GAN, still learns when it is trained by itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

from minifit import console, settings

_compiled: "WeakKeyDictionary[Any, bool]" = WeakKeyDictionary()
"""The flag of each layer at the latest `compile` of any model."""


class CompiledFlags:
    """The `trainable` flags of layers, as `compile` found them.

    Parameters
    ----------
    layers : iterable of Layer
        The layers, each before those inside it.
    """

    def __init__(self, layers: Iterable[Any] = ()) -> None:
        self._flags = [(layer, layer.trainable) for layer in layers]
        self._warned = False
        _compiled.update(self._flags)

    def holding(self) -> AbstractContextManager[None]:
        """Set the compiled flags while the block runs, and restore the present ones afterwards."""
        present = [layer.trainable for layer, _ in self._flags]
        if present == [flag for _, flag in self._flags]:
            return _AS_COMPILED
        return self._exchanging(
            [(layer, flag) for (layer, _), flag in zip(self._flags, present, strict=True)]
        )

    @contextmanager
    def _exchanging(self, present: list[tuple[Any, bool]]) -> Iterator[None]:
        # no warning when another model was compiled with these flags: they were set for that model
        if any(_compiled.get(layer) is not flag for layer, flag in present):
            self.warn()
        try:
            _set(self._flags)
            yield
        finally:
            _set(present)

    def warn(self) -> None:
        """Warn, once, that flags set after `compile` do not count."""
        if not self._warned:
            self._warned = True
            console.warn(
                "`trainable` counts as it was when the model was compiled. Received: another value that was set since. "
                "Call model.compile again for it to count."
            )


_AS_COMPILED = nullcontext()


class Outlook:
    """An observer of settings that a model's programs and caches may depend on.

    Training two models of which one contains the other sets flags and restores them at every batch. Such a change
    counts only if a flag of this model differs at the time of the next call.

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
        """Return whether such a setting has changed since the last call; True at the first call."""
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
    """Set flags, outer layers first, since setting one sets those of all layers inside it."""
    for layer, flag in flags:
        layer.trainable = flag
