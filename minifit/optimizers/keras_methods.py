"""Methods that programs of tf.keras call on an optimizer: weights as a list, and a class written as there.

An optimizer in the way of tf.keras names its slots in `_create_slots` and changes one variable at a time in
`_resource_apply_dense`. Its arithmetic is that of tensors and variables.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from minifit.arrays import Array
from minifit.errors import ArgumentError, UnknownNameError, quoted
from minifit.numbers import Number
from minifit.parameters import Parameter, Variable
from minifit.schedules import LearningRateSchedule, serialize


class KerasMethods:
    """The base of `Optimizer` with the methods that only programs for tf.keras call."""

    slot_names: tuple[str, ...]
    slots_by_variable = False
    """True where Keras lists all slots of one variable before those of the next."""

    if TYPE_CHECKING:
        name: str
        iterations: Variable
        learning_rate: Any
        decay: float
        _seen: dict[Parameter, None]

        def slots_of(self, parameter: Parameter) -> dict[str, Array]:
            """Return what is remembered for one parameter."""

        def remember(self, *slot_names: str) -> None:
            """Have these slots from now on."""

        def rate(self) -> float:
            """Return the learning rate of the next step."""

        def plan(self, parameters: Sequence[Parameter]) -> Any:
            """Look up the memory of parameters."""

    @property
    def _name(self) -> str:
        """Return `name`, which tf.keras keeps here and plugins read."""
        return self.name

    # -- weights ----------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """Its variables: `iterations`, then what it remembers of each variable that it has updated.

        They live in the memory that the steps use, until a layer is added to the model.
        """
        slots = {p: self.slots_of(p) for p in self._seen}
        places = [(p, slot) for slot in self.slot_names for p in slots]
        if self.slots_by_variable:
            places = [(p, slot) for p in slots for slot in self.slot_names]
        return [self.iterations, *(self._variable(p, slot, slots[p][slot]) for p, slot in places if slots[p])]

    def variables(self) -> list[Variable]:
        """Return `weights`; a method, as in TensorFlow 2.7."""
        return self.weights

    def get_weights(self) -> list[Any]:
        """Return copies of the numbers of `weights`, in their order."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the numbers of `weights`, or none if one does not fit.

        Raises
        ------
        ArgumentError
            When there are more or fewer than `weights`. An optimizer that made no step has `iterations` alone.
        ShapeError
            When one has another shape.
        """
        own, given = self.weights, list(weights)
        if len(own) != len(given):
            raise ArgumentError(
                f"This {type(self).__name__} has {len(own)} weights. Received: {len(given)}. "
                "Take a step first, or give what get_weights() returned for the same variables."
            )
        before = self.get_weights()
        try:
            for variable, value in zip(own, given, strict=True):
                variable.assign(value)
        except Exception:
            for variable, value in zip(own, before, strict=True):
                variable.assign(value)
            raise

    def _create_all_weights(self, var_list: Iterable[Parameter]) -> None:
        """Have the slots for these variables, before the first step."""
        self.plan(list(var_list))

    def get_slot_names(self) -> list[str]:
        """Return the names of what it remembers of each variable."""
        return list(self.slot_names)

    def get_slot(self, var: Parameter, slot_name: str) -> Variable:
        """Return what it remembers of a variable under a name, as a variable that may be assigned to.

        Raises
        ------
        UnknownNameError
            When there is no such slot.
        """
        slots = self.slots_of(var)
        if slot_name not in slots:
            raise UnknownNameError.of(f"slot of {var.name}", str(slot_name), slots)
        return self._variable(var, slot_name, slots[slot_name])

    def _variable(self, parameter: Parameter, slot: str, memory: Array) -> Variable:
        return Variable.within(f"{self.name}/{parameter.name.removesuffix(':0')}/{slot}:0", memory)

    # -- a class in the way of tf.keras -----------------------------------------------------------------

    def add_slot(self, var: Parameter, slot_name: str, initializer: Any = "zeros") -> Variable:
        """Remember something of each variable; for `_create_slots`. It begins with zeros."""
        if initializer != "zeros":
            raise ArgumentError(
                f"A slot begins with zeros. Received: initializer={quoted(initializer)}. "
                "Name the slot and what it begins with in slot_names and slot_starts of the class."
            )
        if slot_name not in self.slot_names:
            self.remember(*self.slot_names, slot_name)
        return self.get_slot(var, slot_name)

    def _set_hyper(self, name: str, value: Any) -> None:
        """Keep a hyperparameter as the attribute of this name."""
        setattr(self, name, value)

    def _get_hyper(self, name: str, dtype: Any = None) -> Any:
        """Return a hyperparameter as a number; of a schedule, its rate at this step."""
        value = getattr(self, name)
        if name == "learning_rate":
            return Number(self.rate())
        return Number(value) if isinstance(value, float) else value

    def _serialize_hyperparameter(self, name: str) -> Any:
        """Return a hyperparameter as plain numbers, for `get_config`."""
        value = getattr(self, name)
        if isinstance(value, LearningRateSchedule):
            return serialize(value)
        return value.numpy().item() if isinstance(value, Variable) else value

    def _decayed_lr(self, var_dtype: Any = None) -> Number:
        """Return the learning rate of this step, with `decay`."""
        return Number(self.rate())

    @property
    def _initial_decay(self) -> float:
        return self.decay
