"""`Adamax`: Adam scaled by the largest gradient instead of the mean square."""

from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import fraction, small
from minifit.optimizers.base import Optimizer
from minifit.settings import Setting, unnamed


class Adamax(Optimizer):
    """Steps scaled by the running mean of the gradient over its largest size, which decays slowly.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
    beta_1, beta_2 : float from 0 to 1, default 0.9 and 0.999
        Decay rates of the mean and of the largest size.
    epsilon : float, default 1e-7
        Added to the largest size, to avoid a division by zero.
    name : str, default "Adamax"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2014, arXiv:1412.6980, section 7.1;
    ``tf.keras.optimizers.Adamax`` (TensorFlow 2.7).
    """

    slot_names = ("m", "v")

    beta_1, beta_2 = Setting(fraction), Setting(partial(fraction, closed=True))
    epsilon = Setting(unnamed(small))

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "Adamax",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        # The mean starts at zero; dividing by 1 - beta_1 ** t corrects that bias.
        power = np.float32(self.beta_1) ** np.float32(int(self.iterations) + 1)
        rate = float(np.float32(rate) / (1 - power))
        kernels.adamax_step(w, g, *slots, rate, self.beta_1, self.beta_2, self.epsilon)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        settings = float(self.beta_1), float(self.beta_2), float(self.epsilon)
        program.update("adamax", (w, *slots), g, program.rates, program.iterations, *settings)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        options = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **options}
