"""`RMSprop`: steps of the gradient over its running size."""

from functools import partial
from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import fraction, small
from minifit.optimizers.base import Optimizer
from minifit.settings import Setting, flag, unnamed


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient; the default of ``compile()``.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
    rho : float from 0 to 1, default 0.9
        Decay rate of the mean square.
    momentum : float from 0 to 1, default 0
    epsilon : float, default 1e-7
    centered : bool, default False
        Whether to subtract the square of the mean gradient from the mean square, which then estimates the variance.
    name : str, default "RMSprop"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5 - rmsprop", 2012; ``tf.keras.optimizers.RMSprop``
    (TensorFlow 2.7).
    """

    slot_names = ("rms",)
    rho, epsilon = Setting(fraction), Setting(unnamed(small))
    momentum = Setting(partial(fraction, closed=True), then="_settle_slots")
    centered = Setting(flag, then="_settle_slots")

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
        self.rho, self.epsilon = rho, epsilon
        self.centered, self.momentum = centered, momentum

    def _settle_slots(self) -> None:
        options = {"momentum": vars(self).get("momentum"), "mg": self.centered}
        names = ("rms", *(name for name, on in options.items() if on or name in self.slot_names))
        if names != self.slot_names:
            self.remember(*names)

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        mean = slots[-1] if self.centered else None
        if "momentum" in self.slot_names:
            kernels.rmsprop_momentum_step(
                w, g, slots[0], mean, slots[1], rate, self.rho, self.momentum, self.epsilon
            )
        else:
            kernels.rmsprop_step(w, g, slots[0], mean, rate, self.rho, self.epsilon)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        by_name = dict(zip(self.slot_names, slots, strict=True))
        name, used, settings = "rmsprop", ["rms"], [float(self.rho), float(self.epsilon)]
        if "momentum" in by_name:
            name, used, settings = "rmsprop_momentum", ["rms", "momentum"], [*settings, float(self.momentum)]
        if self.centered:
            name, used = f"{name}_centered", [*used, "mg"]
        program.update(name, (w, *(by_name[each] for each in used)), g, program.rates, *settings)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        options = {
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
        return {**super().get_config(), **options}
