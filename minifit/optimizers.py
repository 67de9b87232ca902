"""Optimizers: how gradients change parameters.

All numbers of a model lie in one buffer, so one step is one kernel call over it. What an optimizer remembers
of earlier steps (its slots: momentum, moments) lies in arrays of the same layout. The arithmetic is that of
TensorFlow 2.7.
"""

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np

from minifit.arrays import Array, aligned_zeros
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.kernels import reference
from minifit.parameters import Parameter, ParameterBuffer, Segment, Variable, segments
from minifit.tables import Configurable, Table

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "deserialize", "get", "serialize"]


class Optimizer(Configurable):
    """What all optimizers share: the learning rate, the slots, clipping and weight decay.

    Parameters
    ----------
    learning_rate : float, or the older keyword `lr`
    name : str
    clipnorm : float, optional
        The gradient of each parameter is scaled down to this Euclidean norm.
    clipvalue : float, optional
        Each number of the gradient is moved into [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients together are scaled down to this Euclidean norm.
    weight_decay : float, optional
        Before each step, parameters shrink by ``learning_rate * weight_decay`` of themselves.
    decay : float, default 0
        The step at iteration t uses ``learning_rate / (1 + decay * t)``.

    Attributes
    ----------
    learning_rate, lr : Variable
        One float32 number; assign to it, or call ``.assign``.
    iterations : Variable
        How many steps have been made.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For unknown keywords and numbers out of range.

    References
    ----------
    ``tf.keras.optimizers.Optimizer`` (TensorFlow 2.7); `weight_decay` from Keras 2.11.
    """

    slot_names: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        learning_rate: Any,
        name: str,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        weight_decay: float | None = None,
        decay: float = 0.0,
        lr: float | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ArgumentTypeError(
                f"{type(self).__name__} takes no argument {next(iter(unknown))!r}. Besides its own it knows "
                "clipnorm, clipvalue, global_clipnorm, weight_decay, decay and lr."
            )
        if clipnorm is not None and global_clipnorm is not None:
            raise ArgumentError(
                "clipnorm and global_clipnorm exclude each other. "
                f"Received: clipnorm={clipnorm}, global_clipnorm={global_clipnorm}. Leave one out."
            )
        self.name = name
        rate = not_negative("learning_rate", learning_rate if lr is None else lr)
        self._learning_rate = Variable(rate, "learning_rate")
        self.iterations = Variable(0, "iterations", np.int64)
        self.clipnorm = _optional("clipnorm", clipnorm)
        self.clipvalue = _optional("clipvalue", clipvalue)
        self.global_clipnorm = _optional("global_clipnorm", global_clipnorm)
        self.weight_decay = _optional("weight_decay", weight_decay)
        self.decay = not_negative("decay", decay)
        self._mirrors: WeakKeyDictionary[ParameterBuffer, _Mirror] = WeakKeyDictionary()
        self._parameters: list[Parameter] = []
        self._plan: list[tuple[Array, Array, tuple[Array, ...]]] = []
        self._copies: list[tuple[Array, Array]] = []
        self._layouts: list[tuple[ParameterBuffer, int]] = []
        self._own = ParameterBuffer()  # for parameters of a hand-written loop that belong to no model

    @property
    def learning_rate(self) -> Variable:
        """The step size, one float32 number."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._learning_rate.assign(value)

    @property
    def lr(self) -> Variable:
        """The older name of `learning_rate`."""
        return self._learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self._learning_rate.assign(value)

    # -- a step -----------------------------------------------------------------------------------------

    def plan(self, parameters: Sequence[Parameter]) -> None:
        """Say which parameters the following steps update: the memory is looked up once, not at every step.

        Where a step takes several calls, they work on a copy that one last call puts in place, so that a
        Ctrl-C between them never leaves the weights half updated.
        """
        self._parameters = list(parameters)
        self._copies, self._plan = [], []
        self._layouts = [(b, b.layout) for b in dict.fromkeys(p.buffer for p in parameters) if b is not None]
        found = segments(parameters)
        for buffer in dict.fromkeys(s.buffer for s in found):
            parts, values = [s for s in found if s.buffer is buffer], buffer.values
            if len(parts) > 1 or self.weight_decay:
                values = aligned_zeros(values.size)
                self._copies.append((buffer.values, values))
            self._plan += [(s.of(values), s.of(buffer.grads), self._slots(s)) for s in parts]

    def step(self, kernels: ModuleType = reference) -> None:
        """Update all planned parameters by their gradients, in place."""
        if any(buffer.layout != layout for buffer, layout in self._layouts):
            self.plan(self._parameters)  # a layer was added meanwhile
        self._clip()
        rate = self._rate()
        for values, copy in self._copies:
            np.copyto(copy, values)
        for values, grads, slots in self._plan:
            if self.weight_decay:
                kernels.weight_decay_step(values, rate * self.weight_decay)
            self._update(kernels, values, grads, slots, rate)
        for values, copy in self._copies:
            np.copyto(values, copy)
        self.iterations.value += 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Parameter]]) -> None:
        """One step of a hand-written loop.

        Parameters
        ----------
        grads_and_vars : iterable of (array, Parameter)
            Each gradient with the parameter that it is for; where it is None the parameter stays as it is.
        """
        pairs = [(grad, parameter) for grad, parameter in grads_and_vars if grad is not None]
        parameters = [p for _, p in pairs]
        self._own.adopt(parameters)
        for grad, parameter in pairs:
            parameter.grad = None
            parameter.accumulate(np.asarray(grad, parameter.dtype))
        self.plan(parameters)
        with np.errstate(all="ignore"):
            self.step()

    def _rate(self) -> float:
        """The learning rate of this step."""
        rate: float = self._learning_rate.value.item()
        return rate / (1 + self.decay * int(self.iterations)) if self.decay else rate

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        """Change `w` by its gradient `g`; `slots` come in the order of `slot_names`."""
        raise NotImplementedError(f"{type(self).__name__} must define _update")

    def _clip(self) -> None:
        if self.clipvalue is not None:
            for _, grads, _ in self._plan:
                np.clip(grads, -self.clipvalue, self.clipvalue, out=grads)
        if self.clipnorm is not None:
            for p in self._parameters:
                assert p.slot is not None
                _shrink([p.slot], self.clipnorm)
        if self.global_clipnorm is not None:
            _shrink([grads for _, grads, _ in self._plan], self.global_clipnorm)

    # -- what it remembers ------------------------------------------------------------------------------

    def _slots(self, segment: Segment) -> tuple[Array, ...]:
        mirror = self._mirrors.get(segment.buffer)
        if mirror is None:
            mirror = self._mirrors[segment.buffer] = _Mirror(self.slot_names)
        mirror.follow(segment.buffer)
        return tuple(segment.of(array) for array in mirror.arrays.values())

    def slots_of(self, parameter: Parameter) -> dict[str, Array]:
        """What is remembered for one parameter: views of its shape by the name of the slot."""
        assert parameter.buffer is not None
        whole = Segment(parameter.buffer, parameter.start, parameter.start + parameter.value.size)
        return {
            name: view.reshape(parameter.shape)
            for name, view in zip(self.slot_names, self._slots(whole), strict=True)
        }

    def get_state(self, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Everything that decides its further steps on these parameters, as copies."""
        return {
            "learning_rate": self._learning_rate.value.copy(),
            "iterations": self.iterations.value.copy(),
            "slots": [{k: v.copy() for k, v in self.slots_of(p).items()} for p in parameters],
        }

    def set_state(self, state: dict[str, Any], parameters: Sequence[Parameter]) -> None:
        """Put back what `get_state` returned."""
        self._learning_rate.assign(state["learning_rate"])
        self.iterations.assign(state["iterations"])
        for parameter, saved in zip(parameters, state["slots"], strict=True):
            for name, view in self.slots_of(parameter).items():
                view[...] = saved[name]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, with its learning rate of now."""
        options = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
        given = {name: getattr(self, name) for name in options if getattr(self, name) is not None}
        return {"name": self.name, **given, "learning_rate": float(self._learning_rate), "decay": self.decay}


class _Mirror:
    """Slot arrays of the layout of a buffer; they follow when it is laid out anew."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.arrays: dict[str, Array] = {name: aligned_zeros(0) for name in names}
        self._layout = -1
        self._places: dict[int, slice] = {}

    def follow(self, buffer: ParameterBuffer) -> None:
        if self._layout == buffer.layout:
            return
        places = {id(p): slice(p.start, p.start + p.value.size) for p in buffer.parameters}
        for name, old in self.arrays.items():
            new = self.arrays[name] = aligned_zeros(buffer.values.size)
            for key, place in self._places.items():
                new[places[key]] = old[place]
        self._layout, self._places = buffer.layout, places


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``v = momentum * v - learning_rate * g``, then ``w += v``; with `nesterov`
    ``w += momentum * v - learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float from 0 to 1, default 0
    nesterov : bool, default False
    name : str, default "SGD"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    ``tf.keras.optimizers.SGD`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name, **kwargs)
        self.momentum = fraction("momentum", momentum, closed=True)
        self.nesterov = bool(nesterov)
        if self.momentum:
            self.slot_names = ("momentum",)  # type: ignore[misc]

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        if self.momentum:
            kernels.momentum_step(w, g, slots[0], rate, self.momentum, self.nesterov)
        else:
            kernels.sgd_step(w, g, rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float from 0 to 1, default 0.9 and 0.999
        How slowly the two means forget.
    epsilon : float, default 1e-7
        Added to the root, so that nothing is divided by zero.
    amsgrad : bool, default False
        Whether the largest mean square so far is used instead of the present one.
    name : str, default "Adam"
    **kwargs
        As for `Optimizer`.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", 2014, arXiv:1412.6980;
    S. J. Reddi et al., "On the Convergence of Adam and Beyond", 2018; ``tf.keras.optimizers.Adam``
    (TensorFlow 2.7).
    """

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
        self.beta_1 = fraction("beta_1", beta_1)
        self.beta_2 = fraction("beta_2", beta_2)
        self.epsilon = not_negative("epsilon", 1e-7 if epsilon is None else epsilon)
        self.amsgrad = bool(amsgrad)
        self.slot_names = ("m", "v", "vhat") if amsgrad else ("m", "v")  # type: ignore[misc]

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        # the means begin at zero; dividing by 1 - beta ** t makes up for it
        t = int(self.iterations) + 1
        rate = rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        step: Callable[..., None] = kernels.amsgrad_step if self.amsgrad else kernels.adam_step
        step(w, g, *slots, rate, self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return {**super().get_config(), **own}


class RMSprop(Optimizer):
    """Steps divided by a running root mean square of the gradient; what ``compile()`` uses by default.

    Parameters
    ----------
    learning_rate : float, default 0.001
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
        self.epsilon = not_negative("epsilon", 1e-7 if epsilon is None else epsilon)
        self.centered = bool(centered)
        wanted = {"rms": True, "momentum": bool(momentum), "mg": self.centered}
        self.slot_names = tuple(name for name, on in wanted.items() if on)  # type: ignore[misc]

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


# -- checks --------------------------------------------------------------------------------------------------


def not_negative(name: str, value: Any) -> float:
    """`value` as a float, if it is a number of at least 0."""
    array = np.asarray(value)
    if isinstance(value, bool) or array.shape != () or array.dtype.kind not in "fiu":
        raise ArgumentTypeError(
            f"{name} must be a number. Received: {name}={value!r}. Pass for example {name}=0.01."
        )
    if not array >= 0:
        raise ArgumentError(
            f"{name} must be at least 0. Received: {name}={value!r}. Pass for example {name}=0.01."
        )
    return float(array)


def fraction(name: str, value: Any, closed: bool = False) -> float:
    """`value` as a float, if it lies in [0, 1), or in [0, 1] when `closed`."""
    number = not_negative(name, value)
    if number > 1 or (number == 1 and not closed):
        end = "to 1" if closed else "to below 1"
        raise ArgumentError(
            f"{name} must be from 0 {end}. Received: {name}={value!r}. Pass for example {name}=0.9."
        )
    return number


def _optional(name: str, value: Any) -> float | None:
    return None if value is None else not_negative(name, value)


def _shrink(grads: list[Array], norm: float) -> None:
    """Scale these gradients, in place, so that their common Euclidean norm is at most `norm`."""
    total = float(np.sqrt(sum(float(np.vdot(g, g)) for g in grads)))
    if total > norm or np.isnan(total):
        for g in grads:
            g *= g.dtype.type(norm / total)


TABLE = Table(
    "optimizer",
    {"sgd": SGD, "SGD": SGD, "adam": Adam, "Adam": Adam, "rmsprop": RMSprop, "RMSprop": RMSprop},
)


def get(identifier: Any) -> Optimizer:
    """An optimizer from its name (in any case), configuration or itself."""
    if isinstance(identifier, str) and identifier.lower() in TABLE:
        identifier = identifier.lower()
    made = TABLE.make(identifier) if not isinstance(identifier, Optimizer) else identifier
    if not isinstance(made, Optimizer):
        raise ArgumentTypeError(
            f"An optimizer is a name or an Optimizer. Received: {identifier!r}. Pass for example 'sgd' or SGD(0.1)."
        )
    return made


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as plain data."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


deserialize = get
