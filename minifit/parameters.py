"""Variables: the numbers of a model that are learned, in one buffer, and the single ones beside it.

Every trainable value of a model lies in one contiguous, aligned float32 array, and every gradient in a second
one of the same layout; layers hold views into both. An optimizer updates a model in one kernel call, a
snapshot is one copy, a checkpoint one write. Freezing a layer changes the list of segments that are updated,
not the memory.
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
    """While the block runs, all weights that are made, or sums of metrics, hold no more numbers than this together.

    A configuration from a file may ask for more than the memory has; the file's own arrays say what it can need.
    """
    token = _room.set([numbers])
    try:
        yield
    finally:
        _room.reset(token)


def take_room(name: str, shape: Shape) -> None:
    """Raise if what is about to be made does not fit any more."""
    room = _room.get()
    if room is not None:
        room[0] -= math.prod(shape)
        if room[0] < 0:
            raise FileFormatError(
                f"A file has the numbers of what it describes. Received: {name!r} of shape {shape}, for which there "
                "are not enough. Copy the file again."
            )


def keep(array: Array) -> None:
    """Note that an array changes, if that is before a step is taken."""
    undo = current().undo
    if undo is not None:
        undo.keep(array)


def _live(attribute: str) -> Any:
    """Return an attribute that counts as a setting does, from the next batch on."""
    note = flagged if attribute == "_trainable" else changed

    def put(owner: Any, value: Any) -> None:
        setattr(owner, attribute, value)
        note()

    return property(attrgetter(attribute), put)


class Parameter(Tensor):
    """A variable: a tensor with a name whose numbers can be replaced, and that may be learned.

    Parameters
    ----------
    name : str
        Such as ``"dense/kernel:0"``.
    value : ndarray
        The initial numbers.
    trainable : bool
        False for values that only the layer itself changes, such as moving averages.

    Attributes
    ----------
    value : ndarray
        The numbers. Setting it writes into the memory that is there, as `assign` does.
    buffer : ParameterBuffer or None
        The memory that it lives in, once a model has adopted it.
    start : int
        Where in the buffer it begins.

    Notes
    -----
    A copy, or what pickle brings back, is a whole parameter with numbers of its own that lives in no buffer.
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

    # The memory of a parameter is changed by `move_to` alone: what a layer computes with and what an optimizer
    # updates cannot become two arrays. `attrgetter` is the quickest function that reads an attribute.
    value = property(attrgetter("_memory"), lambda self, value: self.assign(value))
    if not TYPE_CHECKING:  # as in `Tensor`, where an attribute is all that they read
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
        """Live in other memory from now on, with the numbers that are there."""
        self._memory: Array = values
        # the parameter's part of the gradient buffer
        self.grad_view: Array | None = grads
        self.buffer, self.start, self.grad = buffer, start, None

    def assign(self, value: Any) -> Self:
        """Replace the numbers in place; the shape must be the same.

        Returns
        -------
        Parameter
            Itself.

        Raises
        ------
        ArgumentTypeError
            For what is no number, and for fractions where whole numbers are kept.
        ShapeError
            For another shape.
        """
        if value is self._memory:
            return self
        number = None if isinstance(value, np.ndarray) else real(value)
        array = np.asarray(numpy_ready(value) if number is None else number)
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"{self.name} takes numbers. Received: {value!r}. Give a float, an array or a tensor."
            )
        if array.shape != self.shape:
            raise ShapeError(
                f"A weight or variable keeps its shape: {self.name} is {self.shape}. Received: {array.shape}. "
                "Give an array of that shape."
            )
        if array.dtype.kind == "f" != self.dtype.kind and whole_numbers(array.reshape(-1))[1] >= 0:
            raise ArgumentTypeError(
                f"{self.name} keeps whole numbers, of dtype {self.dtype}. Received: {value!r}. Round it, or make the "
                "variable of floats."
            )
        keep(self._memory)
        self._memory[...] = array
        return self

    def __getitem__(self, index: Any) -> "Part":
        """Return the numbers at some places; ``variable[0].assign(1.0)`` changes them there."""
        return Part(super().__getitem__(index), self, index)

    def assign_add(self, value: Any) -> Self:
        """Add in place, and return the variable itself."""
        return self.assign(self._memory + np.asarray(numpy_ready(value)))

    def assign_sub(self, value: Any) -> Self:
        """Subtract in place, and return the variable itself."""
        return self.assign(self._memory - np.asarray(numpy_ready(value)))

    def read_value(self) -> Tensor:
        """A tensor of the numbers that it has now, with its gradient."""
        return current().result(self._memory.copy(), lambda g: (g,), self)

    def __repr__(self) -> str:
        return f"<Variable {self.name}: {self._memory[()]}>"

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        numbers = state.pop("value")
        learned = {"requires_grad": self.trainable}  # a frozen one requires no gradient while a step runs
        return {**state, **learned, "_memory": numbers, "grad_view": None, "buffer": None, "start": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # An array that was unpickled may be a view of a file that cannot be written to.
        super().__setstate__({**state, "_memory": np.array(state["_memory"])})

    def grad_memory(self) -> Array:
        """Return the parameter's part of the gradient buffer, or new memory if an op of this step has written there."""
        if self.grad_view is None or self.grad is not None:
            return super().grad_memory()
        self.grad = self.grad_view
        return self.grad_view

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient, which lives in the buffer once there is one."""
        if self.grad_view is None:
            super().accumulate(grad)
        elif grad is self.grad_view:
            # an op has written it there, through `grad_memory`
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
        All numbers of all parameters, each parameter beginning at a multiple of 64 bytes: first those that can be
        learned, then moving averages and the like.
    grads : ndarray of shape (learned,)
        The gradients of those that can be learned.
    message : ndarray of shape (learned + room,)
        The gradients, and room behind them for what else is told to other workers: see `make_room`.
    learned : int
        The size of the part that can be learned.
    layout : int
        Counts how often the memory was laid out anew; what mirrors the buffer watches it.
    """

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.values = aligned_zeros(0)
        self.message = self.grads = aligned_zeros(0)
        self._room = 0
        self.learned = 0
        self.layout = 0
        self._learnable: set[Parameter] = set()  # those in the front part

    def adopt(self, parameters: Iterable[Parameter]) -> None:
        """Take in the parameters of float32 that belong to no buffer yet, keeping their numbers.

        All those given that can be learned then lie next to each other, in their order, so that one call updates them;
        then come others that live here, of layers that were taken off the model, and last all that are not learned.
        """
        parameters, learned = list(parameters), self._learnable
        if all(
            p in learned or (p.buffer is not None and not (p.trainable and p.buffer is self))
            for p in parameters
        ):
            return
        given = [p for p in parameters if p.buffer in (None, self) and p.dtype == FLOAT]
        if all(p.buffer is self and (p in learned or not p.trainable) for p in given):
            return
        self.parameters = list(dict.fromkeys((*given, *self.parameters)))
        self._learnable.update(p for p in self.parameters if p.trainable)
        self._lay_out()

    def learn(self, parameters: Iterable[Parameter]) -> None:
        """Hold parameters that live here in the part that is learned: an optimizer has been given them."""
        new = [p for p in parameters if p not in self._learnable]
        if new:
            self._learnable.update(new)
            self._lay_out()

    def _lay_out(self) -> None:
        """Make the memory for the parameters, those that are learned in front."""
        self.parameters.sort(key=lambda p: p not in self._learnable)
        starts, size, self.learned = [], 0, 0
        for p in self.parameters:
            starts.append(size)
            size += padded(p.value.size)
            self.learned = size if p in self._learnable else self.learned
        values, message = aligned_zeros(size), aligned_zeros(self.learned + self._room)
        self.values, self.message, self.grads = values, message, message[: self.learned]
        for p, start in zip(self.parameters, starts, strict=True):
            place = slice(start, start + p.value.size)
            values[place] = p.value.reshape(-1)
            grad = message[place].reshape(p.shape) if p in self._learnable else None
            p.move_to(values[place].reshape(p.shape), grad, self, start)
        self.layout += 1
        changed()  # also of steps without an optimizer, whose programs know where weights lie

    def make_room(self, numbers: int) -> None:
        """Have room for at least so many numbers behind the gradients."""
        if numbers > self._room:
            self._room = numbers
            self._lay_out()

    def holds_learned(self, parameter: Parameter) -> bool:
        """Return whether a parameter lies in the part that can be learned."""
        return parameter in self._learnable

    def dismiss(self, parameter: Parameter) -> None:
        """Let a parameter go: no layer computes with it any more, so no plan may update it in the place of another."""
        self.parameters = [p for p in self.parameters if p is not parameter]
        self._learnable.discard(parameter)
        parameter.move_to(parameter.value.copy())
        self.layout += 1
        changed()

    def __reduce__(self) -> Any:
        """For pickle and copy: an empty buffer. Numbers are copied with their parameters, which are adopted again."""
        return type(self), ()


class Segment(NamedTuple):
    """A stretch of a buffer: parameters that lie next to each other and are updated in one call."""

    buffer: ParameterBuffer
    start: int
    stop: int

    def of(self, mirror: Array) -> Array:
        """This stretch of an array that has the buffer's layout."""
        return mirror[self.start : self.stop]


def segments(parameters: Sequence[Parameter]) -> list[Segment]:
    """The fewest stretches of memory that hold exactly these parameters, which all live in buffers."""
    found: list[Segment] = []
    for p in sorted(parameters, key=lambda p: (id(p.buffer), p.start)):
        if p.buffer is None or p.value.base is not p.buffer.values.base:
            raise ArgumentError(
                "What is trained is what its layer computes with, as long as a training lasts. "
                f"Received: {p.name}, which was replaced meanwhile. Replace weights between two trainings."
            )
        stop = p.start + padded(p.value.size)
        last = found[-1] if found else None
        if last is not None and last.buffer is p.buffer and last.stop == p.start:
            found[-1] = Segment(p.buffer, last.start, stop)
        else:
            found.append(Segment(p.buffer, p.start, stop))
    return found


def same(some: Sequence[Parameter], others: Sequence[Parameter]) -> bool:
    """Return whether two lists hold the same variables in the same order; ``==`` would compare their numbers."""
    return list(map(id, some)) == list(map(id, others))


def padded(size: int) -> int:
    """`size` rounded up, so that the next parameter is aligned."""
    step = ALIGNMENT // FLOAT.itemsize
    return -(-size // step) * step


class Part(Tensor):
    """The numbers that a variable has at some places, and a way to change them there.

    Parameters
    ----------
    numbers : Tensor
        What the variable holds there now.
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
        """Replace the numbers at these places in the variable, which is returned.

        Raises
        ------
        ShapeError
            For another shape than these places have.
        """
        array = np.asarray(numpy_ready(value))
        if array.shape != self.shape:
            raise ShapeError(
                f"Numbers are replaced by as many: {self.shape} of {self.variable.name}. Received: {array.shape}. "
                "Reshape them, or use tf.fill for one number at all places."
            )
        numbers = self.variable.value.copy()
        numbers[self.index] = array
        return self.variable.assign(numbers)

    def assign_add(self, value: Any) -> Parameter:
        """Add to the numbers at these places in the variable, which is returned."""
        return self.assign(self.variable.value[self.index] + np.asarray(numpy_ready(value)))

    def assign_sub(self, value: Any) -> Parameter:
        """Subtract from the numbers at these places in the variable, which is returned."""
        return self.assign(self.variable.value[self.index] - np.asarray(numpy_ready(value)))


class Variable(Parameter):
    """A variable of a program's own: in a layer or model, whose attribute it is, or in a loop written by hand.

    Parameters
    ----------
    initial_value : array_like, or function without arguments that returns it
    trainable : bool, default True
        Whether it is learned. Whole numbers and truth values never are.
    name : str, default "Variable"
        ``":0"`` is put behind it, as in TensorFlow.
    dtype : dtype, optional
        What every assigned value is converted to; float32 for floats when None. Only float32 is learned.
    constraint : Constraint or function of an array, optional
        Applied after every update.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For what is to be learned in another dtype than float32, and a constraint that cannot be called.

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
        kept = np.dtype(dtype if dtype is not None else FLOAT if value.dtype.kind == "f" else value.dtype)
        if trainable and kept.kind == "f" and kept != FLOAT:
            raise ArgumentError(
                f"What is learned is float32. Received: dtype={kept}. Leave dtype out, or pass trainable=False."
            )
        self._begin(f"{name or 'Variable'}:0", np.array(value, kept), bool(trainable) and kept == FLOAT)
        if constraint is not None and not callable(constraint):
            raise ArgumentTypeError(
                f"The constraint of a variable is a function. Received: {quoted(constraint)}. "
                "Pass one of minifit.constraints."
            )
        self.constraint = constraint

    @classmethod
    def within(cls, name: str, memory: Array, trainable: bool = False) -> Self:
        """Return a variable that lives in memory that is there."""
        made = cls.__new__(cls)
        made._begin(name, memory, trainable)
        return made


no_symbols.add(Variable)
