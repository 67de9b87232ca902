"""`Adagrad`: the larger the past gradients of a weight, the smaller its further steps."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import not_negative, small
from minifit.optimizers.base import FirstStep, Optimizer
from minifit.settings import Setting, unnamed


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        1.0 is the form of the paper.
    initial_accumulator_value : float, default 0.1
        Initial value of the sums.
    epsilon : float, default 1e-7
        Added to the root, to avoid a division by zero.
    name : str, default "Adagrad"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", 2011; ``tf.keras.optimizers.Adagrad`` (TensorFlow 2.7).
    """

    slot_names = ("accumulator",)

    initial_accumulator_value, epsilon = FirstStep(not_negative), Setting(unnamed(small))

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        name: str = "Adagrad",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    @property
    def slot_starts(self) -> Mapping[str, float]:  # type: ignore[override]
        """Initial value of the sums."""
        return {"accumulator": self.initial_accumulator_value}

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        kernels.adagrad_step(w, g, *slots, rate, self.epsilon)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        program.update("adagrad", (w, *slots), g, program.rates, float(self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        options = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **options}
