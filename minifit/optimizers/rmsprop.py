"""`RMSprop`: the gradient over the running size of gradients."""

from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.optimizers.base import Optimizer
from minifit.optimizers.checks import fraction, small


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
        self.momentum = fraction("momentum", momentum, closed=True)
        self.epsilon = small(epsilon)
        self.centered = bool(centered)
        wanted = {"rms": True, "momentum": bool(momentum), "mg": self.centered}
        self.slot_names = tuple(name for name, on in wanted.items() if on)

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        mean = slots[-1] if self.centered else None
        if self.momentum:
            kernels.rmsprop_momentum_step(
                w, g, slots[0], mean, slots[1], rate, self.rho, self.momentum, self.epsilon
            )
        else:
            kernels.rmsprop_step(w, g, slots[0], mean, rate, self.rho, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
