"""`Nadam`: Adam with Nesterov's momentum, which looks one step ahead."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.checks import fraction, not_negative, small
from minifit.errors import ArgumentError
from minifit.optimizers.base import Optimizer, Plan
from minifit.parameters import Parameter, Variable
from minifit.schedules import LearningRateSchedule
from minifit.settings import Fixed, Setting, unnamed


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, which grows from half of `beta_1` to all of it.

    Parameters
    ----------
    learning_rate : float or callable, default 0.001
        A schedule raises an error, as in Keras.
    beta_1, beta_2 : float from 0 to 1, default 0.9 and 0.999
        Decay rates of the means of the gradient and of its square.
    epsilon : float, default 1e-7
        Added to the root, to avoid a division by zero.
    name : str, default "Nadam"
    schedule_decay : float, default 0.004
        Rate at which the momentum grows: at step t it is ``beta_1 * (1 - 0.5 * 0.96 ** (schedule_decay * t))``.
        The configuration calls it `decay`; an argument `decay` has no effect, as in Keras.
    **kwargs
        As for `Optimizer`.

    Attributes
    ----------
    m_schedule : Variable
        Product of the momenta of all steps so far.

    Raises
    ------
    ArgumentError
        If the learning rate is a schedule.

    References
    ----------
    T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016; ``tf.keras.optimizers.Nadam``
    (TensorFlow 2.7).
    """

    slot_names = ("m", "v")

    beta_1, beta_2 = Setting(partial(fraction, closed=True)), Setting(fraction)
    epsilon = Setting(unnamed(small))
    schedule_decay, m_schedule = Setting(not_negative), Setting()
    decay = Fixed()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "Nadam",
        **kwargs: Any,
    ) -> None:
        self.schedule_decay = kwargs.pop("schedule_decay", 0.004)
        # `decay` is validated and has no effect, as in Keras
        not_negative("decay", kwargs.get("decay", 0.0))
        super().__init__(learning_rate, name, **{**kwargs, "decay": 0.0})
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.m_schedule = Variable(1.0, False, name=f"{self.name}/momentum_cache")
        # momenta of the latest step and the next one, and the numbers derived from them
        self._momenta = np.zeros(5, FLOAT)

    def _check_schedule(self, schedule: LearningRateSchedule) -> None:
        raise ArgumentError(
            "Nadam has its own schedule and takes no other for its learning rate. "
            f"Received: learning_rate={schedule!r}. Pass a number."
        )

    def commit(self, kernels: ModuleType, plan: Plan, rate: float) -> None:
        """Update the parameters of a plan, the slots, and the product of the momenta."""
        t = int(self.iterations) + 1
        momentum, following = self._momentum(t), self._momentum(t + 1)
        product = self.m_schedule.value * momentum
        power_2 = np.float32(self.beta_2) ** np.float32(t)
        self._momenta[...] = momentum, following, product, product * following, power_2
        super().commit(kernels, plan, rate)
        self.m_schedule.assign(product)

    @property
    def weights(self) -> list[Variable]:
        """Variables of the optimizer: `iterations` and `m_schedule`, then the slots of each variable."""
        first, *slots = super().weights
        return [first, self.m_schedule, *slots]

    def _momentum(self, t: int) -> np.float32:
        """Return the momentum of step t, counted from 1."""
        power = np.float32(0.96) ** (np.float32(self.schedule_decay) * np.float32(t))
        return np.float32(np.float32(self.beta_1) * (1 - 0.5 * power))

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        kernels.nadam_step(
            w, g, *slots, rate, self.beta_1, self.beta_2, self.epsilon, *self._momenta.tolist()
        )

    def lower(self, program: Any, plan: Plan) -> None:
        """Emit the instructions that update the parameters of a plan."""
        momenta, product = program.memory(self._momenta), program.memory(self.m_schedule.value)
        settings = float(self.beta_1), float(self.beta_2), float(self.schedule_decay)
        program.emit("nadam_momenta", (momenta, product), product, program.iterations, *settings)
        super().lower(program, plan)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights."""
        settings = float(self.beta_1), float(self.beta_2), float(self.epsilon)
        program.update("nadam", (w, *slots), g, program.rates, program.memory(self._momenta), *settings)

    def get_state(self, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Return copies of everything that determines further steps on these parameters."""
        return {**super().get_state(parameters), "m_schedule": self.m_schedule.value.copy()}

    def set_state(self, state: dict[str, Any], parameters: Sequence[Parameter]) -> None:
        """Restore a state that `get_state` returned."""
        super().set_state(state, parameters)
        self.m_schedule.assign(state["m_schedule"])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer, with `schedule_decay` under the name `decay`."""
        options = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), "decay": self.schedule_decay, **options}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create an optimizer from the result of `get_config`."""
        renamed = {"schedule_decay" if name == "decay" else name: value for name, value in config.items()}
        return super().from_config(renamed, custom_objects)
