"""`Nadam`: Adam that looks one step ahead, as Nesterov's momentum does."""

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
        A schedule is refused, as in Keras.
    beta_1, beta_2 : float from 0 to 1, default 0.9 and 0.999
        How slowly the means of the gradient and of its square forget.
    epsilon : float, default 1e-7
        Added to the root, so that nothing is divided by zero.
    name : str, default "Nadam"
    schedule_decay : float, default 0.004
        How fast the momentum grows: at step t it is ``beta_1 * (1 - 0.5 * 0.96 ** (schedule_decay * t))``.
        The configuration calls it `decay`; an argument `decay` has no effect, as in Keras.
    **kwargs
        As for `Optimizer`.

    Attributes
    ----------
    m_schedule : Variable
        The product of the momenta of all steps so far.

    Raises
    ------
    ArgumentError
        When the learning rate is a schedule.

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
        not_negative("decay", kwargs.get("decay", 0.0))  # as in Keras it has no effect
        super().__init__(learning_rate, name, **{**kwargs, "decay": 0.0})
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.m_schedule = Variable(1.0, False, name=f"{self.name}/momentum_cache")
        self._momenta = np.zeros(5, FLOAT)  # of the latest step and the next, and what follows from them

    def _check_schedule(self, schedule: LearningRateSchedule) -> None:
        raise ArgumentError(
            "Nadam has a schedule of its own and takes no other for its learning rate. "
            f"Received: learning_rate={schedule!r}. Pass a number."
        )

    def commit(self, kernels: ModuleType, plan: Plan, rate: float) -> None:
        """Change the parameters of a plan and all that is remembered, the product of the momenta too."""
        t = int(self.iterations) + 1
        now, following = self._momentum(t), self._momentum(t + 1)
        product = self.m_schedule.value * now
        forgotten = np.float32(self.beta_2) ** np.float32(t)
        self._momenta[...] = now, following, product, product * following, forgotten
        super().commit(kernels, plan, rate)
        self.m_schedule.assign(product)

    @property
    def weights(self) -> list[Variable]:
        """Its variables: `iterations` and `m_schedule`, then what it remembers of each variable."""
        first, *slots = super().weights
        return [first, self.m_schedule, *slots]

    def _momentum(self, t: int) -> np.float32:
        """The momentum of step t, counted from 1."""
        power = np.float32(0.96) ** (np.float32(self.schedule_decay) * np.float32(t))
        return np.float32(np.float32(self.beta_1) * (1 - 0.5 * power))

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        kernels.nadam_step(
            w, g, *slots, rate, self.beta_1, self.beta_2, self.epsilon, *self._momenta.tolist()
        )

    def lower(self, program: Any, plan: Plan) -> None:
        """Write down the update of all that a plan updates."""
        momenta, product = program.memory(self._momenta), program.memory(self.m_schedule.value)
        settings = float(self.beta_1), float(self.beta_2), float(self.schedule_decay)
        program.emit("nadam_momenta", (momenta, product), product, program.iterations, *settings)
        super().lower(program, plan)

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Write down the update of weights that lie side by side."""
        settings = float(self.beta_1), float(self.beta_2), float(self.epsilon)
        program.update("nadam", (w, *slots), g, program.rates, program.memory(self._momenta), *settings)

    def get_state(self, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Everything that decides its further steps on these parameters, as copies."""
        return {**super().get_state(parameters), "m_schedule": self.m_schedule.value.copy()}

    def set_state(self, state: dict[str, Any], parameters: Sequence[Parameter]) -> None:
        """Put back what `get_state` returned."""
        super().set_state(state, parameters)
        self.m_schedule.assign(state["m_schedule"])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, `schedule_decay` under the name of `decay`."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), "decay": self.schedule_decay, **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """An optimizer made from what `get_config` returned."""
        renamed = {"schedule_decay" if name == "decay" else name: value for name, value in config.items()}
        return super().from_config(renamed, custom_objects)
