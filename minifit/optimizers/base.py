"""What all optimizers share: the learning rate, the plan of a step, clipping, and what is remembered.

All numbers of a model lie in one buffer, so one step is one kernel call over it. What an optimizer remembers
of earlier steps (its slots: momentum, moments) lies in arrays of the same layout.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minifit import interrupts, nest
from minifit.arrays import FLOAT, Array
from minifit.checks import not_negative, optional
from minifit.console import warn
from minifit.constraints import constrain
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, quoted
from minifit.kernels import reference
from minifit.optimizers.keras_methods import KerasMethods
from minifit.optimizers.slots import Slots
from minifit.parameters import Parameter, ParameterBuffer, Segment, Variable, segments
from minifit.schedules import LearningRateSchedule, deserialize, serialize
from minifit.settings import Setting
from minifit.signatures import as_written, check_call
from minifit.tables import Configurable, plain
from minifit.tape import GradientTape
from minifit.tensor import constant, current, to_array
from minifit.undo import Undo
from minifit.workers import Workers

OF_KERAS = (
    "get_updates",
    "get_gradients",
    "update_step",
    "_compute_gradients",
    "_transform_unaggregated_gradients",
)
"""The methods by which tf.keras updates weights, and that do not exist here."""

PLANS = 8
"""Plans of hand-written loops that are kept: one for each list of variables."""


class Plan:
    """What a step updates, with the memory looked up.

    Attributes
    ----------
    parameters : list of Parameter
    calls : list of tuple
        Values, gradients and slots of every stretch of memory.
    layouts : list of tuple
        Every buffer with the layout that the memory was looked up in.
    """

    __slots__ = ("calls", "layouts", "parameters")

    def __init__(self, parameters: list[Parameter]) -> None:
        self.parameters = parameters
        self.calls: list[tuple[Array, Array, tuple[Array, ...]]] = []
        self.layouts: list[tuple[ParameterBuffer, int]] = []


class _ClippingNorm(Setting):
    """One of two settings that exclude each other."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise when the other one is there."""
        both = {"clipnorm": None, "global_clipnorm": None, **vars(owner), self.name: value}
        norms = {name: both[name] for name in ("clipnorm", "global_clipnorm")}
        if None not in norms.values():
            raise ArgumentError(
                "clipnorm and global_clipnorm exclude each other. "
                f"Received: {', '.join(f'{k}={v}' for k, v in norms.items())}. Leave one out."
            )


class FirstStep(Setting):
    """A setting that the slots begin with: settled when the first step has made them."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for another value than the slots began with."""
        if owner._mirrors and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} is settled by the first step. Received: {self.name}={value!r} for an optimizer that "
                f"began with {self.name}={vars(owner)[self.name]!r}. Compile with another optimizer."
            )


