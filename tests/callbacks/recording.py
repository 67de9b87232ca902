"""What the tests of callbacks share: a small model with data, and callbacks that write down or interfere."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import Sequential, layers, optimizers
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.callbacks.base import HOOKS
from minifit.utils import set_random_seed

Event = tuple[Any, ...]

IN_FIT = tuple(hook for hook in HOOKS if "predict" not in hook)
"""The hooks that a fit with validation calls, by their older names too."""

NEW_NAMES = tuple(hook for hook in HOOKS if hook not in ("on_batch_begin", "on_batch_end"))


def data(n: int = 12, seed: int = 0, features: int = 4, outputs: int = 3) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    x, y = random.standard_normal((n, features)), random.standard_normal((n, outputs))
    return x.astype(np.float32), y.astype(np.float32)


def small_model(*more: Any, optimizer: Any = None, seed: int = 1, **compiled: Any) -> Sequential:
    """A model with `more` layers between its two; everything random in it follows from the seed."""
    set_random_seed(seed)
    first = layers.Dense(5, activation="relu", input_shape=(4,))
    model = Sequential([first, *more, layers.Dense(3)])
    model.compile(optimizer or optimizers.SGD(0.05), **{"loss": "mse", **compiled})
    return model


def bits(model: Sequential) -> list[bytes]:
    """The weights, exactly."""
    return [w.tobytes() for w in model.get_weights()]


class Recorder(Callback):
    """Writes down every hook: ``("epoch_end", 0, {"loss": 0.5})``."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def names(self) -> list[str]:
        return [event[0] for event in self.events]

    def indexed(self) -> list[str]:
        """The hooks with their index, in short: ``"epoch_end 0"``."""
        return [" ".join(map(str, event[:-1])) for event in self.events]

    def logs(self, hook: str) -> list[dict[str, Any]]:
        return [event[-1] for event in self.events if event[0] == hook]


def _noting(hook: str) -> Callable[..., None]:
    def note(self: Recorder, *args: Any) -> None:
        *index, logs = args
        self.events.append((hook.removeprefix("on_"), *index, dict(logs)))

    return note


for _hook in NEW_NAMES:
    setattr(Recorder, _hook, _noting(_hook))


def acting(hook: str, action: Callable[[Any], object]) -> Callback:
    """A callback that does something at one hook; the action is given the callback."""
    callback = Callback()
    setattr(callback, hook, lambda *args: action(callback))
    return callback


def stop(callback: Callback) -> None:
    callback.model.stop_training = True
