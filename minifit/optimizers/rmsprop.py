"""`RMSprop`: the gradient over the running size of gradients."""

from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import fraction, small
from minifit.optimizers.base import Optimizer


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient; what ``compile()`` uses by default.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
    rho : float from 0 to 1, default 0.9
        How slowly the mean square forgets.
    momentum : float from 0 to 1, default 0
    epsilon : float, default 1e-7
    centered : bool, default False
        Whether the square of the mean gradient is taken off the mean square (an estimate of the variance).
    name : str, default "RMSprop"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5 - rmsprop", 2012; ``tf.keras.optimizers.RMSprop``
    (TensorFlow 2.7).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        name: str = "RMSprop",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.rho = fraction("rho", rho)
        self.epsilon = small(epsilon)
        self.centered = bool(centered)
        self.slot_names = ("rms", "mg") if self.centered else ("rms",)
        self.momentum = momentum

    @property
    def momentum(self) -> float:
        """The part of the last step that is taken again; may be set at any time."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self._momentum = fraction("momentum", value, closed=True)
        if self._momentum and "momentum" not in self.slot_names:
            rms, *mean = self.slot_names
            self._remember(rms, "momentum", *mean)

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        mean = slots[-1] if self.centered else None
        if "momentum" in self.slot_names:
            kernels.rmsprop_momentum_step(
                w, g, slots[0], mean, slots[1], rate, self.rho, self._momentum, self.epsilon
            )
        else:
            kernels.rmsprop_step(w, g, slots[0], mean, rate, self.rho, self.epsilon)

    def settings(self) -> dict[str, Any]:
        """As for all optimizers, and the momentum."""
        return {"momentum": self.momentum, **super().settings()}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
