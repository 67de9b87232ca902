"""One buffer of parameters, and the single variables beside it.

Every trainable value of a model lies in one contiguous, aligned float32 array, and every gradient in a second
one of the same layout; layers hold views into both. An optimizer updates a model in one kernel call, a
snapshot is one copy, a checkpoint one write. Freezing a layer changes the list of segments that are updated,
not the memory.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import add, attrgetter, index, mul, sub, truediv
from operator import pow as power
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minifit.arrays import ALIGNMENT, FLOAT, Array, Shape, aligned_zeros, numpy_ready
from minifit.checks import real
from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError, ShapeError
from minifit.settings import changed
from minifit.tensor import Tensor, attributes, current

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


def _live(slot: str) -> Any:
    """Return an attribute that counts as a setting does, from the next batch on."""

    def put(owner: Any, value: Any) -> None:
        setattr(owner, slot, value)
        changed()

    return property(attrgetter(slot), put)


class Parameter(Tensor):
    """A tensor that belongs to a layer and is learned.

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

    __slots__ = ("_constraint", "_memory", "_regularizer", "_trainable", "buffer", "name", "slot", "start")

    def __init__(self, name: str, value: Array, trainable: bool = True) -> None:
        self.name = name
        self.move_to(np.array(value, FLOAT))
        super().__init__(self._memory, requires_grad=trainable)
        self.trainable = trainable
        self.regularizer = self.constraint = None

    # The memory of a parameter is changed by `move_to` alone: what a layer computes with and what an optimizer
    # updates cannot become two arrays. `attrgetter` is the quickest function that reads an attribute.
    value = property(attrgetter("_memory"), lambda self, value: self.assign(value))
    if not TYPE_CHECKING:  # as in `Tensor`, where an attribute is all that they read
        shape, dtype = property(attrgetter("_memory.shape")), property(attrgetter("_memory.dtype"))

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
        self.slot: Array | None = grads  # its place in the buffer of gradients
        self.buffer, self.start, self.grad = buffer, start, None

    def assign(self, value: Any) -> None:
        """Replace the numbers in place; the shape must be the same."""
        if value is self._memory:
            return
        array = np.asarray(numpy_ready(value))
        if array.shape != self.shape:
            raise ShapeError(
                f"A weight keeps its shape: {self.name} is {self.shape}. Received: {array.shape}. "
                "Give an array of that shape."
            )
        keep(self._memory)
        self._memory[...] = array

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        numbers = state.pop("value")
        learned = {"requires_grad": self.trainable}  # a frozen one requires no gradient while a step runs
        return {**state, **learned, "_memory": numbers, "slot": None, "buffer": None, "start": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # An array that was unpickled may be a view of a file that cannot be written to.
        super().__setstate__({**state, "_memory": np.array(state["_memory"])})

    def target(self) -> Array:
        """Its place in the buffer of gradients, unless another op of this step has already written there."""
        if self.slot is None or self.grad is not None:
            return super().target()
        self.grad = self.slot
        return self.slot

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient, which lives in the buffer once there is one."""
        if self.slot is None:
            super().accumulate(grad)
        elif grad is self.slot:
            pass  # it was written where it belongs, by an op that asked for `target`
        elif self.grad is None:
            self.slot[...] = grad
            self.grad = self.slot
        else:
            self.slot += grad


class ParameterBuffer:
    """The memory of a model's parameters.

    Attributes
    ----------
    values, grads : ndarray of shape (size,)
        All numbers of all parameters, each parameter beginning at a multiple of 64 bytes.
    layout : int
        Counts how often the memory was laid out anew; what mirrors the buffer watches it.
    """

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.values = aligned_zeros(0)
        self.grads = aligned_zeros(0)
        self.layout = 0

    def adopt(self, parameters: Iterable[Parameter]) -> None:
        """Take in the parameters that belong to no buffer yet, keeping their numbers.

        All those given then lie next to each other, in their order, so that one call updates them. Others that live
        here, of layers that were taken off the model, move behind them.
        """
        parameters = list(parameters)
        if all(p.buffer is not None for p in parameters):
            return
        given = dict.fromkeys(p for p in parameters if p.buffer is None or p.buffer is self)
        self.parameters = [*given, *(p for p in self.parameters if p not in given)]
        starts, size = [], 0
        for p in self.parameters:
            starts.append(size)
            size += padded(p.value.size)
        values, grads = aligned_zeros(size), aligned_zeros(size)
        for p, start in zip(self.parameters, starts, strict=True):
            place = slice(start, start + p.value.size)
            values[place] = p.value.reshape(-1)
            p.move_to(values[place].reshape(p.shape), grads[place].reshape(p.shape), self, start)
        self.values, self.grads = values, grads
        self.layout += 1

    def dismiss(self, parameter: Parameter) -> None:
        """Let a parameter go: no layer computes with it any more, so no plan may update it in the place of another."""
        self.parameters.remove(parameter)
        parameter.move_to(parameter.numpy())
        self.layout += 1

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


def padded(size: int) -> int:
    """`size` rounded up, so that the next parameter is aligned."""
    step = ALIGNMENT // FLOAT.itemsize
    return -(-size // step) * step


_OPERATORS = {np.add: add, np.subtract: sub, np.multiply: mul, np.true_divide: truediv, np.power: power}


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """A number or array that a user may read and set: a learning rate, a metric's sum.

    Behaves as a number in arithmetic and comparisons, and as ``tf.Variable`` where Keras users expect it.

    Parameters
    ----------
    value : array_like
    name : str
    dtype : dtype
        What every assigned value is converted to.

    Examples
    --------
    >>> lr = Variable(0.1, "learning_rate")
    >>> lr.assign(lr * 0.5)
    >>> float(lr)
    0.05000000074505806
    """

    __slots__ = ("name", "value")

    def __init__(self, value: Any, name: str = "Variable", dtype: Any = FLOAT) -> None:
        self.name = name
        self.value: Array = np.array(value, dtype)

    @property
    def shape(self) -> Shape:
        """The length of every axis."""
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number."""
        return self.value.dtype

    def assign(self, value: Any) -> None:
        """Set it; the shape stays."""
        number = real(value)
        array = np.asarray(numpy_ready(value) if number is None else number)
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"{self.name} takes a number. Received: {value!r}. Give a float, a NumPy number or a tensor."
            )
        if array.shape != self.shape:
            raise ShapeError(
                f"{self.name} has shape {self.shape}. Received: shape {array.shape}. Give a value of that shape."
            )
        keep(self.value)
        self.value[...] = array

    def assign_add(self, value: Any) -> None:
        """Add in place."""
        self.assign(self.value + np.asarray(value))

    def assign_sub(self, value: Any) -> None:
        """Subtract in place."""
        self.assign(self.value - np.asarray(value))

    def numpy(self) -> Any:
        """A copy: a NumPy number, or an array when there are several."""
        return self.value[()].copy()

    read_value = numpy

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype=dtype, copy=True if copy is None else copy)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return index(self.value[()])

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return id(self)

    def __copy__(self) -> "Variable":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        return attributes(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.value = np.array(self.value)  # one that was unpickled may be a view of a file

    def __repr__(self) -> str:
        return f"<Variable {self.name}: {self.value[()]}>"

    def __format__(self, spec: str) -> str:
        return format(self.value[()], spec)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """All of Python's arithmetic and comparisons, and NumPy's functions, on the bare value."""
        bare = [x.value if isinstance(x, Variable) else x for x in inputs]
        if ufunc in _OPERATORS and any(isinstance(x, Tensor) for x in inputs):
            return _OPERATORS[ufunc](*bare)  # a tensor does it itself, and keeps its gradient
        targets = options.pop("out", ())  # of `lr *= 0.5`
        if not targets:
            return getattr(ufunc, method)(*bare, **options)
        targets[0].assign(getattr(ufunc, method)(*bare, **options))
        return targets[0]
