"""Learning rate schedules: functions from the number of a step to its learning rate.

An optimizer calls its schedule before each step. The arithmetic is that of TensorFlow 2.7, in float32. A schedule also
takes an array of steps and then returns a tensor with the learning rate of each, for example to plot the curve.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from minifit.arrays import FLOAT
from minifit.checks import above_zero, exact, number, several
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.numbers import Number
from minifit.settings import Setting
from minifit.tables import Configurable, Table, serialize
from minifit.tensor import Tensor, constant

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """The base class of schedules: a subclass defines ``__call__``, and `get_config` to be saved in a file.

    References
    ----------
    ``tf.keras.optimizers.schedules`` (TensorFlow 2.7), for all classes here.

    Examples
    --------
    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5**step
    >>> float(Halving()(2))
    0.025
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of the step with the number `step`, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        raise NotImplementedError(f"{type(self).__name__} must define get_config() to be saved in a file")


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        Number of steps in which the rate is multiplied by `decay_rate` once.
    decay_rate : float
    staircase : bool, default False
        Whether the rate changes in one jump after each `decay_steps` steps.
    name : str, optional

    Examples
    --------
    >>> schedule = ExponentialDecay(1.0, decay_steps=2, decay_rate=0.25)
    >>> [float(schedule(step)) for step in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    initial_learning_rate = Setting(exact(number))
    decay_rate = Setting(exact(number))
    decay_steps = Setting(exact(above_zero, example=1000))

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        progress = single(step) / single(self.decay_steps)
        if self.staircase:
            progress = np.floor(progress)
        return _rate(single(self.initial_learning_rate) * power(single(self.decay_rate), progress))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class _Steps(Setting):
    """The boundaries or the values of a `PiecewiseConstantDecay`: two lists that must match."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise an error if the two lists do not match, or the boundaries do not grow."""
        settings = {"boundaries": None, "values": None, **vars(owner), self.name: value}
        boundaries, values = settings["boundaries"], settings["values"]
        if any(b <= a for a, b in pairwise(boundaries)):
            raise ArgumentError(
                f"boundaries must grow. Received: boundaries={boundaries}. Sort them together with the values."
            )
        if values is not None and len(boundaries) != len(values) - 1:
            raise ArgumentError(
                "There must be one more value than boundaries. "
                f"Received: boundaries={boundaries}, values={values}. Pass for example [10], [0.1, 0.01]."
            )


class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant rate up to each boundary.

    ``values[0]`` where ``step <= boundaries[0]``, ``values[1]`` up to and including ``boundaries[1]``, and so on;
    ``values[-1]`` after the last boundary.

    Parameters
    ----------
    boundaries : sequence of int
        Growing numbers of steps.
    values : sequence of float
        Learning rates, one more than there are boundaries.
    name : str, optional

    Raises
    ------
    ArgumentError
        If the numbers of boundaries and values do not match, or the boundaries do not grow.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([1, 2], [1.0, 0.5, 0.25])
    >>> [float(schedule(step)) for step in range(4)]
    [1.0, 1.0, 0.5, 0.25]
    """

    boundaries = _Steps(partial(several, each=exact(number), example="[10]"))
    values = _Steps(partial(several, each=exact(number), example="[0.1, 0.01]"))

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None) -> None:
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        at = np.asarray(step)
        boundaries = np.asarray(self.boundaries).astype(at.dtype)
        return _rate(single(self.values)[np.searchsorted(boundaries, at)])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """A polynomial from `initial_learning_rate` to `end_learning_rate` in `decay_steps` steps, then constant.

    ``(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power + end_learning_rate``

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate : float, default 0.0001
    power : float, default 1
        1 gives a straight line.
    cycle : bool, default False
        Whether the rate rises again after the end: the first multiple of `decay_steps` that is not below the step
        then replaces `decay_steps`.
    name : str, optional
    """

    initial_learning_rate = Setting(exact(number))
    end_learning_rate = Setting(exact(number))
    power = Setting(exact(number))
    decay_steps = Setting(exact(above_zero, example=1000))

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        at, length, end = single(step), single(self.decay_steps), single(self.end_learning_rate)
        if self.cycle:
            length = length * np.where(at == 0, FLOAT.type(1), np.ceil(at / length))
        else:
            at = np.minimum(at, length)
        height = single(self.initial_learning_rate) - end
        return _rate(height * power(1 - at / length, single(self.power)) + end)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
    staircase : bool, default False
        Whether the rate changes in one jump after each `decay_steps` steps.
    name : str, optional
    """

    initial_learning_rate = Setting(exact(number))
    decay_rate = Setting(exact(number))
    decay_steps = Setting(exact(above_zero, example=1000))

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        progress = single(step) / single(self.decay_steps)
        if self.staircase:
            progress = np.floor(progress)
        return _rate(single(self.initial_learning_rate) / (1 + single(self.decay_rate) * progress))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class CosineDecay(LearningRateSchedule):
    """Half a cosine wave from `initial_learning_rate` to `alpha` times that rate, in `decay_steps` steps.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    alpha : float, default 0
        Final rate as a share of the initial rate.
    name : str, optional

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
    """

    initial_learning_rate = Setting(exact(number))
    alpha = Setting(exact(number))
    decay_steps = Setting(exact(above_zero, example=1000))

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str | None = None
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        length = single(self.decay_steps)
        wave = 0.5 * (1 + rounded(np.cos, PI * (np.minimum(single(step), length) / length)))
        return _rate(
            single(self.initial_learning_rate) * (single(1 - self.alpha) * wave + single(self.alpha))
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` with restarts: each period is `t_mul` times as long and starts `m_mul` times as high as the last.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
        Length of the first period.
    t_mul : float, default 2
    m_mul : float, default 1
    alpha : float, default 0
        Lowest rate as a share of the initial rate.
    name : str, optional

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
    """

    initial_learning_rate = Setting(exact(number))
    t_mul = Setting(exact(number))
    m_mul = Setting(exact(number))
    alpha = Setting(exact(number))
    first_decay_steps = Setting(exact(above_zero, example=1000))

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at this step."""
        restarts, done = self._place(single(step) / single(self.first_decay_steps))
        height, alpha = 0.5 * power(single(self.m_mul), restarts), single(self.alpha)
        wave = height * (1 + rounded(np.cos, PI * done))
        return _rate(single(self.initial_learning_rate) * ((1 - alpha) * wave + alpha))

    def _place(self, progress: Any) -> tuple[Any, Any]:
        """Return the number of restarts so far, and the share of the current period that is done."""
        ratio = single(self.t_mul)
        if ratio == 1:
            restarts = np.floor(progress)
            return restarts, progress - restarts
        # n periods take 1 + ratio + ... + ratio ** (n - 1) = (1 - ratio ** n) / (1 - ratio) first periods
        restarts = np.floor(rounded(np.log, 1 - progress * (1 - ratio)) / rounded(np.log, ratio))
        grown = power(ratio, restarts)
        before = (1 - grown) / (1 - ratio)
        return restarts, (progress - before) / grown

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal schedule."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


PI = FLOAT.type(math.pi)


def single(value: Any) -> Any:
    """Return `value` in float32: a number as a NumPy scalar, several as an array."""
    return np.asarray(value, FLOAT)[()]


def _rate(value: Any) -> Number | Tensor:
    """Return one learning rate as a number, and the rates of several steps as a tensor."""
    return Number(value) if np.ndim(value) == 0 else constant(value)


def power(base: Any, exponent: Any) -> Any:
    """Return ``base ** exponent``, computed for each step alone: NumPy may round differently in arrays."""
    if np.ndim(base) == np.ndim(exponent) == 0:
        return base**exponent
    bases, exponents = np.broadcast_arrays(base, exponent)
    powers = [b**e for b, e in zip(bases.ravel(), exponents.ravel(), strict=True)]
    return np.array(powers, FLOAT).reshape(bases.shape)


def rounded(function: np.ufunc, x: Any) -> Any:
    """Return the float32 nearest to the function's value, computed for each step alone.

    The last bit can decide whether a period restarts.
    """
    x = np.asarray(x, np.float64)
    return (
        single(function(x))
        if x.ndim == 0
        else single([function(each) for each in x.ravel()]).reshape(x.shape)
    )


TABLE = Table(
    "schedule",
    {
        c.__name__: c
        for c in (
            CosineDecay,
            CosineDecayRestarts,
            ExponentialDecay,
            InverseTimeDecay,
            PiecewiseConstantDecay,
            PolynomialDecay,
        )
    },
)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """Create a schedule from the result of `serialize`; `custom_objects` holds your own classes by name."""
    schedule = TABLE.make(config, custom_objects)
    if not isinstance(schedule, LearningRateSchedule):
        raise ArgumentTypeError(
            f"A schedule must be described by its class_name and config. Received: {config!r}. "
            "Pass the result of schedules.serialize."
        )
    return schedule
