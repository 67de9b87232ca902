"""Variables: the weights of a model, in one buffer, and single variables outside of it.

All trainable values of a model lie in one contiguous, aligned float32 array, and all gradients in a second array of
the same layout; layers hold views into both. So an optimizer updates a model in one kernel call, a snapshot is one
copy, and a checkpoint is one write. Freezing a layer changes the list of segments to update, not the memory.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from minifit.arrays import ALIGNMENT, FLOAT, Array, Shape, aligned_zeros, numpy_ready, whole_numbers
from minifit.checks import real
from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError, ShapeError, quoted
from minifit.settings import changed, flagged
from minifit.symbolic import no_symbols
from minifit.tensor import Tensor, current, to_array
from minifit.tensor_shape import quick

_room: ContextVar[list[int] | None] = ContextVar("room", default=None)


@contextmanager
def room_for(numbers: int) -> Iterator[None]:
    """Limit the total size of the weights and metric sums created in the block.

    A configuration from a file may demand more memory than there is. The file's own arrays bound what it can need.
    """
    token = _room.set([numbers])
    try:
        yield
    finally:
        _room.reset(token)


def take_room(name: str, shape: Shape) -> None:
    """Reserve the numbers of a new array; raise if the limit of `room_for` is exceeded."""
    room = _room.get()
    if room is not None:
        room[0] -= math.prod(shape)
        if room[0] < 0:
            raise FileFormatError(
                f"A file must hold the numbers of all that it describes. Received: {name!r} of shape {shape}, for "
                "which there are not enough. Copy the file again."
            )


def keep(array: Array) -> None:
    """Back up an array before it changes, so that the running step can be undone."""
    undo = current().undo
    if undo is not None:
        undo.keep(array)


def _live(attribute: str) -> Any:
    """Return a property that takes effect from the next batch on, as settings do."""
    notify = flagged if attribute == "_trainable" else changed

    def set_value(owner: Any, value: Any) -> None:
        setattr(owner, attribute, value)
        notify()

    return property(attrgetter(attribute), set_value)


class Parameter(Tensor):
    """A variable: a tensor with a name and replaceable values, which may be trainable.

    Parameters
    ----------
    name : str
        Such as ``"dense/kernel:0"``.
    value : ndarray
        The initial values.
    trainable : bool
        False for values that only the layer itself changes, such as moving averages.

    Attributes
    ----------
    value : ndarray
        The values. Setting it writes into the existing memory, as `assign` does.
    buffer : ParameterBuffer or None
        The buffer that holds the memory, once a model has adopted the parameter.
    start : int
        The offset in the buffer.

    Notes
    -----
    A copied or unpickled parameter has its own memory and belongs to no buffer.
    """

    __slots__ = (
        "_constraint",
        "_memory",
        "_regularizer",
        "_trainable",
        "buffer",
        "grad_view",
        "name",
        "start",
    )

    def __init__(self, name: str, value: Array, trainable: bool = True) -> None:
        self._begin(name, np.array(value, FLOAT), trainable)

    def _begin(self, name: str, memory: Array, trainable: bool) -> None:
        self.name = name
        self.move_to(memory)
        super().__init__(self._memory, requires_grad=trainable)
        self.trainable = trainable
        self.regularizer = self.constraint = None

    # Only `move_to` replaces the memory of a parameter, so a layer and an optimizer always use the same array.
    # `attrgetter` is the quickest function that reads an attribute.
    value = property(attrgetter("_memory"), lambda self, value: self.assign(value))
    # Type checkers see the attributes of `Tensor`.
    if not TYPE_CHECKING:
        shape = property(lambda self: quick(self._memory.shape))
        dtype = property(attrgetter("_memory.dtype"))

    trainable, regularizer, constraint = _live("_trainable"), _live("_regularizer"), _live("_constraint")

    def move_to(
        self,
        values: Array,
        grads: Array | None = None,
        buffer: "ParameterBuffer | None" = None,
        start: int = 0,
    ) -> None:
        """Use other memory from now on, with the values in it."""
        self._memory: Array = values
        # The parameter's part of the gradient buffer.
        self.grad_view: Array | None = grads
        self.buffer, self.start, self.grad = buffer, start, None

    def assign(self, value: Any) -> Self:
        """Replace the values in place; the shape must be the same.

        Returns
        -------
        Parameter
            The parameter itself.

        Raises
        ------
        ArgumentTypeError
            For a value that is not a number, and for fractions in a variable of integers.
        ShapeError
            For a different shape.
        """
        if value is self._memory:
            return self
        number = None if isinstance(value, np.ndarray) else real(value)
        array = np.asarray(numpy_ready(value) if number is None else number)
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"{self.name} takes numbers. Received: {value!r}. Pass a float, an array or a tensor."
            )
        if array.shape != self.shape:
            raise ShapeError(
                f"A weight or variable keeps its shape: {self.name} is {self.shape}. Received: {array.shape}. "
                "Pass an array of that shape."
            )
        if array.dtype.kind == "f" != self.dtype.kind and whole_numbers(array.reshape(-1))[1] >= 0:
            raise ArgumentTypeError(
                f"{self.name} holds integers, of dtype {self.dtype}. Received: {value!r}. Round it, or create the "
                "variable from floats."
            )
        keep(self._memory)
        self._memory[...] = array
        return self

    def __getitem__(self, index: Any) -> "Part":
        """Return the values at an index; ``variable[0].assign(1.0)`` replaces them in the variable."""
        return Part(super().__getitem__(index), self, index)

    def assign_add(self, value: Any) -> Self:
        """Add in place and return the variable itself."""
        return self.assign(self._memory + np.asarray(numpy_ready(value)))

    def assign_sub(self, value: Any) -> Self:
        """Subtract in place and return the variable itself."""
        return self.assign(self._memory - np.asarray(numpy_ready(value)))

    def read_value(self) -> Tensor:
        """Return a tensor of the current values, through which gradients reach the variable."""
        return current().result(self._memory.copy(), lambda g: (g,), self)

    def __repr__(self) -> str:
        return f"<Variable {self.name}: {self._memory[()]}>"

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        values = state.pop("value")
        # While a step runs, a frozen parameter requires no gradient.
        flags = {"requires_grad": self.trainable}
        return {**state, **flags, "_memory": values, "grad_view": None, "buffer": None, "start": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # An unpickled array may be a view of a read-only file.
        super().__setstate__({**state, "_memory": np.array(state["_memory"])})

    def grad_memory(self) -> Array:
        """Return the parameter's part of the gradient buffer, or new memory if an op of this step has written there."""
        if self.grad_view is None or self.grad is not None:
            return super().grad_memory()
        self.grad = self.grad_view
        return self.grad_view

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient, which is in the buffer if the parameter belongs to one."""
        if self.grad_view is None:
            super().accumulate(grad)
        elif grad is self.grad_view:
            # An op has written it there, through `grad_memory`.
            pass
        elif self.grad is None:
            self.grad_view[...] = grad
            self.grad = self.grad_view
        else:
            self.grad_view += grad


no_symbols.add(Parameter)


class ParameterBuffer:
    """The memory of a model's parameters.

    Attributes
    ----------
    values : ndarray of shape (size,)
        The values of all parameters, each beginning at a multiple of 64 bytes: first the trainable ones, then moving
        averages and the like.
    grads : ndarray of shape (learned,)
        The gradients of the trainable parameters.
    message : ndarray of shape (learned + room,)
        The gradients, followed by room for further numbers that are sent to other workers: see `make_room`.
    learned : int
        The size of the trainable part.
    layout : int
        The number of times the memory was laid out. Arrays that mirror the buffer compare it to stay in step.
    """

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.values = aligned_zeros(0)
        self.message = self.grads = aligned_zeros(0)
        self._room = 0
        self.learned = 0
        self.layout = 0
        # The parameters in the trainable part.
        self._learnable: set[Parameter] = set()

    def adopt(self, parameters: Iterable[Parameter]) -> None:
        """Move the float32 parameters that belong to no buffer yet into this one, keeping their values.

        All trainable parameters passed then lie next to each other, in their order, so that one call updates them. They
        are followed by those of layers that were removed from the model, and by those that are not trainable.
        """
        parameters, learned = list(parameters), self._learnable
        if all(
            p in learned or (p.buffer is not None and not (p.trainable and p.buffer is self))
            for p in parameters
        ):
            return
        own = [p for p in parameters if p.buffer in (None, self) and p.dtype == FLOAT]
        if all(p.buffer is self and (p in learned or not p.trainable) for p in own):
            return
        self.parameters = list(dict.fromkeys((*own, *self.parameters)))
        self._learnable.update(p for p in self.parameters if p.trainable)
        self._lay_out()

    def learn(self, parameters: Iterable[Parameter]) -> None:
        """Move parameters of this buffer into the trainable part, since an optimizer was given them."""
        new = [p for p in parameters if p not in self._learnable]
        if new:
            self._learnable.update(new)
            self._lay_out()

    def _lay_out(self) -> None:
        """Allocate the memory for the parameters, the trainable ones first."""
        self.parameters.sort(key=lambda p: p not in self._learnable)
        starts, size, self.learned = [], 0, 0
        for p in self.parameters:
            starts.append(size)
            size += padded(p.value.size)
            self.learned = size if p in self._learnable else self.learned
        values, message = aligned_zeros(size), aligned_zeros(self.learned + self._room)
        self.values, self.message, self.grads = values, message, message[: self.learned]
        for p, start in zip(self.parameters, starts, strict=True):
            stretch = slice(start, start + p.value.size)
            values[stretch] = p.value.reshape(-1)
            grad = message[stretch].reshape(p.shape) if p in self._learnable else None
            p.move_to(values[stretch].reshape(p.shape), grad, self, start)
        self.layout += 1
        # Programs of steps hold the addresses of weights, even without an optimizer.
        changed()

    def make_room(self, numbers: int) -> None:
        """Reserve room for at least this many numbers after the gradients."""
        if numbers > self._room:
            self._room = numbers
            self._lay_out()

    def holds_learned(self, parameter: Parameter) -> bool:
        """Return whether a parameter is in the trainable part."""
        return parameter in self._learnable

    def dismiss(self, parameter: Parameter) -> None:
        """Remove a parameter that no layer uses any more, so that no plan updates it instead of its replacement."""
        self.parameters = [p for p in self.parameters if p is not parameter]
        self._learnable.discard(parameter)
        parameter.move_to(parameter.value.copy())
        self.layout += 1
        changed()

    def __reduce__(self) -> Any:
        """Pickle and copy as an empty buffer; parameters are copied with their values and adopted again."""
        return type(self), ()


class Segment(NamedTuple):
    """A stretch of a buffer with adjacent parameters, which are updated in one call."""

    buffer: ParameterBuffer
    start: int
    stop: int

    def of(self, mirror: Array) -> Array:
        """Return this stretch of an array with the buffer's layout."""
        return mirror[self.start : self.stop]


