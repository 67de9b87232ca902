"""Methods for programs written for tf.keras: an optimizer's weights as a list, and hooks for subclasses.

An optimizer written for tf.keras creates its slots in `_create_slots` and updates one variable at a time in
`_resource_apply_dense`, with operations on tensors and variables.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from minifit.arrays import Array
from minifit.errors import ArgumentError, UnknownNameError, quoted
from minifit.numbers import Number
from minifit.parameters import Parameter, Variable
from minifit.schedules import LearningRateSchedule, serialize


class KerasMethods:
    """The base class of `Optimizer`, with the methods that only programs for tf.keras call."""

    slot_names: tuple[str, ...]
    slots_by_variable = False
    """True if Keras lists all slots of one variable before those of the next."""

    if TYPE_CHECKING:
        name: str
        iterations: Variable
        learning_rate: Any
        decay: float
        _planned: dict[Parameter, None]

        def slots_of(self, parameter: Parameter) -> dict[str, Array]:
            """Return the slots of one parameter by name."""

        def remember(self, *slot_names: str) -> None:
            """Set the names of the slots."""

        def rate(self) -> float:
            """Return the learning rate of the next step."""

        def plan(self, parameters: Sequence[Parameter]) -> Any:
            """Look up the memory of parameters."""

    @property
    def _name(self) -> str:
        """Name, under the attribute that tf.keras uses and plugins read."""
        return self.name

    # -- weights ----------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """Variables of the optimizer: `iterations`, then the slots of each variable that it has updated.

        They share the memory that the steps use, until a layer is added to the model.
        """
        slots = {p: self.slots_of(p) for p in self._planned}
        places = [(p, slot) for slot in self.slot_names for p in slots]
        if self.slots_by_variable:
            places = [(p, slot) for p in slots for slot in self.slot_names]
        return [self.iterations, *(self._variable(p, slot, slots[p][slot]) for p, slot in places if slots[p])]

    def variables(self) -> list[Variable]:
        """Return `weights`; a method, as in TensorFlow 2.7."""
        return self.weights

    def get_weights(self) -> list[Any]:
        """Return copies of the values of `weights`, in order."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the values of `weights`, or none of them if one does not fit.

        Raises
        ------
        ArgumentError
            If their number differs from that of `weights`. Before its first step an optimizer has only `iterations`.
        ShapeError
            If a value has the wrong shape.
        """
        variables, values = self.weights, list(weights)
        if len(variables) != len(values):
            raise ArgumentError(
                f"This {type(self).__name__} has {len(variables)} weights. Received: {len(values)}. "
                "Take a step first, or pass the result of get_weights() for the same variables."
            )
        before = self.get_weights()
        try:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        except Exception:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)
            raise

    def _create_all_weights(self, var_list: Iterable[Parameter]) -> None:
        """Create the slots of these variables, before the first step."""
        self.plan(list(var_list))

    def get_slot_names(self) -> list[str]:
        """Return the names of the slots."""
        return list(self.slot_names)

    def get_slot(self, var: Parameter, slot_name: str) -> Variable:
        """Return a slot of a variable, as a variable that may be assigned to.

        Raises
        ------
        UnknownNameError
            If there is no such slot.
        """
        slots = self.slots_of(var)
        if slot_name not in slots:
            raise UnknownNameError.of(f"slot of {var.name}", str(slot_name), slots)
        return self._variable(var, slot_name, slots[slot_name])

    def _variable(self, parameter: Parameter, slot: str, memory: Array) -> Variable:
        return Variable.within(f"{self.name}/{parameter.name.removesuffix(':0')}/{slot}:0", memory)

    # -- for subclasses written for tf.keras ------------------------------------------------------------

    def add_slot(self, var: Parameter, slot_name: str, initializer: Any = "zeros") -> Variable:
        """Add a slot that starts at zeros; for `_create_slots`."""
        if initializer != "zeros":
            raise ArgumentError(
                f"A slot starts at zeros. Received: initializer={quoted(initializer)}. "
                "For another start, name the slot in slot_names and its initial value in slot_starts of the class."
            )
        if slot_name not in self.slot_names:
            self.remember(*self.slot_names, slot_name)
        return self.get_slot(var, slot_name)

    def _set_hyper(self, name: str, value: Any) -> None:
        """Store a hyperparameter as the attribute of the same name."""
        setattr(self, name, value)

    def _get_hyper(self, name: str, dtype: Any = None) -> Any:
        """Return a hyperparameter as a number; for a schedule, its rate at this step."""
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
        """Return the learning rate of this step, after `decay`."""
        return Number(self.rate())

    @property
    def _initial_decay(self) -> float:
        return self.decay
