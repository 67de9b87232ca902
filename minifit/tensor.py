"""Reverse-mode automatic differentiation: a `Tensor` remembers how it was made.

Every op computes an array and leaves behind a rule: given the gradient with respect to its result, the rule
returns the gradients with respect to what the result was made from. `Tensor.backward` applies the rules
from the youngest tensor to the oldest. An op's result is always younger than what it was made from, so
going by age visits every tensor after all those that use it.

The arithmetic of tensors stands here, each operator beside its rule; the functions are in `minifit.ops`.
"""

import copy
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextvars import ContextVar, Token
from itertools import count
from types import ModuleType
from typing import Any, Protocol, TypeAlias, Union

import numpy as np

from minifit.arrays import FLOAT, Array, Shape, Workspace, fresh, numpy_ready
from minifit.errors import ArgumentTypeError, GradientError, ShapeError
from minifit.kernels import reference
from minifit.randomness import DEFAULT, RowsOfShare, Streams
from minifit.symbolic import Symbolic, no_symbols
from minifit.tensor_shape import Shaped, TensorShape, quick
from minifit.undo import Undo
from minifit.workers import ALONE, Share

Rule: TypeAlias = Callable[[Array], Sequence[Array | None]]
Axis: TypeAlias = int | tuple[int, ...] | None
TensorLike: TypeAlias = Union["Tensor", Array, float, Sequence[Any]]

_age = count()


class Recorder(Protocol):
    """A tape: it follows some tensors through the ops that are made of them."""

    recording: bool

    def follows(self, made: "Tensor", parents: "tuple[Tensor, ...]") -> bool:
        """Return whether the tape follows one of the parents; it follows the result then too."""