def segments(parameters: Sequence[Parameter]) -> list[Segment]:
    """Return the fewest stretches of memory that hold exactly these parameters, which all belong to buffers."""
    stretches: list[Segment] = []
    for p in sorted(parameters, key=lambda p: (id(p.buffer), p.start)):
        if p.buffer is None or p.value.base is not p.buffer.values.base:
            raise ArgumentError(
                "The weights of a layer cannot be replaced during training. "
                f"Received: {p.name}, which was replaced. Replace weights before or after training."
            )
        stop = p.start + padded(p.value.size)
        last = stretches[-1] if stretches else None
        if last is not None and last.buffer is p.buffer and last.stop == p.start:
            stretches[-1] = Segment(p.buffer, last.start, stop)
        else:
            stretches.append(Segment(p.buffer, p.start, stop))
    return stretches


def same(some: Sequence[Parameter], others: Sequence[Parameter]) -> bool:
    """Return whether two lists hold the same variables in the same order; ``==`` would compare their values."""
    return list(map(id, some)) == list(map(id, others))


def padded(size: int) -> int:
    """Return `size` rounded up so that the next parameter is aligned."""
    step = ALIGNMENT // FLOAT.itemsize
    return -(-size // step) * step


class Part(Tensor):
    """The values of a variable at an index, which can be assigned to.

    Parameters
    ----------
    numbers : Tensor
        The current values at the index.
    variable : Parameter
    index : int, slice, array or tuple of these
    """

    __slots__ = ("index", "variable")

    def __init__(self, numbers: Tensor, variable: Parameter, index: Any) -> None:
        self.index = np.asarray(index) if isinstance(index, Tensor) else index
        self.variable = variable
        self.value, self.grad, self.logits = numbers.value, None, None
        self.requires_grad, self.rule = numbers.requires_grad, numbers.rule
        self.parents, self.age = numbers.parents, numbers.age
        for tape in current().tapes:
            tape.follows(self, (numbers,))

    def assign(self, value: Any) -> Parameter:
        """Replace the values at the index in the variable and return the variable.

        Raises
        ------
        ShapeError
            For a shape other than that of the values at the index.
        """
        array = np.asarray(numpy_ready(value))
        if array.shape != self.shape:
            raise ShapeError(
                f"A part of {self.variable.name} keeps its shape, {self.shape}. Received: {array.shape}. "
                "Reshape the value, or use tf.fill to repeat one number."
            )
        values = self.variable.value.copy()
        values[self.index] = array
        return self.variable.assign(values)

    def assign_add(self, value: Any) -> Parameter:
        """Add to the values at the index in the variable and return the variable."""
        return self.assign(self.variable.value[self.index] + np.asarray(numpy_ready(value)))

    def assign_sub(self, value: Any) -> Parameter:
        """Subtract from the values at the index in the variable and return the variable."""
        return self.assign(self.variable.value[self.index] - np.asarray(numpy_ready(value)))


class Variable(Parameter):
    """A variable created by a program: as an attribute of a layer or model, or in a custom training loop.

    Parameters
    ----------
    initial_value : array_like, or function without arguments that returns it
    trainable : bool, default True
        Whether training updates it. Integers and booleans are never trainable.
    name : str, default "Variable"
        ``":0"`` is appended, as in TensorFlow.
    dtype : dtype, optional
        The dtype to which every assigned value is converted; float32 for floats when None. Only float32 is trainable.
    constraint : Constraint or function of an array, optional
        Applied after every update.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a trainable variable of a floating dtype other than float32, and for a constraint that is not callable.

    Examples
    --------
    >>> v = Variable([1.0, 2.0])
    >>> v.assign_add([0.5, 0.5]).numpy()
    array([1.5, 2.5], dtype=float32)
    >>> float(Variable(0.1, trainable=False, name="rate") * 0.5)
    0.05000000074505806

    References
    ----------
    ``tf.Variable`` (TensorFlow 2.7).
    """

    __slots__ = ()

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        *,
        name: str | None = None,
        dtype: Any = None,
        constraint: Any = None,
    ) -> None:
        value = to_array(initial_value() if callable(initial_value) else initial_value)
        dtype = np.dtype(dtype if dtype is not None else FLOAT if value.dtype.kind == "f" else value.dtype)
        if trainable and dtype.kind == "f" and dtype != FLOAT:
            raise ArgumentError(
                f"A trainable variable is float32. Received: dtype={dtype}. Leave dtype out, or pass trainable=False."
            )
        self._begin(f"{name or 'Variable'}:0", np.array(value, dtype), bool(trainable) and dtype == FLOAT)
        if constraint is not None and not callable(constraint):
            raise ArgumentTypeError(
                f"The constraint of a variable must be a function. Received: {quoted(constraint)}. "
                "Pass one of minifit.constraints."
            )
        self.constraint = constraint

    @classmethod
    def within(cls, name: str, memory: Array, trainable: bool = False) -> Self:
        """Return a variable that uses existing memory."""
        variable = cls.__new__(cls)
        variable._begin(name, memory, trainable)
        return variable


no_symbols.add(Variable)
