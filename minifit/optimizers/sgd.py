"""`SGD`: the plain way down."""

from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import fraction
from minifit.optimizers.base import Optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

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

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.momentum = momentum
        self.nesterov = bool(nesterov)

    @property
    def momentum(self) -> float:
        """The part of the last step that is taken again; may be set at any time."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self._momentum = fraction("momentum", value, closed=True)
        if self._momentum and not self.slot_names:
            self._remember("momentum")

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        if self._momentum:
            kernels.momentum_step(w, g, slots[0], rate, self._momentum, self.nesterov)
        else:
            kernels.sgd_step(w, g, rate)

    def settings(self) -> dict[str, Any]:
        """As for all optimizers, and the momentum."""
        return {"momentum": self.momentum, **super().settings()}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
