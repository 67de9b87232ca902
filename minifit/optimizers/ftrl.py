"""`Ftrl`: follow the regularized leader, for very many inputs of which few matter."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from minifit.arrays import Array
from minifit.checks import not_negative, not_positive
from minifit.errors import ArgumentError
from minifit.optimizers.base import FirstStep, Optimizer
from minifit.settings import Setting


class Ftrl(Optimizer):
    """Steps that set each weight to the optimum for the sum of all gradients so far and the penalties.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Never 0.
    learning_rate_power : float up to 0, default -0.5
        Power with which the steps shrink as squared gradients add up; 0 keeps their size.
    initial_accumulator_value : float, default 0.1
        Initial value of the sums of squares. With 0, a weight without a gradient becomes NaN, as in TensorFlow.
    l1_regularization_strength : float, default 0
        Holds weights at exactly 0 until their gradients have added up to more than this.
    l2_regularization_strength : float, default 0
        Pulls weights towards 0.
    name : str, default "Ftrl"
    l2_shrinkage_regularization_strength : float, default 0
        Adds twice this number times the weight to its gradient, as a penalty in the loss would.
    beta : float, default 0
        The beta of the paper: added to the root of the sum of squares.
    **kwargs
        As for `Optimizer`.

    References
    ----------
    H. B. McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013; ``tf.keras.optimizers.Ftrl``
    (TensorFlow 2.7).
    """

    slots_by_variable = True
    slot_names = ("accumulator", "linear")

    learning_rate_power = Setting(not_positive)
    initial_accumulator_value = FirstStep(not_negative)
    l1_regularization_strength = Setting(not_negative)
    l2_regularization_strength = Setting(not_negative)
    l2_shrinkage_regularization_strength = Setting(not_negative)
    beta = Setting(not_negative)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        name: str = "Ftrl",
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    @property
    def slot_starts(self) -> Mapping[str, float]:  # type: ignore[override]
        """Initial value of the sums of squares."""
        return {"accumulator": self.initial_accumulator_value}

    def rate(self) -> float:
        """Return the learning rate of the next step; call the schedule, if there is one."""
        rate = super().rate()
        if rate == 0:
            raise ArgumentError(
                "Ftrl divides by the learning rate, which must not be 0. Received: 0.0. Pass for example 0.01."
            )
        return rate

    def _unusable(self, rates: Any) -> Any:
        return super()._unusable(rates) | (rates == 0)

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        l1, shrinkage = self.l1_regularization_strength, self.l2_shrinkage_regularization_strength
        l2 = self.l2_regularization_strength + self.beta / (2 * rate)
        kernels.ftrl_step(w, g, *slots, rate, self.learning_rate_power, l1, l2, shrinkage)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        penalties = self.l1_regularization_strength, self.l2_regularization_strength
        settings = (
            self.learning_rate_power,
            *penalties,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )
        program.update("ftrl", (w, *slots), g, program.rates, *map(float, settings))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "learning_rate_power": self.learning_rate_power,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "beta": self.beta,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
        }