class Context:
    """The surroundings of an op: all that it needs besides its arguments.

    The training loop enters a context of its own around its steps; everywhere else ops meet the default:
    plain NumPy, fresh memory, rules recorded.

    Parameters
    ----------
    kernels : module
        `minifit.kernels.reference` or the compiled kernels, which have the same names.
    workspace : Workspace, optional
        Where results live; fresh memory when None.
    recording : bool
        Whether results remember how they were made.
    streams : Streams, optional
        Where dropout and initializers draw from.
    undo : Undo, optional
        Where it is noted what changes before a step is taken.

    Attributes
    ----------
    workers : Workers
        Those that take the step together.
    share : Share or None
        The rows of the batch that this worker takes; None where it takes the whole.
    builds : bool
        Whether layers may make weights in a step: one of the user's, who knows when each is called first.
    tapes : tuple
        The tapes that follow what is computed, the innermost last.
    """

    __slots__ = (
        "_tokens",
        "builds",
        "kernels",
        "losses",
        "recording",
        "share",
        "streams",
        "take",
        "tapes",
        "undo",
        "workers",
        "workspace",
    )

    def __init__(
        self,
        kernels: ModuleType = reference,
        workspace: Workspace | None = None,
        recording: bool = True,
        streams: Streams | None = None,
        undo: Undo | None = None,
    ) -> None:
        self.kernels = kernels
        self.workspace = workspace
        self.take = fresh if workspace is None else workspace.take
        self.recording = recording
        self.streams = DEFAULT if streams is None else streams
        self.undo = undo
        self.builds = workspace is None
        self.workers = ALONE
        self.share: Share | None = None
        self.losses: list[
            tuple[Any, Tensor]
        ] = []  # each with the layer that adds it: activity regularizers, add_loss
        self.tapes: tuple[Recorder, ...] = ()
        self._tokens: list[Token[Context]] = []

    def begin_tape(self, tape: Recorder) -> "Token[Context]":
        """Make a context the current one that is this one with one more tape; return what `end_tape` needs."""
        made = Context.__new__(Context)
        for name in Context.__slots__:
            setattr(made, name, getattr(self, name))
        made._tokens, made.tapes = [], (*self.tapes, tape)
        return _current.set(made)

    @staticmethod
    def end_tape(token: "Token[Context]") -> None:
        """Make the context current again that was so before `begin_tape`."""
        _current.reset(token)

    def enter(self) -> None:
        """Make this the current context until the surrounding ``contextvars`` context is left."""
        _current.set(self)

    def __enter__(self) -> "Context":
        self.tapes = (
            current().tapes if self.recording else ()
        )  # a model that is called within a tape is followed
        self._tokens.append(_current.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._tokens.pop())

    @property
    def in_step(self) -> bool:
        """True within a step of `fit`, `evaluate` or `predict`."""
        return self.workspace is not None

    @property
    def collects(self) -> bool:
        """True if whoever entered this context looks at `losses`."""
        return self.losses is not _outside.losses

    def generator(self, name: str, seed: int | None = None) -> np.random.Generator:
        """Return a stream to draw from in a step; with a seed of its own it does not depend on the model.

        Where the batch is shared by several workers, numbers for its rows are drawn for all of them.
        """
        found = self.streams.get(name, seed)
        if self.undo is not None:
            self.undo.keep_place(found)
        return found if self.share is None else RowsOfShare(found, self.share)

    def whole(self, count: int) -> int:
        """Return a count for the whole batch, of what is counted here for the rows at hand."""
        return count if self.share is None else self.share.whole(count)

    def add_up(self, *sums: Array) -> list[Array]:
        """Return sums over the rows at hand as sums over the rows of the whole batch, in one message."""
        if self.share is None:
            return list(sums)
        message = np.concatenate([*(each.reshape(-1) for each in sums), np.zeros(1, sums[0].dtype)])
        if not self.share.rows:
            message.fill(0)  # what it holds does not count
        self.workers.add_up(message)
        ends = np.cumsum([each.size for each in sums])
        return [
            message[end - each.size : end].reshape(each.shape) for each, end in zip(sums, ends, strict=True)
        ]

    def result(self, value: Array, rule: Rule, *parents: "Tensor") -> "Tensor":
        """The tensor that an op made of `parents`; it keeps the rule only if a gradient can be wanted."""
        made = constant(value)
        if self.recording:
            for parent in parents:
                if parent.requires_grad:
                    made.requires_grad = True
                    made.rule, made.parents, made.age = rule, parents, next(_age)
                    break
        for tape in self.tapes:
            if tape.follows(made, parents) and made.rule is None:
                made.requires_grad = True
                made.rule, made.parents, made.age = rule, parents, next(_age)
        return made

    def follows(self, tensor: "Tensor") -> bool:
        """Return whether a gradient with respect to a tensor can be wanted."""
        return tensor.requires_grad or any(tape.follows(tensor, (tensor,)) for tape in self.tapes)


_outside = Context()
_current: ContextVar[Context] = ContextVar("minifit_context", default=_outside)
current = _current.get


