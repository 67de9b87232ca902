"""`SGD`: plain gradient descent, optionally with momentum."""

from functools import partial
from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import fraction
from minifit.optimizers.base import Optimizer
from minifit.settings import Setting, flag


class SGD(Optimizer):
    """Gradient descent, with optional momentum.

    ``v = momentum * v - learning_rate * g``, then ``w += v``; with `nesterov`
    ``w += momentum * v - learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.01
    momentum : float from 0 to 1, default 0
    nesterov : bool, default False
    name : str, default "SGD"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    ``tf.keras.optimizers.SGD`` (TensorFlow 2.7).
    """

    momentum = Setting(partial(fraction, closed=True), then="_settle_slots")
    nesterov = Setting(flag)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov

    def _settle_slots(self) -> None:
        if self.momentum and not self.slot_names:
            self.remember("momentum")

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        if self.momentum:
            kernels.momentum_step(w, g, slots[0], rate, self.momentum, self.nesterov)
        else:
            kernels.sgd_step(w, g, rate)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        if self.momentum:
            settings = float(self.momentum), int(self.nesterov)
            program.update("momentum", (w, slots[0]), g, program.rates, *settings)
        else:
            program.update("sgd", (w,), g, program.rates)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
