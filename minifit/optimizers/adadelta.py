"""`Adadelta`: steps about as long as the previous ones, so that the learning rate hardly matters."""

from functools import partial
from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import fraction, small
from minifit.optimizers.base import Optimizer
from minifit.settings import Setting, unnamed


class Adadelta(Optimizer):
    """Steps scaled by the running size of previous steps over the running size of the gradients.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        1.0 is the form of the paper.
    rho : float from 0 to 1, default 0.95
        Decay rate of both mean squares.
    epsilon : float, default 1e-7
        Added to both mean squares; it sets the size of the first steps.
    name : str, default "Adadelta"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    M. D. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, arXiv:1212.5701;
    ``tf.keras.optimizers.Adadelta`` (TensorFlow 2.7).
    """

    slot_names = ("accum_grad", "accum_var")

    rho, epsilon = Setting(partial(fraction, closed=True)), Setting(unnamed(small))

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        kernels.adadelta_step(w, g, *slots, rate, self.rho, self.epsilon)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        settings = float(self.rho), float(self.epsilon)
        program.update("adadelta", (w, *slots), g, program.rates, *settings)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