class Optimizer(KerasMethods, Configurable):
    """What all optimizers share: the learning rate, the slots, clipping and weight decay.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, or the older keyword `lr`
        A schedule is asked before each step with the number of steps made, a function without arguments. A class of
        one's own may leave it out and set the attribute.
    name : str
        The only argument in ``super().__init__(name)``, as tf.keras's classes have it.
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
    learning_rate, lr : Variable, LearningRateSchedule or float
        One float32 number: assign to it, or call ``.assign``. Where a schedule was given it is the schedule,
        where a function was given it is what that returns now; assigning a number takes its place.
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

    slot_names: tuple[str, ...] = ()
    slot_starts: Mapping[str, float] = MappingProxyType({})  # those that do not begin with 0
    clipnorm, global_clipnorm = _ClippingNorm(optional), _ClippingNorm(optional)
    clipvalue = Setting(optional)
    weight_decay = Setting(optional)
    decay = Setting(not_negative)
    iterations: Variable = Setting()  # type: ignore[assignment]  # programs know where it lies

    def __init__(
        self,
        learning_rate: Any = None,
        name: str | None = None,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        weight_decay: float | None = None,
        decay: float = 0.0,
        lr: Any = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ArgumentTypeError(
                f"{type(self).__name__} takes no argument {quoted(next(iter(unknown)))}. Besides its own it knows "
                "clipnorm, clipvalue, global_clipnorm, weight_decay, decay and lr."
            )
        if name is None and isinstance(learning_rate, str):
            learning_rate, name = None, learning_rate
        self.name = type(self).__name__ if name is None else name
        # Of an optimizer that was copied, until it looks the memory up:
        self._remembered: dict[Parameter, dict[str, Array]] = {}
        self._updated: list[Parameter] = []
        self._begin()
        rate = learning_rate if lr is None else lr
        self._schedule: Callable[..., Any] | None = None  # what the rate is asked from before each step
        self._coming: Array | None = None  # of the steps ahead, what the schedule says
        self._learning_rate = Variable(np.nan, False, name="learning_rate")
        if rate is not None:
            self.learning_rate = rate
        self.iterations = Variable(0, False, name=f"{self.name}/iter", dtype=np.int64)
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.weight_decay, self.decay = weight_decay, decay

    def _begin(self) -> None:
        """Have looked up no memory yet."""
        self._mirrors: WeakKeyDictionary[ParameterBuffer, Slots] = WeakKeyDictionary()
        self._plan = Plan([])
        self._seen: dict[Parameter, None] = {}  # what was ever planned, in order
        self._plans: dict[tuple[int, ...], Plan] = {}  # by the identities of the variables
        self._own = ParameterBuffer()  # for parameters of a hand-written loop that belong to no model

    @property
    def learning_rate(self) -> Any:
        """The step size, one float32 number, or the schedule that gives it."""
        if self._schedule is None:
            return self._learning_rate
        return self._schedule if isinstance(self._schedule, LearningRateSchedule) else self._schedule()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule):
            self._check_schedule(value)
            self._schedule = value
        elif callable(value):
            check_call("A learning rate that is a function, and no LearningRateSchedule,", value)
            self._schedule = value
        else:
            self._learning_rate.assign(not_negative("learning_rate", value))
            self._schedule = None

    def _check_schedule(self, schedule: LearningRateSchedule) -> None:
        check_call(f"The schedule {type(schedule).__name__}", schedule, "step")

    @property
    def scheduled(self) -> bool:
        """Whether a schedule or a function gives the learning rate, so that nobody else can set it."""
        return self._schedule is not None

    @property
    def lr(self) -> Any:
        """The older name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    # -- a step -----------------------------------------------------------------------------------------

    def plan(self, parameters: Sequence[Parameter]) -> Plan:
        """Say which parameters are updated: the memory is looked up once, not at every step.

        Returns
        -------
        Plan
            For `step`; the last plan that was made is what `step` goes by when it is given none.
        """
        self._check_methods()
        made = self._plan = Plan(list(parameters))
        self._find(made)
        return made

    def resume(self, plan: Plan) -> None:
        """Go on with an earlier plan, which counts as the last one that was made."""
        self._plan = plan

    def _check_methods(self) -> None:
        """Raise for methods that tf.keras calls and that nothing would call here."""
        unused = next((name for name in OF_KERAS if hasattr(self, name)), None)
        if unused is None and type(self).minimize is not Optimizer.minimize:
            unused = "minimize"
        if unused:
            raise ArgumentError(
                "An optimizer updates weights in _update, _resource_apply_dense, step or apply_gradients. "
                f"Received: {type(self).__name__}.{unused}, which nothing calls. "
                "Write it as _update(self, kernels, w, g, slots, rate), which changes the array w."
            )

    def _find(self, plan: Plan) -> None:
        """Find the memory of a plan for the first time."""
        if self._remembered:
            self._recognize(plan.parameters)
        self._own.adopt(plan.parameters)  # those that no model has adopted
        for buffer in {p.buffer for p in plan.parameters if p.buffer is not None}:
            buffer.learn(p for p in plan.parameters if p.buffer is buffer)
        self._seen.update(dict.fromkeys(plan.parameters))
        create = getattr(self, "_create_slots", None)
        if create is not None:
            create(plan.parameters)
        self._look_up(plan)

    def _look_up(self, plan: Plan) -> None:
        """Find the memory of a plan."""
        buffers = dict.fromkeys(p.buffer for p in plan.parameters)
        plan.layouts = [(b, b.layout) for b in buffers if b is not None]
        plan.calls = [
            (s.of(s.buffer.values), s.of(s.buffer.grads), self._slots(s)) for s in segments(plan.parameters)
        ]

    def step(self, kernels: ModuleType = reference, plan: Plan | None = None) -> None:
        """Update all parameters of a plan by their gradients, in place: all or none, whatever interrupts."""
        plan = self._plan if plan is None else plan
        rate = self.prepare(plan)
        with interrupts.held():
            self.commit(kernels, plan, rate)

    def prepare(self, plan: Plan) -> float:
        """Do what comes before the parameters of a plan change, and return the learning rate of the step.

        That may take a while, and fail: a schedule is the user's code.
        """
        self.look_again(plan)
        self._clip(plan)
        return self.rate()

    def commit(self, kernels: ModuleType, plan: Plan, rate: float) -> None:
        """Change the parameters of a plan and all that is remembered; to be called while interrupts are held."""
        change = getattr(self, "_resource_apply_dense", None)  # of a class in the way of tf.keras
        for values, grads, slots in plan.calls:
            if self.weight_decay:
                kernels.weight_decay_step(values, rate * self.weight_decay)
            if change is None:
                self._update(kernels, values, grads, slots, rate)
        if change is not None:
            for p in plan.parameters:
                assert p.slot is not None
                change(constant(p.slot), p)
        self.iterations.value += 1

    @property
    def of_library(self) -> bool:
        """True if a step runs no method of the user's."""
        kind: Any = type(self)
        own = kind.__module__.startswith("minifit.") and vars(self).keys().isdisjoint(_methods_of(kind))
        return own and as_written(self, "_update")

    def fit_step(self, kernels: ModuleType, plan: Plan) -> None:
        """Take a step of `fit` by the methods of a user's class: `apply_gradients`, or `step` and what it calls."""
        if getattr(self.apply_gradients, "__func__", None) is Optimizer.apply_gradients:
            self.step(kernels, plan)
            constrain(plan.parameters)
        else:
            self.apply_gradients([(constant(p.slot), p) for p in plan.parameters if p.slot is not None])

    def keep(self, plan: Plan, undo: Undo) -> None:
        """Have `undo` bring back what a step is about to change: numbers, also those in attributes."""
        self.look_again(plan)
        for values, _, slots in plan.calls:
            for array in (values, *slots):
                undo.keep(array)
        undo.keep(self.iterations.value)
        undo.then(vars(self).update, {k: v for k, v in vars(self).items() if isinstance(v, int | float)})

    def look_again(self, plan: Plan) -> None:
        """Find the memory of a plan again if it was laid out again: a layer was added meanwhile, or a slot."""
        if any(buffer.layout != layout for buffer, layout in plan.layouts):
            self._look_up(plan)

    def minimize(
        self,
        loss: Any,
        var_list: Any,
        grad_loss: Any = None,
        name: str | None = None,
        tape: GradientTape | None = None,
    ) -> Variable:
        """Take a step that makes a loss smaller: the gradient on a tape, then `apply_gradients`.

        Parameters
        ----------
        loss : callable or Tensor
            A function without arguments that returns a tensor, or a tensor that was computed on `tape`.
        var_list : list of Parameter, or function that returns it
        grad_loss : array_like, optional
            The gradient with respect to the loss; ones when None.
        name : str, optional
            As for `apply_gradients`.
        tape : GradientTape, optional
            Needed for a tensor.

        Returns
        -------
        Variable
            `iterations`.

        Raises
        ------
        ArgumentError
            For a tensor without a tape, and as `apply_gradients`.
        """
        if not callable(loss) and tape is None:
            raise ArgumentError(
                f"minimize takes a tensor together with its tape. Received: loss={quoted(loss)}, tape=None. "
                "Pass tape=, or a function that computes the loss."
            )
        tape = GradientTape() if tape is None else tape
        if callable(loss):
            with tape:
                if not callable(var_list):
                    tape.watch(var_list)
                loss = loss()
        variables = nest.flatten(var_list() if callable(var_list) else var_list)
        return self.apply_gradients(
            zip(tape.gradient(loss, variables, grad_loss), variables, strict=True), name
        )

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Parameter]],
        name: str | None = None,
        experimental_aggregate_gradients: bool = True,
    ) -> Variable:
        """Take one step of a hand-written loop, or of a model's own `train_step`.

        Parameters
        ----------
        grads_and_vars : iterable of (Tensor or array_like, Parameter)
            Each gradient with the parameter that it is for; where it is None the parameter stays as it is.
        name
            Accepted as in tf.keras; a step has no name here.
        experimental_aggregate_gradients : bool, default True
            Whether the gradients are added up over the workers, where several take the step.

        Returns
        -------
        Variable
            `iterations`.

        Raises
        ------
        ArgumentError
            When all gradients are None, or a variable stands there twice.
        ArgumentTypeError
            When something is no variable.
        ShapeError
            When a gradient has another shape than its parameter.

        Warns
        -----
        MinifitWarning
            When there is no gradient for some of the variables, at the first such step.
        """
        given = list(grads_and_vars)
        if not given:
            return self.iterations
        pairs = [(to_array(grad), p) for grad, p in given if grad is not None]
        parameters = [p for _, p in pairs]
        plan = self._plans.get(tuple(map(id, parameters)))
        if plan is None or any(buffer.layout != layout for buffer, layout in plan.layouts):
            plan = self._plan_by_hand([p for _, p in given], parameters)
        for array, p in pairs:
            if array.shape != p.shape:
                raise ShapeError(
                    f"A gradient has the shape of its parameter: {p.name} is {p.shape}. "
                    f"Received: {array.shape}. Pair them in the same order."
                )
        for array, p in pairs:
            assert p.slot is not None
            if array is not p.slot:
                p.slot[...] = array
        here = current()
        if here.share is not None and experimental_aggregate_gradients:
            _add_up(parameters, here.workers, here.share.rows > 0)
        if here.undo is not None:
            self.keep(plan, here.undo)
        with np.errstate(all="ignore"):
            self.step(here.kernels, plan)
        constrain(parameters)
        return self.iterations

    def _plan_by_hand(self, given: list[Any], parameters: list[Parameter]) -> Plan:
        """Return a plan for those parameters of a hand-written step that have a gradient, which is kept."""
        for p in given:
            if not isinstance(p, Parameter):
                raise ArgumentTypeError(
                    f"A step changes variables. Received: {type(p).__name__}. Give pairs of a gradient and a variable."
                )
        missing = [p.name for p in given if not any(p is q for q in parameters)]
        if not parameters:
            raise ArgumentError(
                f"A step needs a gradient. Received: None for each of {missing}. "
                "Compute the loss from these variables, on the tape or before backward()."
            )
        if len(set(parameters)) < len(parameters):
            raise ArgumentError(
                "A step takes one gradient for each variable. Received: "
                f"{next(p.name for i, p in enumerate(parameters) if p in set(parameters[:i]))!r} twice. Add them up."
            )
        if missing:
            warn(
                f"There is no gradient for {missing}, which stay as they are. Compute the loss from them, "
                "or leave them out of the step."
            )
        plan = Plan(parameters)
        self._find(plan)
        if len(self._plans) == PLANS:
            self._plans.clear()
        self._plans[tuple(map(id, parameters))] = plan
        return plan

    def rate(self) -> float:
        """The learning rate of the next step; asks the schedule, if there is one."""
        if self._schedule is not None:
            self._learning_rate.assign(self._scheduled(self._schedule))
        rate: float = self._learning_rate.value.item()
        if rate != rate:
            raise ArgumentError(
                f"This {type(self).__name__} has no learning rate. Set its attribute learning_rate."
            )
        return rate / (1 + self.decay * int(self.iterations)) if self.decay else rate

    def steady_rate(self) -> float | None:
        """Return the learning rate of all steps until it is assigned; None where it changes by itself."""
        if self._schedule is not None or self.decay:
            return None
        rate: float = self._learning_rate.value.item()
        return rate if rate == rate else self.rate()

    def rates(self, most: int) -> Array | list[float]:
        """Return the learning rates of the next steps as far as they are known, at most so many and at least one.

        They are what `rate` would return before each step. A schedule of the user's may look at anything, so it is
        asked before each step, and an error comes before the step that it is about. `used` is to be called afterwards.
        """
        self._coming = None
        schedule, begin = self._schedule, int(self.iterations)
        if most == 1 or not (schedule is None or _of_library(schedule)):
            return [self.rate()]
        steps = np.arange(begin, begin + most)
        if schedule is None:
            found = np.full(most, self._learning_rate.value.item())
        else:
            found = self._coming = np.asarray(to_array(schedule(steps.astype(FLOAT))), np.float64)
        rates: Array = found / (1 + self.decay * steps) if self.decay else found
        (bad,) = np.nonzero(self._unusable(rates))
        if not bad.size:
            return rates
        self._coming = None if bad[0] == 0 else self._coming
        return rates[: bad[0]] if bad[0] else [self.rate()]

    def _unusable(self, rates: Any) -> Any:
        """Return for which of several learning rates `rate` would raise."""
        return rates != rates

    def used(self, steps: int) -> None:
        """Note that so many steps were taken by the rates that `rates` returned."""
        if self._coming is not None:
            self._learning_rate.assign(self._coming[steps - 1])

    def lower(self, program: Any, plan: Plan) -> None:
        """Write down the update of all that a plan updates."""
        if not self.of_library:
            program.refuse(f"the optimizer {type(self).__name__}")
        self._lower_clipping(program, plan)
        for values, grads, slots in plan.calls:
            if self.weight_decay:
                program.update("shrink_weights", (values,), values, program.rates, float(self.weight_decay))
            self.lower_update(program, values, grads, slots)

    def _lower_clipping(self, program: Any, plan: Plan) -> None:
        """Write down what `_clip` does."""
        if self.clipvalue is not None:
            for _, grads, _ in plan.calls:
                program.update("clip", (grads,), grads, -float(self.clipvalue), float(self.clipvalue))
        if self.clipnorm is not None:
            for p in plan.parameters:
                program.clip_norm([p.slot], float(self.clipnorm))
        if self.global_clipnorm is not None:
            program.clip_norm([grads for _, grads, _ in plan.calls], float(self.global_clipnorm))

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Write down the update of weights that lie side by side: see `Program.update`."""
        raise NotImplementedError(f"{type(self).__name__} must define lower_update")

    def _scheduled(self, schedule: Callable[..., Any]) -> Any:
        """Return what the schedule or function says for this step."""
        if isinstance(schedule, LearningRateSchedule):
            return schedule(FLOAT.type(self.iterations.value))  # in float32, as in TensorFlow
        return schedule()

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        """Change `w` by its gradient `g`; `slots` come in the order of `slot_names`."""
        raise NotImplementedError(f"{type(self).__name__} must define _update, or _resource_apply_dense")

    def _clip(self, plan: Plan) -> None:
        if self.clipvalue is not None:
            for _, grads, _ in plan.calls:
                np.clip(grads, -self.clipvalue, self.clipvalue, out=grads)
        if self.clipnorm is not None:
            for p in plan.parameters:
                assert p.slot is not None
                _shrink([p.slot], self.clipnorm)
        if self.global_clipnorm is not None:
            _shrink([grads for _, grads, _ in plan.calls], self.global_clipnorm)

    # -- what it remembers ------------------------------------------------------------------------------

    def _slots(self, segment: Segment) -> tuple[Array, ...]:
        mirror = self._mirrors.get(segment.buffer)
        if mirror is None:
            mirror = self._mirrors[segment.buffer] = Slots(self.slot_names, dict(self.slot_starts))
        mirror.follow(segment.buffer)
        if self._remembered:
            for p in segment.buffer.parameters:
                mirror.put(p, self._remembered.pop(p, {}))
        return tuple(segment.of(mirror.arrays[name]) for name in self.slot_names)

    def remember(self, *slot_names: str) -> None:
        """Have these slots from now on; those that are new begin as ever."""
        self.slot_names = slot_names
        for mirror in self._mirrors.values():
            mirror.have(slot_names)
        self._look_again_later()

    def _look_again_later(self) -> None:
        """Let plans look their memory up again before the next step."""
        for buffer in self._mirrors:
            buffer.layout += 1

    def slots_of(self, parameter: Parameter) -> dict[str, Array]:
        """Return what is remembered for one parameter: by name of the slot, arrays of its shape to be changed in place.

        Nothing for one that is not learned, as moving averages are, unless this is a copy that has yet to train it.
        """
        if parameter.buffer is None or not parameter.buffer.holds_learned(parameter):
            return self._remembered.get(parameter, {})
        whole = Segment(parameter.buffer, parameter.start, parameter.start + parameter.value.size)
        return {
            name: view.reshape(parameter.shape)
            for name, view in zip(self.slot_names, self._slots(whole), strict=True)
        }

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: with each parameter, what is remembered of it; not the memory that it lies in."""
        learned = (p for buffer in self._mirrors for p in buffer.parameters if buffer.holds_learned(p))
        slots = {p: self.slots_of(p) for p in learned}
        known = {**self._remembered, **slots} if self.slot_names else {}
        kept = {
            k: v for k, v in vars(self).items() if k not in ("_mirrors", "_plan", "_plans", "_seen", "_own")
        }
        updated = [p for p in self._plan.parameters or self._updated if p in known]
        return {**kept, "_remembered": known, "_updated": updated}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def _recognize(self, parameters: Sequence[Parameter]) -> None:
        """Let a copy that was made without its model go on where the original was.

        It has parameters that no model knows. The first ones of the same shapes, in the same order, are taken for them.
        """
        known = self._updated or list(self._remembered)
        if any(p in self._remembered for p in parameters) or any(p.buffer is not None for p in known):
            return
        if [p.shape for p in known] == [p.shape for p in parameters]:
            slots = [self._remembered.get(p, {}) for p in known]
            self._remembered = dict(zip(parameters, slots, strict=True))

    def get_state(self, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Everything that decides its further steps on these parameters, as copies.

        A schedule is no part of it: the learning rate is None then, and `set_state` leaves the one that is there.
        """
        return {
            "learning_rate": self._learning_rate.value.copy() if self._schedule is None else None,
            "iterations": self.iterations.value.copy(),
            "hyperparameters": self._hyperparameters(),
            "slots": [{k: v.copy() for k, v in self.slots_of(p).items()} for p in parameters],
        }

    def set_state(self, state: dict[str, Any], parameters: Sequence[Parameter]) -> None:
        """Put back what `get_state` returned."""
        if state["learning_rate"] is not None:
            self.learning_rate = state["learning_rate"]
        self.iterations.assign(state["iterations"])
        for name, value in state.get("hyperparameters", {}).items():
            setattr(self, name, value)
        for parameter, saved in zip(parameters, state["slots"], strict=True):
            for name, view in self.slots_of(parameter).items():
                view[...] = saved[name]

    def settings(self) -> dict[str, Any]:
        """Its hyperparameters as they are now, by name. No schedule is asked: it is described."""
        own = {
            k: v
            for k, v in vars(self).items()
            if not k.startswith("_") and k != "name" and not isinstance(v, Variable)
        }
        return {**own, "learning_rate": self._described_rate()}

    def _hyperparameters(self) -> dict[str, float | None]:
        """Those beside the learning rate that a callback may change in the course of a training."""
        now = plain(self.settings())
        return {
            k: v for k, v in now.items() if k != "learning_rate" and (v is None or isinstance(v, int | float))
        }

    def _described_rate(self) -> Any:
        """The number, the configuration of the schedule, or the name of what has no configuration."""
        schedule = self._schedule
        if schedule is None:
            return float(self._learning_rate)
        if isinstance(schedule, LearningRateSchedule):
            configured = type(schedule).get_config is not LearningRateSchedule.get_config
            return serialize(schedule) if configured else type(schedule).__name__
        return getattr(schedule, "__name__", type(schedule).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, with its learning rate of now."""
        options = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
        given = {name: getattr(self, name) for name in options if getattr(self, name) is not None}
        rate = self.learning_rate
        rate = serialize(rate) if isinstance(rate, LearningRateSchedule) else float(rate)
        return {"name": self.name, **given, "learning_rate": rate, "decay": self.decay}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """An optimizer made from what `get_config` returned.

        Parameters
        ----------
        config : dict
        custom_objects : dict, optional
            Schedules of your own, by the names of their classes.
        """
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            config = {**config, "learning_rate": deserialize(rate, custom_objects)}
        return cls(**config)


@cache
def _methods_of(kind: type) -> frozenset[str]:
    """Return the names of a library class's methods; there are few such classes."""
    return frozenset(name for name in dir(kind) if callable(getattr(kind, name, None)))


def _of_library(schedule: Any) -> bool:
    """Return whether a schedule is one of the library, which goes by the number of the step alone."""
    return isinstance(schedule, LearningRateSchedule) and type(schedule).__module__.startswith("minifit.")


def _add_up(parameters: Sequence[Parameter], workers: Workers, counting: bool) -> None:
    """Replace the gradients of parameters by their sums over all workers whose rows count."""
    slots = [p.slot for p in parameters if p.slot is not None]
    numbers = np.concatenate([*(slot.reshape(-1) for slot in slots), np.zeros(1, FLOAT)])
    if not counting:
        numbers.fill(0)
    workers.add_up(numbers)
    begin = 0
    for slot in slots:
        slot[...] = numbers[begin : begin + slot.size].reshape(slot.shape)
        begin += slot.size


def _shrink(grads: list[Array], norm: float) -> None:
    """Scale these gradients, in place, so that their common Euclidean norm is at most `norm`."""
    total = float(np.sqrt(sum(float(np.vdot(g, g)) for g in grads)))
    if total > norm or np.isnan(total):
        for g in grads:
            g *= g.dtype.type(norm / total)
