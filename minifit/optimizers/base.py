"""`Optimizer`, the base class: the learning rate, the plan of a step, clipping, and the slots.

The parameters of a model lie in one buffer, so a step is one kernel call over that buffer. The slots of an optimizer
(momentum, moments) are arrays with the same layout.
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
"""Methods through which tf.keras updates weights, and which do not exist here."""

PLANS = 8
"""Number of plans kept for hand-written loops: one for each list of variables."""


class Plan:
    """The parameters that a step updates, and their memory.

    Attributes
    ----------
    parameters : list of Parameter
    calls : list of tuple
        Values, gradients and slots of each contiguous segment of memory.
    layouts : list of tuple
        Each buffer with its layout at the time of the lookup.
    """

    __slots__ = ("calls", "layouts", "parameters")

    def __init__(self, parameters: list[Parameter]) -> None:
        self.parameters = parameters
        self.calls: list[tuple[Array, Array, tuple[Array, ...]]] = []
        self.layouts: list[tuple[ParameterBuffer, int]] = []


class _ClippingNorm(Setting):
    """One of two settings that exclude each other."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise an error if the other norm is set."""
        settings = {"clipnorm": None, "global_clipnorm": None, **vars(owner), self.name: value}
        norms = {name: settings[name] for name in ("clipnorm", "global_clipnorm")}
        if None not in norms.values():
            raise ArgumentError(
                "clipnorm and global_clipnorm exclude each other. "
                f"Received: {', '.join(f'{k}={v}' for k, v in norms.items())}. Leave one out."
            )


class FirstStep(Setting):
    """A setting that initializes the slots: it cannot change after the first step has created them."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise an error for a value that differs from the one that initialized the slots."""
        if owner._mirrors and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} cannot change after the first step. Received: {self.name}={value!r} for an optimizer "
                f"that started with {self.name}={vars(owner)[self.name]!r}. Compile with a new optimizer."
            )


