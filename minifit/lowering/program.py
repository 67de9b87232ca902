"""`Program`: the list of instructions that lowering a model emits, first forward and then backward.

Layers, losses and penalties are written in ops. An op called on a `Value` instead of a tensor computes nothing: its
lowering rule emits an instruction and records how the gradient flows back through it. Parts that need more than ops,
such as random masks, have a `lower` method that emits instructions directly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np

from minifit import ops, regularizers
from minifit.arrays import FLOAT, Array
from minifit.lowering.places import Cell, Memory, Place, Room
from minifit.lowering.streams import Normals, Stream, Uniforms
from minifit.lowering.sums import Sums
from minifit.lowering.updates import Updates
from minifit.lowering.values import Storage, Unlowered, Value, ValueShape
from minifit.parameters import Parameter, Variable
from minifit.randomness import Streams
from minifit.signatures import of_library
from minifit.symbolic import Symbolic
from minifit.tensor import Context, to_array
from minifit.workers import ALONE, Workers

Operand = Value | Place | int | float | None
Rule = Callable[..., Any]
RuleT = TypeVar("RuleT", bound=Rule)
AStream = TypeVar("AStream", bound=Stream)


class Instruction(NamedTuple):
    """An instruction whose places may not have addresses yet.

    Attributes
    ----------
    name : str
        A name in `minifit.kernels.instructions`.
    outputs : tuple of Place
        The places it writes.
    fields : tuple of Place, int or float
        The outputs, then the inputs and settings, in the order of its row.
    """

    name: str
    outputs: tuple[Place, ...]
    fields: tuple[Any, ...]


PENALTIES = (regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.Regularizer)
"""The classes of regularizers that can be lowered."""

MESSAGE = "message"
"""The name of a marker between two instructions, at which the workers add up numbers."""

_ONE_SUM = np.zeros(1)

RULES: dict[Callable[..., Any], Rule] = {}
"""The lowering rules by function: ``rule(program, *args, **kwargs)`` returns the value of the op."""


def lowers(*functions: Callable[..., Any]) -> Callable[[RuleT], RuleT]:
    """Register the decorated function as the lowering rule of ops."""

    def decorate(rule: RuleT) -> RuleT:
        RULES.update(dict.fromkeys(functions, rule))
        return rule

    return decorate


def lowers_as(rule: Rule, names: Mapping[Callable[..., Any], str]) -> None:
    """Register ``rule(program, name, ...)`` as the lowering rule of several ops, each with its instruction's name."""
    for function, name in names.items():
        RULES[function] = _bind_name(rule, name)


def _bind_name(rule: Rule, name: str) -> Rule:
    return lambda program, *args, **kwargs: rule(program, name, *args, **kwargs)


class Lowering(Context):
    """The context in which a step is lowered."""

    __slots__ = ()

    def generator(self, name: str, seed: int | None = None) -> np.random.Generator:
        """Refuse to draw: numbers drawn while lowering would be the same in every batch."""
        raise Unlowered("an op that draws random numbers")


