"""`Adam`: steps of about the same length for each weight, whatever the size of its gradient."""

from types import ModuleType
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import fraction, small
from minifit.optimizers.base import Optimizer
from minifit.settings import Setting, flag, unnamed


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
    beta_1, beta_2 : float from 0 to 1, default 0.9 and 0.999
        Decay rates of the two means.
    epsilon : float, default 1e-7
        Added to the root, to avoid a division by zero.
    amsgrad : bool, default False
        Whether to use the largest mean square so far instead of the current one.
    name : str, default "Adam"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2014, arXiv:1412.6980;
    S. J. Reddi et al., "On the Convergence of Adam and Beyond", 2018; ``tf.keras.optimizers.Adam``
    (TensorFlow 2.7).
    """

    slot_names = ("m", "v")
    beta_1, beta_2, epsilon = Setting(fraction), Setting(fraction), Setting(unnamed(small))
    amsgrad = Setting(flag, then="_settle_slots")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        name: str = "Adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.amsgrad = amsgrad

    def _settle_slots(self) -> None:
        if self.amsgrad and "vhat" not in self.slot_names:
            self.remember("m", "v", "vhat")

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        # The means start at zero; dividing by 1 - beta ** t corrects that bias, in float32 as in TensorFlow.
        t = np.float32(int(self.iterations) + 1)
        power_1, power_2 = np.float32(self.beta_1) ** t, np.float32(self.beta_2) ** t
        rate = float(np.float32(rate) * np.sqrt(1 - power_2) / (1 - power_1))
        if self.amsgrad:
            kernels.amsgrad_step(w, g, *slots, rate, self.beta_1, self.beta_2, self.epsilon)
        else:
            kernels.adam_step(w, g, *slots[:2], rate, self.beta_1, self.beta_2, self.epsilon)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        settings = float(self.beta_1), float(self.beta_2), float(self.epsilon)
        name, moments = ("amsgrad", slots) if self.amsgrad else ("adam", slots[:2])
        program.update(name, (w, *moments), g, program.rates, program.iterations, *settings)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        options = {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
        return {**super().get_config(), **options}