class Optimizer(KerasMethods, Configurable):
    """The base class of optimizers: the learning rate, the slots, clipping and weight decay.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, or the older keyword `lr`
        Before each step the optimizer calls a schedule with the number of steps taken so far, and a function without
        arguments. A subclass may leave it out and set the attribute.
    name : str
        A subclass may also pass it alone, as in tf.keras: ``super().__init__(name)``.
    clipnorm : float, optional
        The gradient of each parameter is scaled down to this Euclidean norm.
    clipvalue : float, optional
        Each number of the gradient is clipped to [-clipvalue, clipvalue].
    global_clipnorm : float, optional
        All gradients together are scaled down to this Euclidean norm.
    weight_decay : float, optional
        Before each step, parameters shrink by ``learning_rate * weight_decay`` of themselves.
    decay : float, default 0
        The step at iteration t uses ``learning_rate / (1 + decay * t)``.

    Attributes
    ----------
    learning_rate, lr : Variable, LearningRateSchedule or float
        One float32 number: assign to it, or call ``.assign``. With a schedule it is the schedule, and with a function
        it is the current return value; a number assigned to it replaces either.
    iterations : Variable
        Number of steps taken.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For unknown keywords and numbers out of range.

    References
    ----------
    ``tf.keras.optimizers.Optimizer`` (TensorFlow 2.7); `weight_decay` from Keras 2.11.
    """

    slot_names: tuple[str, ...] = ()
    slot_starts: Mapping[str, float] = MappingProxyType({})
    """Initial values of the slots that do not start at 0."""
    clipnorm, global_clipnorm = _ClippingNorm(optional), _ClippingNorm(optional)
    clipvalue = Setting(optional)
    weight_decay = Setting(optional)
    decay = Setting(not_negative)
    # a setting, because programs hold the address of its memory
    iterations: Variable = Setting()  # type: ignore[assignment]

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
                f"{type(self).__name__} takes no argument {quoted(next(iter(unknown)))}. Besides the arguments of "
                "its class it takes clipnorm, clipvalue, global_clipnorm, weight_decay, decay and lr."
            )
        if name is None and isinstance(learning_rate, str):
            learning_rate, name = None, learning_rate
        self.name = type(self).__name__ if name is None else name
        # The slots of a copied optimizer, until it looks up the memory of its parameters:
        self._remembered: dict[Parameter, dict[str, Array]] = {}
        self._updated: list[Parameter] = []
        self._begin()
        rate = learning_rate if lr is None else lr
        # returns the learning rate before each step
        self._schedule: Callable[..., Any] | None = None
        # the scheduled rates of the steps ahead
        self._coming: Array | None = None
        self._learning_rate = Variable(np.nan, False, name="learning_rate")
        if rate is not None:
            self.learning_rate = rate
        self.iterations = Variable(0, False, name=f"{self.name}/iter", dtype=np.int64)
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.weight_decay, self.decay = weight_decay, decay

    def _begin(self) -> None:
        """Start without any memory looked up."""
        self._mirrors: WeakKeyDictionary[ParameterBuffer, Slots] = WeakKeyDictionary()
        self._plan = Plan([])
        # all parameters planned so far, in order
        self._planned: dict[Parameter, None] = {}
        # plans of hand-written loops, by the identities of the variables
        self._plans: dict[tuple[int, ...], Plan] = {}
        # memory for parameters of a hand-written loop that belong to no model
        self._own = ParameterBuffer()

    @property
    def learning_rate(self) -> Any:
        """Step size, one float32 number, or the schedule that returns it."""
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
        """True if a schedule or a function determines the learning rate, so that a callback cannot set it."""
        return self._schedule is not None

    @property
    def lr(self) -> Any:
        """Older name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    # -- a step -----------------------------------------------------------------------------------------

    def plan(self, parameters: Sequence[Parameter]) -> Plan:
        """Plan the update of these parameters: look up their memory once instead of at each step.

        Returns
        -------
        Plan
            The argument of `step`, which uses the latest plan by default.
        """
        self._check_methods()
        plan = self._plan = Plan(list(parameters))
        self._find(plan)
        return plan

    def resume(self, plan: Plan) -> None:
        """Make an earlier plan the latest one again."""
        self._plan = plan

    def _check_methods(self) -> None:
        """Raise an error for methods that tf.keras calls and minifit never calls."""
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
        """Look up the memory of a new plan."""
        if self._remembered:
            self._recognize(plan.parameters)
        # takes the parameters that no model has adopted
        self._own.adopt(plan.parameters)
        for buffer in {p.buffer for p in plan.parameters if p.buffer is not None}:
            buffer.learn(p for p in plan.parameters if p.buffer is buffer)
        self._planned.update(dict.fromkeys(plan.parameters))
        create = getattr(self, "_create_slots", None)
        if create is not None:
            create(plan.parameters)
        self._look_up(plan)

    def _look_up(self, plan: Plan) -> None:
        """Look up the memory of a plan."""
        buffers = dict.fromkeys(p.buffer for p in plan.parameters)
        plan.layouts = [(b, b.layout) for b in buffers if b is not None]
        plan.calls = [
            (s.of(s.buffer.values), s.of(s.buffer.grads), self._slots(s)) for s in segments(plan.parameters)
        ]

    def step(self, kernels: ModuleType = reference, plan: Plan | None = None) -> None:
        """Update all parameters of a plan with their gradients, in place: all or none, even when interrupted."""
        plan = self._plan if plan is None else plan
        rate = self.prepare(plan)
        with interrupts.held():
            self.commit(kernels, plan, rate)

    def prepare(self, plan: Plan) -> float:
        """Clip the gradients of a plan, and return the learning rate of the step.

        This part may take long or raise an error, because a schedule is user code.
        """
        self.look_again(plan)
        self._clip(plan)
        return self.rate()

    def commit(self, kernels: ModuleType, plan: Plan, rate: float) -> None:
        """Update the parameters of a plan and the slots; call it while interrupts are held."""
        # a class written for tf.keras updates one variable at a time
        change = getattr(self, "_resource_apply_dense", None)
        for values, grads, slots in plan.calls:
            if self.weight_decay:
                kernels.weight_decay_step(values, rate * self.weight_decay)
            if change is None:
                self._update(kernels, values, grads, slots, rate)
        if change is not None:
            for p in plan.parameters:
                assert p.grad_view is not None
                change(constant(p.grad_view), p)
        self.iterations.value += 1

    @property
    def of_library(self) -> bool:
        """True if a step calls no user-defined method."""
        kind: Any = type(self)
        own = kind.__module__.startswith("minifit.") and vars(self).keys().isdisjoint(_methods_of(kind))
        return own and as_written(self, "_update")

    def fit_step(self, kernels: ModuleType, plan: Plan) -> None:
        """Take a step of `fit` with the methods of a user's class: `apply_gradients`, or `step` and its callees."""
        if getattr(self.apply_gradients, "__func__", None) is Optimizer.apply_gradients:
            self.step(kernels, plan)
            constrain(plan.parameters)
        else:
            self.apply_gradients(
                [(constant(p.grad_view), p) for p in plan.parameters if p.grad_view is not None]
            )

    def keep(self, plan: Plan, undo: Undo) -> None:
        """Register with `undo` everything that a step changes, including numbers in attributes."""
        self.look_again(plan)
        for values, _, slots in plan.calls:
            for array in (values, *slots):
                undo.keep(array)
        undo.keep(self.iterations.value)
        undo.then(vars(self).update, {k: v for k, v in vars(self).items() if isinstance(v, int | float)})

    def look_again(self, plan: Plan) -> None:
        """Look up the memory of a plan again if its layout has changed: after a new layer or a new slot."""
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
        """Take a step that decreases a loss: compute the gradient on a tape, then call `apply_gradients`.

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
            Required for a tensor.

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
        """Take one step, in a hand-written loop or in a model's `train_step`.

        Parameters
        ----------
        grads_and_vars : iterable of (Tensor or array_like, Parameter)
            Each gradient with its parameter. A parameter whose gradient is None does not change.
        name
            Accepted for tf.keras; a step has no name here.
        experimental_aggregate_gradients : bool, default True
            Whether the gradients are summed over the workers, when several take the step.

        Returns
        -------
        Variable
            `iterations`.

        Raises
        ------
        ArgumentError
            If all gradients are None, or a variable appears twice.
        ArgumentTypeError
            If something is not a variable.
        ShapeError
            If the shape of a gradient differs from that of its parameter.

        Warns
        -----
        MinifitWarning
            If some variables have no gradient, at the first such step.
        """
        arguments = list(grads_and_vars)
        if not arguments:
            return self.iterations
        pairs = [(to_array(grad), p) for grad, p in arguments if grad is not None]
        parameters = [p for _, p in pairs]
        plan = self._plans.get(tuple(map(id, parameters)))
        if plan is None or any(buffer.layout != layout for buffer, layout in plan.layouts):
            plan = self._plan_by_hand([p for _, p in arguments], parameters)
        for array, p in pairs:
            if array.shape != p.shape:
                raise ShapeError(
                    f"A gradient must have the shape of its parameter: {p.name} is {p.shape}. "
                    f"Received: {array.shape}. Pair gradients and parameters in the same order."
                )
        for array, p in pairs:
            assert p.grad_view is not None
            if array is not p.grad_view:
                p.grad_view[...] = array
        context = current()
        if context.share is not None and experimental_aggregate_gradients:
            _add_up(parameters, context.workers, context.share.rows > 0)
        if context.undo is not None:
            self.keep(plan, context.undo)
        with np.errstate(all="ignore"):
            self.step(context.kernels, plan)
        constrain(parameters)
        return self.iterations

    def _plan_by_hand(self, variables: list[Any], parameters: list[Parameter]) -> Plan:
        """Create and keep a plan for the variables of a hand-written step that have a gradient, `parameters`."""
        for p in variables:
            if not isinstance(p, Parameter):
                raise ArgumentTypeError(
                    f"A step updates variables. Received: {type(p).__name__}. Pass pairs of a gradient and a variable."
                )
        missing = [p.name for p in variables if not any(p is q for q in parameters)]
        if not parameters:
            raise ArgumentError(
                f"A step needs a gradient. Received: None for each of {missing}. "
                "Compute the loss from these variables, on the tape or before backward()."
            )
        if len(set(parameters)) < len(parameters):
            raise ArgumentError(
                "A step takes one gradient for each variable. Received: "
                f"{next(p.name for i, p in enumerate(parameters) if p in set(parameters[:i]))!r} twice. "
                "Add the two gradients."
            )
        if missing:
            warn(
                f"There is no gradient for {missing}, which the step does not change. Compute the loss from them, "
                "or leave them out of the step."
            )
        plan = Plan(parameters)
        self._find(plan)
        if len(self._plans) == PLANS:
            self._plans.clear()
        self._plans[tuple(map(id, parameters))] = plan
        return plan

    def rate(self) -> float:
        """Return the learning rate of the next step; call the schedule, if there is one."""
        if self._schedule is not None:
            self._learning_rate.assign(self._scheduled(self._schedule))
        rate: float = self._learning_rate.value.item()
        if rate != rate:
            raise ArgumentError(
                f"This {type(self).__name__} has no learning rate. Set its attribute learning_rate."
            )
        return rate / (1 + self.decay * int(self.iterations)) if self.decay else rate

    def steady_rate(self) -> float | None:
        """Return the learning rate of all steps until the next assignment; None if a schedule or decay changes it."""
        if self._schedule is not None or self.decay:
            return None
        rate: float = self._learning_rate.value.item()
        return rate if rate == rate else self.rate()

    def rates(self, most: int) -> Array | list[float]:
        """Return the learning rates of the next steps, at least one and at most `most`.

        They equal what `rate` would return before each step. A user's schedule may depend on anything, so it is called
        before each step, and its error is raised before the step it belongs to. Call `used` after the steps.
        """
        self._coming = None
        schedule, begin = self._schedule, int(self.iterations)
        if most == 1 or not (schedule is None or _of_library(schedule)):
            return [self.rate()]
        steps = np.arange(begin, begin + most)
        if schedule is None:
            scheduled = np.full(most, self._learning_rate.value.item())
        else:
            scheduled = self._coming = np.asarray(to_array(schedule(steps.astype(FLOAT))), np.float64)
        rates: Array = scheduled / (1 + self.decay * steps) if self.decay else scheduled
        (bad,) = np.nonzero(self._unusable(rates))
        if not bad.size:
            return rates
        self._coming = None if bad[0] == 0 else self._coming
        return rates[: bad[0]] if bad[0] else [self.rate()]

    def _unusable(self, rates: Any) -> Any:
        """Return True for each learning rate at which `rate` would raise an error."""
        return rates != rates

    def used(self, steps: int) -> None:
        """Record that the first `steps` rates returned by `rates` were used."""
        if self._coming is not None:
            self._learning_rate.assign(self._coming[steps - 1])

    def lower(self, program: Any, plan: Plan) -> None:
        """Emit the instructions that update the parameters of a plan."""
        if not self.of_library:
            program.refuse(f"the optimizer {type(self).__name__}")
        self._lower_clipping(program, plan)
        for values, grads, slots in plan.calls:
            if self.weight_decay:
                program.update("shrink_weights", (values,), values, program.rates, float(self.weight_decay))
            self.lower_update(program, values, grads, slots)

    def _lower_clipping(self, program: Any, plan: Plan) -> None:
        """Emit the instructions of `_clip`."""
        if self.clipvalue is not None:
            for _, grads, _ in plan.calls:
                program.update("clip", (grads,), grads, -float(self.clipvalue), float(self.clipvalue))
        if self.clipnorm is not None:
            for p in plan.parameters:
                program.clip_norm([p.grad_view], float(self.clipnorm))
        if self.global_clipnorm is not None:
            program.clip_norm([grads for _, grads, _ in plan.calls], float(self.global_clipnorm))

    def lower_update(self, program: Any, w: Array, g: Array, slots: tuple[Array, ...]) -> None:
        """Emit the instructions that update contiguous weights: see `Program.update`."""
        raise NotImplementedError(f"{type(self).__name__} must define lower_update")

    def _scheduled(self, schedule: Callable[..., Any]) -> Any:
        """Return the learning rate of a schedule or function for this step."""
        if isinstance(schedule, LearningRateSchedule):
            # in float32, as in TensorFlow
            return schedule(FLOAT.type(self.iterations.value))
        return schedule()

    def _update(self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float) -> None:
        """Update `w` with its gradient `g`, in place; `slots` are in the order of `slot_names`."""
        raise NotImplementedError(f"{type(self).__name__} must define _update, or _resource_apply_dense")

    def _clip(self, plan: Plan) -> None:
        if self.clipvalue is not None:
            for _, grads, _ in plan.calls:
                np.clip(grads, -self.clipvalue, self.clipvalue, out=grads)
        if self.clipnorm is not None:
            for p in plan.parameters:
                assert p.grad_view is not None
                _shrink([p.grad_view], self.clipnorm)
        if self.global_clipnorm is not None:
            _shrink([grads for _, grads, _ in plan.calls], self.global_clipnorm)

    # -- slots and state --------------------------------------------------------------------------------

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
        """Set the names of the slots; a new slot starts with its initial value."""
        self.slot_names = slot_names
        for mirror in self._mirrors.values():
            mirror.have(slot_names)
        self._look_again_later()

    def _look_again_later(self) -> None:
        """Make all plans look up their memory again before the next step."""
        for buffer in self._mirrors:
            buffer.layout += 1

    def slots_of(self, parameter: Parameter) -> dict[str, Array]:
        """Return the slots of one parameter by name, arrays of its shape that can be changed in place.

        A parameter that is not learned, such as a moving average, has none, except in a copy that has not trained yet.
        """
        if parameter.buffer is None or not parameter.buffer.holds_learned(parameter):
            return self._remembered.get(parameter, {})
        whole = Segment(parameter.buffer, parameter.start, parameter.start + parameter.value.size)
        return {
            name: view.reshape(parameter.shape)
            for name, view in zip(self.slot_names, self._slots(whole), strict=True)
        }

    def __getstate__(self) -> dict[str, Any]:
        """Pickle or copy the slots of each parameter, without the memory that holds them."""
        learned = (p for buffer in self._mirrors for p in buffer.parameters if buffer.holds_learned(p))
        slots = {p: self.slots_of(p) for p in learned}
        known = {**self._remembered, **slots} if self.slot_names else {}
        memory = ("_mirrors", "_plan", "_plans", "_planned", "_own")
        attributes = {k: v for k, v in vars(self).items() if k not in memory}
        updated = [p for p in self._plan.parameters or self._updated if p in known]
        return {**attributes, "_remembered": known, "_updated": updated}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def _recognize(self, parameters: Sequence[Parameter]) -> None:
        """Let an optimizer that was copied without its model continue from the original's slots.

        Its parameters belong to no model. The first parameters with the same shapes in the same order replace them.
        """
        known = self._updated or list(self._remembered)
        if any(p in self._remembered for p in parameters) or any(p.buffer is not None for p in known):
            return
        if [p.shape for p in known] == [p.shape for p in parameters]:
            slots = [self._remembered.get(p, {}) for p in known]
            self._remembered = dict(zip(parameters, slots, strict=True))

    def get_state(self, parameters: Sequence[Parameter]) -> dict[str, Any]:
        """Return copies of everything that determines further steps on these parameters.

        A schedule is not part of the state: its learning rate is stored as None, and `set_state` keeps the current one.
        """
        return {
            "learning_rate": self._learning_rate.value.copy() if self._schedule is None else None,
            "iterations": self.iterations.value.copy(),
            "hyperparameters": self._hyperparameters(),
            "slots": [{k: v.copy() for k, v in self.slots_of(p).items()} for p in parameters],
        }

    def set_state(self, state: dict[str, Any], parameters: Sequence[Parameter]) -> None:
        """Restore a state that `get_state` returned."""
        if state["learning_rate"] is not None:
            self.learning_rate = state["learning_rate"]
        self.iterations.assign(state["iterations"])
        for name, value in state.get("hyperparameters", {}).items():
            setattr(self, name, value)
        for parameter, saved in zip(parameters, state["slots"], strict=True):
            for name, view in self.slots_of(parameter).items():
                view[...] = saved[name]

    def settings(self) -> dict[str, Any]:
        """Return the current hyperparameters by name; a schedule is described, not called."""
        hyperparameters = {
            k: v
            for k, v in vars(self).items()
            if not k.startswith("_") and k != "name" and not isinstance(v, Variable)
        }
        return {**hyperparameters, "learning_rate": self._described_rate()}

    def _hyperparameters(self) -> dict[str, float | None]:
        """Return the numbers, other than the learning rate, that a callback may change during training."""
        settings = plain(self.settings())
        del settings["learning_rate"]
        return {k: v for k, v in settings.items() if v is None or isinstance(v, int | float)}

    def _described_rate(self) -> Any:
        """Return the learning rate, the configuration of its schedule, or the name if it has no configuration."""
        schedule = self._schedule
        if schedule is None:
            return float(self._learning_rate)
        if isinstance(schedule, LearningRateSchedule):
            configured = type(schedule).get_config is not LearningRateSchedule.get_config
            return serialize(schedule) if configured else type(schedule).__name__
        return getattr(schedule, "__name__", type(schedule).__name__)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal optimizer, with the current learning rate."""
        names = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
        options = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        rate = self.learning_rate
        rate = serialize(rate) if isinstance(rate, LearningRateSchedule) else float(rate)
        return {"name": self.name, **options, "learning_rate": rate, "decay": self.decay}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Create an optimizer from the result of `get_config`.

        Parameters
        ----------
        config : dict
        custom_objects : dict, optional
            Your schedule classes, by name.
        """
        rate = config.get("learning_rate")
        if isinstance(rate, Mapping):
            config = {**config, "learning_rate": deserialize(rate, custom_objects)}
        return cls(**config)


@cache
def _methods_of(kind: type) -> frozenset[str]:
    """Return the names of a library class's methods; the cache stays small."""
    return frozenset(name for name in dir(kind) if callable(getattr(kind, name, None)))


def _of_library(schedule: Any) -> bool:
    """Return True for a schedule of the library, which depends only on the number of the step."""
    return isinstance(schedule, LearningRateSchedule) and type(schedule).__module__.startswith("minifit.")


def _add_up(parameters: Sequence[Parameter], workers: Workers, counting: bool) -> None:
    """Replace the gradients of parameters with their sums over all workers whose rows count."""
    grads = [p.grad_view for p in parameters if p.grad_view is not None]
    numbers = np.concatenate([*(grad.reshape(-1) for grad in grads), np.zeros(1, FLOAT)])
    if not counting:
        numbers.fill(0)
    workers.add_up(numbers)
    begin = 0
    for grad in grads:
        grad[...] = numbers[begin : begin + grad.size].reshape(grad.shape)
        begin += grad.size


def _shrink(grads: list[Array], norm: float) -> None:
    """Scale these gradients, in place, so that their joint Euclidean norm is at most `norm`."""
    total = float(np.sqrt(sum(float(np.vdot(g, g)) for g in grads)))
    if total > norm or np.isnan(total):
        for g in grads:
            g *= g.dtype.type(norm / total)