class Program(Updates, Sums):
    """A step while it is lowered.

    Parameters
    ----------
    streams : Streams
        The random streams of layers.
    training : bool, default False
        Whether layers behave as in training.
    learned : list of Parameter
        The weights that need gradients; empty for evaluation and prediction.
    iterations : ndarray of int64, optional
        The step counter of the optimizer.
    workers : Workers, default one alone
        The workers that compute the step together, each with its share of the batch.

    Attributes
    ----------
    added : list of Value
        The losses that layers add, one number each.
    means : list of Mean
        The metrics and losses whose sums the program updates: see `sums_of`.
    settling : list of Instruction
        Instructions that change lasting state, such as moving averages. They run after the message that follows the
        gradients, since until then another worker may fail.
    shares : ndarray of float32
        The amounts that this worker's rows add to each sum, in a program of several workers.
    shared : int
        The number of these sums; `shares` must have as many numbers.
    lookups : list of (Cell, callable)
        Memory that may be replaced between two calls, with the function that returns the array: see `lookup`.
    """

    def __init__(
        self,
        streams: Streams,
        training: bool = False,
        learned: Sequence[Parameter] = (),
        iterations: Array | None = None,
        workers: Workers = ALONE,
    ) -> None:
        self.streams, self.training, self.learned = streams, training, list(learned)
        self.workers = workers
        self._learned = set(learned)
        self.gathers: list[Instruction] = []
        self.checks: list[Instruction] = []
        self.body: list[Instruction] = []
        self.added: list[Value] = []
        self.means: list[Any] = []
        self.sums: list[Place] = []
        self.cells: dict[Any, Cell] = {}
        self.lookups: list[tuple[Cell, Callable[[], Array]]] = []
        self.results: list[Value] = []
        self.drawn: dict[tuple[str, int | None], Stream] = {}
        self.rates = self.cell("rates")
        self.iterations: Place | None = None if iterations is None else Memory(iterations)
        self._tape: list[tuple[tuple[Value, ...], Callable[..., None]]] = []
        self._weights: dict[Parameter, Value] = {}
        self._columns: set[Storage] = set()
        self._floats: dict[Storage, Value] = {}
        self._tallies: list[Instruction] = []
        self.settling: list[Instruction] = []
        self._shares: list[tuple[Place, Room, Array, Array]] = []
        self.shares: Array = np.zeros(0, FLOAT)
        self.shared = 0

    # -- values -----------------------------------------------------------------------------------------

    def value(self, shape: ValueShape, *parents: Any, dtype: np.dtype[Any] = FLOAT) -> Value:
        """Return a new value of this shape; it requires a gradient if any of the parents does."""
        value = Value(self, tuple(shape), None)  # type: ignore[arg-type]
        value.storage = Storage(Room(value.count, dtype), dtype)
        value.requires_grad = any(isinstance(p, Value) and p.requires_grad for p in parents)
        return value

    def view(self, x: Value, shape: ValueShape) -> Value:
        """Return the same numbers in another shape; both values share one gradient."""
        return Value(self, tuple(shape), x.storage, x.requires_grad)

    def constant(self, numbers: Any) -> Value:
        """Return a value of numbers that never change."""
        array = np.ascontiguousarray(to_array(numbers), FLOAT)
        return Value(self, array.shape, Storage(Memory(array)))

    def weight(self, parameter: Parameter) -> Value:
        """Return the value of a weight."""
        value = self._weights.get(parameter)
        if value is None:
            learned = parameter in self._learned
            grad_place = Memory(parameter.grad_view) if learned and parameter.grad_view is not None else None
            storage = Storage(Memory(parameter.value), FLOAT, grad_place)
            value = self._weights[parameter] = Value(self, parameter.shape, storage, learned)
        return value

    def regularize(self, parameter: Parameter) -> None:
        """Add the penalty of a weight's regularizer to the loss."""
        self._penalize(
            self.weight(parameter), parameter.regularizer, f"the regularizer of {parameter.name}", False
        )

    def regularize_activity(self, regularizer: Any, output: Value) -> None:
        """Add the penalty of an activity regularizer to the loss, divided by the rows of the batch."""
        self._penalize(output, regularizer, "an activity regularizer", True)

    def _penalize(self, x: Value, regularizer: Any, part: str, of_rows: bool) -> None:
        if type(regularizer) not in PENALTIES or not of_library(type(regularizer).__call__):
            raise Unlowered(f"{part}, which is the user's own")
        # an attribute counts as a factor only if the class defines it
        kind = type(regularizer)
        factors = [float(getattr(regularizer, name)) if hasattr(kind, name) else 0.0 for name in ("l1", "l2")]
        self.added.append(self.apply(ops.penalty, (x, *factors, of_rows), {}))

    def as_value(self, x: Any) -> Value:
        """Return a value unchanged; return the value of a weight or of constant numbers."""
        if isinstance(x, Value):
            return x
        if isinstance(x, Symbolic):
            raise Unlowered(f"the symbol {x!r}")
        return self.weight(x) if isinstance(x, Parameter) else self.constant(x)

    def room(self, count: int, dtype: np.dtype[Any] = FLOAT) -> Room:
        """Return memory for intermediate results; `count` is per sample, or negated for all samples."""
        return Room(count, dtype)

    def cell(self, key: Any) -> Cell:
        """Return the place with this key, whose address is set before each call."""
        return self.cells.setdefault(key, Cell())

    def column(self, key: Any, shape: ValueShape, dtype: np.dtype[Any] = FLOAT) -> Value:
        """Return a column of the batch, gathered from the data in the cell with this key."""
        column = self.value(shape, dtype=dtype)
        self._columns.add(column.storage)
        words = column.count * dtype.itemsize // FLOAT.itemsize
        self.gathers.append(Instruction("gather", (column.place,), (column.place, self.cell(key), words)))
        return column

    def is_column(self, value: Value) -> bool:
        """Return whether a value comes straight from the batch, so that it can be checked before anything else runs."""
        return value.storage in self._columns

    def lookup(self, array: Callable[[], Array]) -> Cell:
        """Return the place of an array that is looked up before each call."""
        cell = self.cell(("lookup", len(self.lookups)))
        self.lookups.append((cell, array))
        return cell

    def factor(self, number: Any) -> Place:
        """Return the place of a factor, in float64; a Variable is read before each call."""
        array = np.zeros(1)
        if not isinstance(number, Variable):
            array[0] = number
            return self.memory(array)

        def read_variable() -> Array:
            array[0] = float(number)
            return array

        return self.lookup(read_variable)

    def need_column(self, value: Value) -> None:
        """Refuse a value that must be checked before the step but does not come straight from the batch."""
        if not self.is_column(value) or value.dtype != FLOAT:
            self.refuse("an input that does not come straight from the batch")

    def prepare(self, name: str, shape: ValueShape, *fields: Operand) -> Value:
        """Return a new column, which an instruction computes from columns of the batch before anything else runs.

        The instruction may refuse the batch.
        """
        column = self.value(shape)
        self._columns.add(column.storage)
        self.checks.append(_instruction(name, (column.place,), fields))
        return column

    def result(self, value: Value) -> None:
        """Copy the rows of a value to the results of the call."""
        self.emit("put_rows", self.cell(("result", len(self.results))), value, value.count)
        self.results.append(value)

    # -- instructions -----------------------------------------------------------------------------------

    def emit(self, name: str, output: Any, *fields: Operand) -> None:
        """Append an instruction that writes `output`, one or several places or values, and reads `fields`."""
        outputs = output if isinstance(output, tuple) else (output,)
        self.body.append(_instruction(name, outputs, fields))

    def add_up_shares(self, count: int, *parts: tuple[Any, ...]) -> list[Place]:
        """Emit instructions that compute sums over a share, and return the places of the sums over the whole batch.

        Parameters
        ----------
        count : int
            The number of sums of each instruction.
        *parts : tuple
            The name of an instruction, then its fields after the output.
        """
        array = np.zeros(count * len(parts) + 1, FLOAT)
        places: list[Place] = [Memory(array[i * count :][:count]) for i in range(len(parts))]
        for place, (name, *fields) in zip(places, parts, strict=True):
            self.emit(name, place, *fields)
        self.message(array)
        return places

    def settle(self, name: str, output: Any, *fields: Operand) -> None:
        """Append an instruction that changes lasting state; it runs once no worker can refuse the step."""
        outputs = output if isinstance(output, tuple) else (output,)
        self.settling.append(_instruction(name, outputs, fields))

    def check(self, name: str, *fields: Operand) -> None:
        """Append an instruction that may refuse the batch; it runs before any instruction that changes something."""
        instruction = _instruction(name, (), fields)
        # a loss and a metric may check the same class numbers
        if instruction not in self.checks:
            self.checks.append(instruction)

    def tally(self, name: str, output: Any, *fields: Operand) -> None:
        """Append an instruction that updates sums; all sums change together, once nothing can refuse the batch."""
        outputs = output if isinstance(output, tuple) else (output,)
        self._tallies.append(_instruction(name, outputs, fields))

    def add_up(self) -> None:
        """Emit the updates of all sums at this point."""
        if self.workers.size == 1:
            self.body += self._tallies
        else:
            self._share_sums()
        self._tallies.clear()

    # -- several workers --------------------------------------------------------------------------------

    def message(self, numbers: Array, send: Callable[[], Any] | None = None) -> None:
        """Insert a message at this point, which adds numbers up over all workers.

        Parameters
        ----------
        numbers : ndarray of float32, shape (n + 1,)
            The numbers, as for `Workers.add_up`.
        send : callable, optional
            The function that sends the message; `Workers.add_up` when None.
        """
        place = Memory(numbers)
        self.body.append(Instruction(MESSAGE, (place,), (place, send or self.workers.prepare(numbers))))

    def _share_sums(self) -> None:
        """Emit the updates of all sums at this point, and write to `shares` what this worker's rows add to them."""
        arrays = dict(self.lookups)
        for place in dict.fromkeys(place for each in self._tallies for place in each.outputs):
            array = arrays[place]() if place in arrays else _ONE_SUM
            before, begin = Room(-array.size, np.dtype(np.float64)), self.shared
            self.shared += array.size
            self.emit("set_aside", before, place, -array.size, array.itemsize)
            self._shares.append((place, before, self.shares[begin : self.shared], array))
        self.body += self._tallies
        for place, before, part, array in self._shares:
            self.emit("share_of_sums", Memory(part), place, before, -array.size, array.itemsize)

    def add_shares(self) -> None:
        """Emit, after the message, the sums as they were before plus the shares of all workers; then `settling`."""
        for place, before, part, array in self._shares:
            self.emit("add_shares", place, before, Memory(part), -array.size, array.itemsize)
        self.body += self.settling

    def finish(self, mean: Any) -> None:
        """Emit the end of a training step: count the step, and stop when the running mean of the loss is not finite."""
        self.emit("finish", self.sums[2 * self.means.index(mean)], self.iterations)

    @staticmethod
    @contextmanager
    def inside(layer: str) -> Iterator[None]:
        """Add the name of a layer to every `Unlowered` raised inside; the innermost layer counts."""
        try:
            yield
        except Unlowered as error:
            if error.layer is None:
                error.layer = layer
            raise

    @staticmethod
    def refuse(part: str) -> NoReturn:
        """Raise `Unlowered` for a part of a model that cannot be lowered."""
        raise Unlowered(part)

    def apply(self, function: Rule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Lower an op by its rule, or else by calling its function, which consists of other ops."""
        if function in RULES:
            return self.by_rule(function, *args, **kwargs)
        body = getattr(function, "__wrapped__", None)
        if body is None or not of_library(function):
            raise Unlowered(f"the op {getattr(function, '__name__', function)!r}")
        return body(*args, **kwargs)

    def floats(self, x: Any) -> Value:
        """Return a value as float32; class numbers are converted."""
        value = self.as_value(x)
        if value.dtype.kind == "f":
            return value
        cast = self._floats.get(value.storage)
        if cast is None:
            cast = self._floats[value.storage] = self.value(value.shape)
            self.emit("to_float", cast, value, value.count)
        return self.view(cast, value.shape)

    def by_rule(self, function: Rule, *args: Any, **kwargs: Any) -> Any:
        """Lower an op by its rule."""
        rule = RULES.get(function)
        if rule is None:
            raise Unlowered(f"the op {function.__name__!r}")
        return rule(self, *args, **kwargs)

    def call(self, function: Rule, *args: Any, **kwargs: Any) -> Any:
        """Lower a function or layer that was passed to a part of the model, such as an activation.

        The user's functions are refused without being called, since they may read numbers or have side effects.
        """
        if hasattr(function, "lowered"):
            return function.lowered(self, *args, self.training, kwargs)
        if not of_library(function):
            raise Unlowered(
                f"the function {getattr(function, '__name__', function)!r}, which is the user's own"
            )
        return function(*args, **kwargs)

    # -- the gradient -----------------------------------------------------------------------------------

    def back(self, outputs: Value | tuple[Value, ...], rule: Callable[..., None]) -> None:
        """Record the gradient rule of the instructions just emitted.

        The rule receives the place of the gradient of each output (None for an output without one), may overwrite it,
        and calls `flow` for each input.
        """
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        if any(y.requires_grad for y in outputs):
            self._tape.append((outputs, rule))

    def flow(self, x: Value, name: str, *fields: Operand) -> None:
        """Append an instruction that writes the gradient of `x`, or adds to it if there is one already."""
        if not x.requires_grad:
            return
        storage = x.storage
        if storage.grad is None:
            storage.grad = Room(x.count) if storage.grad_place is None else storage.grad_place
            self.emit(name, storage.grad, *fields)
        else:
            part = Room(x.count)
            self.emit(name, part, *fields)
            self.emit("accumulate", storage.grad, storage.grad, part, x.count)

    def flow_back(self, total: Value) -> None:
        """Emit the backward pass, from a loss to all learned weights."""
        if total.shape:
            total = self.apply(ops.weighted_mean, (total, None, 1), {})
        if self.workers.size == 1:
            total.storage.grad = Memory(np.ones((), FLOAT))
        else:
            total.storage.grad = Room(-1)
            self.emit("share_part", total.storage.grad)
        for outputs, rule in reversed(self._tape):
            grads = [y.storage.grad for y in outputs]
            if any(grad is not None for grad in grads):
                rule(*grads)
        for parameter in self.learned:
            weight = self.weight(parameter)
            if weight.storage.grad is None and weight.storage.grad_place is not None:
                self.emit("clear", weight.storage.grad_place, weight.count)

    # -- random numbers ---------------------------------------------------------------------------------

    def stream(self, name: str, seed: int | None = None) -> Uniforms:
        """Return the stream of uniform numbers of a layer, the counterpart of `Context.generator`."""
        return self._stream(Uniforms, name, seed)

    def normals(self, name: str, seed: int | None, like: Value, mean: float, deviation: float) -> Value:
        """Return normal numbers in the shape of a value, from the stream of a layer."""
        if not like.of_batch:
            raise Unlowered("noise on what does not come from the batch")
        cursor, y = self._stream(Normals, name, seed), self.value(like.shape)
        cursor.width += y.count
        self.emit("normals", (y, cursor), y.count, mean, deviation)
        return y

    def _stream(self, kind: type[AStream], name: str, seed: int | None) -> AStream:
        stream = self.drawn.get((name, seed))
        if stream is None:
            stream = self.drawn[name, seed] = kind(self.streams, name, seed)
        if type(stream) is not kind:
            raise Unlowered(f"the random stream {name!r} of both uniform and normal numbers")
        return stream


def _instruction(name: str, outputs: tuple[Any, ...], fields: tuple[Operand, ...]) -> Instruction:
    places = tuple(o.place if isinstance(o, Value) else o for o in outputs)
    plain = tuple(0 if f is None else f.place if isinstance(f, Value) else f for f in fields)
    return Instruction(name, places, (*places, *plain))