class Tensor(Shaped):
    """An array that remembers how it was made.

    Parameters
    ----------
    value : array_like
        Numbers of any real dtype; a Python float becomes float32.
    requires_grad : bool
        Whether `backward` shall leave a gradient in `grad`.

    Attributes
    ----------
    value : ndarray
        The numbers. Inside a step of the library this memory is used again at the next step; `numpy` copies it.
    grad : ndarray or None
        After `backward`: the gradient, of the shape of `value`. It adds up over several calls.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.], dtype=float32)
    """

    __slots__ = ("age", "grad", "logits", "of_softmax", "parents", "requires_grad", "rule", "value")
    of_softmax: bool  # there, and true, where a softmax set the logits
    __array_priority__ = 1000  # so that ndarray - Tensor comes here

    def __init__(self, value: TensorLike, requires_grad: bool = False) -> None:
        self.value: Array = to_array(value)
        self.requires_grad = requires_grad
        self.grad: Array | None = None
        self.rule: Rule | None = None
        self.parents: tuple[Tensor, ...] = ()
        self.age = 0
        self.logits: Tensor | None = None  # set by softmax and sigmoid, for the cross-entropies

    # -- what it is -------------------------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:
        """The length of every axis."""
        return quick(self.value.shape)

    @property
    def ndim(self) -> int:
        """How many axes."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of number."""
        return self.value.dtype

    def numpy(self) -> Any:
        """A copy of the numbers, which belongs to the caller: an array, or a NumPy number where there is no axis."""
        return self.value.copy() if self.value.ndim else self.value[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype=dtype, copy=True if copy is None else copy)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> "Iterator[Tensor]":
        """Return the entries along the first axis, each as a tensor with its gradient."""
        if not self.value.ndim:
            raise ArgumentTypeError("A tensor without axes has no entries. Received: a loop over one number.")
        return (self[i] for i in range(len(self.value)))

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self._single("a float"))

    def __int__(self) -> int:
        return int(self._single("an int"))

    def __index__(self) -> int:
        return operator.index(self.value[()])

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._single("a number to round"), digits)

    def __format__(self, spec: str) -> str:
        return format(self._single("a number to format") if spec else self.value[()], spec)

    def _single(self, wanted: str) -> Any:
        """Return the one number that it holds, in any shape."""
        if self.value.size != 1:
            raise ArgumentTypeError(
                f"{wanted[0].upper()}{wanted[1:]} is made of one number. Received: a tensor of shape {self.shape}. "
                "Take one entry, or reduce it first."
            )
        return self.value.reshape(())[()]

    def __repr__(self) -> str:
        return f"Tensor(shape={self.shape}, dtype={self.dtype}, value={self.value!r})"

    def __copy__(self) -> "Tensor":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: the numbers, without how they were made and without a gradient."""
        alone = {"grad": None, "rule": None, "parents": (), "age": 0}
        return {**attributes(self), **alone, "requires_grad": self.requires_grad and self.rule is None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    # -- the gradient -----------------------------------------------------------------------------------

    def backward(self, grad: TensorLike | None = None) -> None:
        """Compute the gradient of this tensor with respect to everything it was made from.

        Parameters
        ----------
        grad : array_like, optional
            The gradient with respect to this tensor, of its shape; ones when None.

        Raises
        ------
        GradientError
            When nothing it was made from requires a gradient.
        """
        if not self.requires_grad:
            raise GradientError(
                "backward() needs a tensor made from at least one that requires a gradient. Received: one of "
                f"shape {self.shape} made without. Use minifit.ops on tensors all the way; a NumPy function "
                "in between loses the gradient."
            )
        if grad is not None:
            start = np.array(to_array(grad), self.dtype)
            if start.shape != self.shape:
                raise ShapeError(
                    f"The gradient to begin with has the tensor's shape, {self.shape}. "
                    f"Received: {start.shape}. Leave it out for ones."
                )
        else:
            start = self.dtype.type(1) if self.value.ndim == 0 else np.ones(self.shape, self.dtype)
        if self.rule is None:
            self.accumulate(start)
            return
        self.grad = start
        flow_back(history((self,)))

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient. `grad` may belong to others too, so it is never written to."""
        self.grad = grad if self.grad is None else self.grad + grad

    def target(self) -> Array:
        """Memory where an op's rule may put the gradient for this tensor."""
        return current().take(self.value.shape, self.value.dtype)

    # -- arithmetic, each operator beside its rule ------------------------------------------------------

    def __add__(self, other: TensorLike) -> "Tensor":
        return _binary(np.add, self, other, lambda g, a, b, y: g, lambda g, a, b, y: g)

    def __sub__(self, other: TensorLike) -> "Tensor":
        return _binary(np.subtract, self, other, lambda g, a, b, y: g, lambda g, a, b, y: -g)

    def __mul__(self, other: TensorLike) -> "Tensor":
        return _binary(np.multiply, self, other, lambda g, a, b, y: g * b, lambda g, a, b, y: g * a)

    def __truediv__(self, other: TensorLike) -> "Tensor":
        a, b = (floating(self), other) if self.value.dtype.kind != "f" else (self, other)
        return _binary(np.divide, a, b, lambda g, a, b, y: g / b, lambda g, a, b, y: -g * y / b)

    def __pow__(self, other: TensorLike) -> "Tensor":
        return _binary(
            np.power,
            self,
            other,
            lambda g, a, b, y: g * _slope_of_power(a, b),
            lambda g, a, b, y: g * y * np.log(np.where(a > 0, a, 1)),
        )

    def __radd__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) + self

    def __rsub__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) - self

    def __rmul__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) * self

    def __rtruediv__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) / self

    def __mod__(self, other: TensorLike) -> "Tensor":
        return _binary(np.remainder, self, other, lambda g, a, b, y: g, lambda g, a, b, y: -g * (a // b))

    def __rmod__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) % self

    def __rpow__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) ** self

    def __rmatmul__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) @ self

    def __neg__(self) -> "Tensor":
        return current().result(-self.value, lambda g: (-g,), self)

    def __abs__(self) -> "Tensor":
        return current().result(np.abs(self.value), lambda g: (g * np.sign(self.value),), self)

    def __matmul__(self, other: TensorLike) -> "Tensor":
        """The matrix product of the last two axes; both have at least two."""
        a, b = alike(self, other)
        if a.ndim < 2 or b.ndim < 2:
            raise ArgumentTypeError(
                f"@ multiplies matrices. Received: shapes {a.shape} and {b.shape}. Reshape vectors to "
                "(1, n) or (n, 1) first."
            )

        def rule(g: Array) -> tuple[Array, Array]:
            da = g @ b.value.swapaxes(-1, -2)
            db = a.value.swapaxes(-1, -2) @ g
            return unbroadcast(da, a.shape), unbroadcast(db, b.shape)

        return current().result(a.value @ b.value, rule, a, b)

    def __getitem__(self, index: Any) -> "Tensor":
        index = np.asarray(index) if isinstance(index, Tensor) else index

        def rule(g: Array) -> tuple[Array]:
            dx = np.zeros(self.shape, self.dtype)
            np.add.at(dx, index, g)
            return (dx,)

        return current().result(np.asarray(self.value[index]), rule, self)

    def sum(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: None = None, out: None = None
    ) -> "Tensor":
        """The sum over `axis`, or over everything. ``np.sum`` comes here too, with its `dtype` and `out`."""

        def rule(g: Array) -> tuple[Array]:
            shape = self.value.shape
            return (np.broadcast_to(_keep_axes(g, shape, axis), shape).copy(),)

        return current().result(np.asarray(self.value.sum(axis=axis, keepdims=keepdims)), rule, self)

    def mean(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: None = None, out: None = None
    ) -> "Tensor":
        """The mean over `axis`, or over everything. ``np.mean`` comes here too."""
        total = self.sum(axis, keepdims)
        return total * (total.value.size / self.value.size if self.value.size else np.nan)

    def reshape(self, *shape: Any) -> "Tensor":
        """The same numbers in another shape, given as numbers or as a tuple; one dimension may be -1."""
        return current().result(self.value.reshape(*shape or ((),)), lambda g: (g.reshape(self.shape),), self)

    # -- without a gradient: whole numbers, bits, comparisons -------------------------------------------

    def __floordiv__(self, other: TensorLike) -> "Tensor":
        return (
            NotImplemented if isinstance(other, Symbolic) else _constant(np.floor_divide, *alike(self, other))
        )

    def __rfloordiv__(self, other: TensorLike) -> "Tensor":
        return _like(other, self) // self

    def __and__(self, other: TensorLike) -> "Tensor":
        return _constant(np.bitwise_and, self, other)

    def __or__(self, other: TensorLike) -> "Tensor":
        return _constant(np.bitwise_or, self, other)

    def __xor__(self, other: TensorLike) -> "Tensor":
        return _constant(np.bitwise_xor, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> "Tensor":
        return _constant(np.invert, self)

    def __gt__(self, other: TensorLike) -> "Tensor":
        return _constant(np.greater, self, other)

    def __ge__(self, other: TensorLike) -> "Tensor":
        return _constant(np.greater_equal, self, other)

    def __lt__(self, other: TensorLike) -> "Tensor":
        return _constant(np.less, self, other)

    def __le__(self, other: TensorLike) -> "Tensor":
        return _constant(np.less_equal, self, other)

    def __eq__(self, other: object) -> Any:
        """Compare the elements. Two tensors are one and the same if ``a is b``; as a key, each is itself."""
        return self._compared(np.equal, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(np.not_equal, other)

    __hash__ = object.__hash__

    def _compared(self, ufunc: np.ufunc, other: Any) -> Any:
        if other is None or isinstance(other, str | Symbolic):
            return NotImplemented
        try:
            return Tensor(np.asarray(ufunc(self.value, to_array(other))))
        except (ArgumentTypeError, ValueError):  # no numbers, or of another shape: not equal
            return NotImplemented


no_symbols.add(Tensor)


def history(ends: Iterable[Tensor], within: Set[Tensor] | None = None) -> list[Tensor]:
    """Return every tensor with a rule that these are or depend on, youngest first; only those `within`, if given."""
    nodes = [t for t in dict.fromkeys(ends) if t.rule is not None and (within is None or t in within)]
    seen = set(nodes)
    for node in nodes:  # grows while it is walked
        for parent in node.parents:
            if parent.rule is not None and parent not in seen and (within is None or parent in within):
                seen.add(parent)
                nodes.append(parent)
    nodes.sort(key=_by_age, reverse=True)
    return nodes


def flow_back(nodes: Iterable[Tensor], kept: Set[Tensor] = frozenset()) -> None:
    """Apply the rules of tensors, given youngest first, so that gradients reach the leaves.

    Only leaves keep their gradients, and those in `kept`.
    """
    for node in nodes:
        grad, rule = node.grad, node.rule
        if grad is None or rule is None:
            continue
        if node not in kept:
            node.grad = None
        for parent, dparent in zip(node.parents, rule(grad), strict=True):
            if dparent is not None and parent.requires_grad:
                parent.accumulate(dparent)


def attributes(thing: object) -> dict[str, Any]:
    """Return the attributes of an object with slots, by their names."""
    state: Any = object.__getstate__(thing)
    beyond, slots = state
    return {**(beyond or {}), **slots}


def constant(value: Array) -> Tensor:
    """A tensor of an array as it is: the quick way, without a look at what it holds."""
    made = Tensor.__new__(Tensor)
    made.value = value
    made.grad = made.rule = made.logits = None
    made.parents = ()
    made.requires_grad = False
    made.age = 0
    return made


def _by_age(node: Tensor) -> int:
    return node.age


def to_array(value: TensorLike) -> Array:
    """The numbers of a tensor, an array or a nested list; Python floats become float32.

    Raises
    ------
    ArgumentTypeError
        When they are not real numbers.
    ShapeError
        When the rows of a list have different lengths.
    """
    if isinstance(value, Tensor):
        return value.value
    try:
        array = np.asarray(numpy_ready(value))
    except ValueError:
        raise ShapeError(
            f"A tensor's rows have equal lengths. Received: a ragged {type(value).__name__}. Pad the short rows."
        ) from None
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(
            f"A tensor holds real numbers. Received: {type(value).__name__} of dtype {array.dtype}. "
            "Convert it to an array of floats or integers."
        )
    if array.dtype == np.float64 and not isinstance(value, np.ndarray | np.generic):
        return array.astype(FLOAT)
    return array


def as_tensor(value: TensorLike) -> Tensor:
    """`value` itself when it is a tensor, or a symbol that takes part in the same ops; else a constant tensor of it."""
    return value if isinstance(value, Tensor | Symbolic) else Tensor(value)


def alike(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as tensors of one dtype: that of the tensor, or the wider one of two; float32 unless both are whole."""
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype == b.dtype and a.dtype.kind == "f":
        return a, b
    dtypes = [x.dtype for x in (a, b) if isinstance(x, Tensor)]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    if floats:
        dtype = np.result_type(*floats)
    else:
        dtype = np.result_type(*dtypes) if dtypes and _whole(a) and _whole(b) else FLOAT
    return _as(a, dtype), _as(b, dtype)


def _whole(x: TensorLike) -> bool:
    """Return whether something holds whole numbers by its kind; truth values are none."""
    return type(x) is int or to_array(x).dtype.kind in "iu"


def _like(other: TensorLike, x: Tensor) -> Tensor:
    return alike(other, x)[0]


def _as(x: TensorLike, dtype: np.dtype[Any]) -> Tensor:
    if isinstance(x, Tensor):
        return convert(x, dtype)
    to_array(x)  # refuses what is no number
    return constant(np.asarray(x, dtype))


def floating(x: TensorLike) -> Tensor:
    """`x` as a tensor of floats: whole numbers and booleans become float32."""
    if isinstance(x, Symbolic):
        return x  # type: ignore[return-value]  # it stands for one
    made = as_tensor(x)
    return made if made.value.dtype.kind == "f" else convert(made, FLOAT)


def convert(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """`x` in another dtype; through whole numbers and truth values no gradient flows back, as in TensorFlow."""
    if isinstance(x, Symbolic):
        return x.converted(dtype)  # type: ignore[no-any-return]
    if x.dtype == dtype:
        return x
    if dtype.kind != "f":
        return constant(x.value.astype(dtype))
    return current().result(x.value.astype(dtype), lambda g: (g.astype(x.dtype),), x)


def _slope_of_power(a: Array, b: Array) -> Array:
    """``b * a ** (b - 1)``, which at a = 0 is 0 for b = 0, and infinite between."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(b == 0, 0, b * np.power(a, b - 1)), a.dtype)


def _binary(
    forward: Callable[[Array, Array], Array],
    a: TensorLike,
    b: TensorLike,
    da: Callable[[Array, Array, Array, Array], Array],
    db: Callable[[Array, Array, Array, Array], Array],
) -> Tensor:
    """An elementwise op of two tensors, from its gradients for each as functions of (g, a, b, y)."""
    if isinstance(b, Symbolic):
        return NotImplemented  # type: ignore[no-any-return]  # its own operator comes next
    x, y = alike(a, b)
    try:
        value = np.asarray(forward(x.value, y.value))
    except ValueError:
        _see_that_shapes_fit(x.shape, y.shape)
        raise

    def rule(g: Array) -> tuple[Array | None, Array | None]:
        dx = unbroadcast(da(g, x.value, y.value, value), x.value.shape) if x.requires_grad else None
        dy = unbroadcast(db(g, x.value, y.value, value), y.value.shape) if y.requires_grad else None
        return dx, dy

    return current().result(value, rule, x, y)


def _constant(ufunc: np.ufunc, *operands: TensorLike) -> Tensor:
    """The result of an elementwise function that has no gradient."""
    if any(isinstance(x, Symbolic) for x in operands):
        return NotImplemented  # type: ignore[no-any-return]  # its own operator comes next
    arrays = [to_array(x) for x in operands]
    try:
        return constant(np.asarray(ufunc(*arrays)))
    except ValueError:
        _see_that_shapes_fit(*(x.shape for x in arrays))
        raise
    except TypeError:
        raise ArgumentTypeError(
            f"{ufunc.__name__} needs truth values or whole numbers. Received: "
            f"{' and '.join(str(x.dtype) for x in arrays)}. Compare first, as in (x > 0) & (x < 1), or use ops.cast."
        ) from None


def _see_that_shapes_fit(*shapes: Shape) -> None:
    """Raise for shapes that do not broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            "Two tensors must have shapes that broadcast: equal, or 1, axis by axis from the last. "
            f"Received: {' and '.join(map(str, shapes))}. Reshape one of them."
        ) from None


def unbroadcast(grad: Array, shape: Shape) -> Array:
    """The gradient of an array that was broadcast from `shape`: summed over what was repeated."""
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return np.asarray(grad.sum(axis=repeated, keepdims=True)) if repeated else np.asarray(grad)


def _keep_axes(grad: Array, shape: Shape, axis: Axis) -> Array:
    """The gradient of a reduction with its reduced axes put back as ones."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    reduced = {a % len(shape) for a in axes} if shape else set()
    return grad.reshape([1 if i in reduced else n for i, n in enumerate(shape)])
