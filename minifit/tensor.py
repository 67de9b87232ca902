"""Reverse-mode automatic differentiation: a `Tensor` remembers the op that computed it.

Every op computes an array and records a rule. A rule takes the gradient with respect to the op's result and returns
the gradients with respect to the op's arguments. `Tensor.backward` applies the rules from the youngest tensor to the
oldest. The result of an op is always younger than its arguments, so this order visits a tensor only after every
tensor computed from it.

This file has the arithmetic operators, each beside its rule; the functions are in `minifit.ops`.
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
    """A tape, which follows some tensors through the ops that use them."""

    recording: bool

    def follows(self, result: "Tensor", parents: "tuple[Tensor, ...]") -> bool:
        """Return whether the tape follows one of the parents; if so, it follows the result too."""


class Context:
    """The environment of an op: everything an op needs besides its arguments.

    The training loop enters its own context around its steps. Everywhere else ops use the default context:
    plain NumPy, fresh memory, rules recorded.

    Parameters
    ----------
    kernels : module
        `minifit.kernels.reference` or the compiled kernels, which have the same names.
    workspace : Workspace, optional
        The memory of results; fresh memory when None.
    recording : bool
        Whether results keep their gradient rules.
    streams : Streams, optional
        The random streams of dropout and initializers.
    undo : Undo, optional
        The record of values that a step is about to change.

    Attributes
    ----------
    workers : Workers
        The workers that compute the step together.
    share : Share or None
        The rows of the batch that this worker computes; None for the whole batch.
    builds : bool
        Whether layers may create weights during a step. True in a user's own step, where the user decides when each
        layer is called first.
    tapes : tuple
        The active tapes, the innermost last.
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
        # losses of activity regularizers and of add_loss, each with its layer
        self.losses: list[tuple[Any, Tensor]] = []
        self.tapes: tuple[Recorder, ...] = ()
        self._tokens: list[Token[Context]] = []

    def begin_tape(self, tape: Recorder) -> "Token[Context]":
        """Make a copy of this context with one more tape current; return the token for `end_tape`."""
        context = Context.__new__(Context)
        for name in Context.__slots__:
            setattr(context, name, getattr(self, name))
        context._tokens, context.tapes = [], (*self.tapes, tape)
        return _current.set(context)

    @staticmethod
    def end_tape(token: "Token[Context]") -> None:
        """Restore the context that was current before `begin_tape`."""
        _current.reset(token)

    def enter(self) -> None:
        """Make this the current context until the surrounding ``contextvars`` context is left."""
        _current.set(self)

    def __enter__(self) -> "Context":
        # a model called within a tape is followed by that tape
        self.tapes = current().tapes if self.recording else ()
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
        """True if the code that entered this context reads `losses`."""
        return self.losses is not _outside.losses

    def generator(self, name: str, seed: int | None = None) -> np.random.Generator:
        """Return the stream of random numbers with this name; with a seed, it does not depend on the model.

        When several workers share the batch, each of them draws the numbers of all rows.
        """
        stream = self.streams.get(name, seed)
        if self.undo is not None:
            self.undo.keep_place(stream)
        return stream if self.share is None else RowsOfShare(stream, self.share)

    def whole(self, count: int) -> int:
        """Return the count for the whole batch from the count for this worker's rows."""
        return count if self.share is None else self.share.whole(count)

    def add_up(self, *sums: Array) -> list[Array]:
        """Add sums over this worker's rows up to sums over the whole batch, in one message between the workers."""
        if self.share is None:
            return list(sums)
        message = np.concatenate([*(each.reshape(-1) for each in sums), np.zeros(1, sums[0].dtype)])
        if not self.share.rows:
            # a worker without rows contributes nothing
            message.fill(0)
        self.workers.add_up(message)
        ends = np.cumsum([each.size for each in sums])
        return [
            message[end - each.size : end].reshape(each.shape) for each, end in zip(sums, ends, strict=True)
        ]

    def result(self, value: Array, rule: Rule, *parents: "Tensor") -> "Tensor":
        """Return the result of an op on `parents` as a tensor, with the rule only if a gradient may be needed."""
        tensor = constant(value)
        if self.recording:
            for parent in parents:
                if parent.requires_grad:
                    tensor.requires_grad = True
                    tensor.rule, tensor.parents, tensor.age = rule, parents, next(_age)
                    break
        for tape in self.tapes:
            if tape.follows(tensor, parents) and tensor.rule is None:
                tensor.requires_grad = True
                tensor.rule, tensor.parents, tensor.age = rule, parents, next(_age)
        return tensor

    def follows(self, tensor: "Tensor") -> bool:
        """Return whether a gradient with respect to a tensor may be needed."""
        return tensor.requires_grad or any(tape.follows(tensor, (tensor,)) for tape in self.tapes)


_outside = Context()
_current: ContextVar[Context] = ContextVar("minifit_context", default=_outside)
current = _current.get


class Tensor(Shaped):
    """An array that remembers the op that computed it.

    Parameters
    ----------
    value : array_like
        Numbers of any real dtype; a Python float becomes float32.
    requires_grad : bool
        Whether `backward` stores a gradient in `grad`.

    Attributes
    ----------
    value : ndarray
        The numbers. In a step of `fit`, `evaluate` or `predict`, the next step reuses this memory; `numpy` copies it.
    grad : ndarray or None
        The gradient after `backward`, of the shape of `value`. Several calls add up.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.], dtype=float32)
    """

    __slots__ = ("age", "grad", "logits", "of_softmax", "parents", "requires_grad", "rule", "value")
    # set, and then true, only when a softmax set the logits
    of_softmax: bool
    # makes NumPy leave ndarray - Tensor to the operators here
    __array_priority__ = 1000

    def __init__(self, value: TensorLike, requires_grad: bool = False) -> None:
        self.value: Array = to_array(value)
        self.requires_grad = requires_grad
        self.grad: Array | None = None
        self.rule: Rule | None = None
        self.parents: tuple[Tensor, ...] = ()
        self.age = 0
        # set by softmax and sigmoid, for the cross-entropies
        self.logits: Tensor | None = None

    # -- shape, dtype and conversions -------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:
        """The length of every axis."""
        return quick(self.value.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the numbers."""
        return self.value.dtype

    def numpy(self) -> Any:
        """Return a copy of the numbers: an array, or a NumPy scalar for a tensor without axes."""
        return self.value.copy() if self.value.ndim else self.value[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype=dtype, copy=True if copy is None else copy)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> "Iterator[Tensor]":
        """Return the entries along the first axis, each as a tensor with its gradient."""
        if not self.value.ndim:
            raise ArgumentTypeError(
                "Only a tensor with axes is iterable. Received: a tensor of shape (). Use float(x) or x.numpy()."
            )
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

    def _single(self, target: str) -> Any:
        """Return the number of a tensor of any shape that holds exactly one."""
        if self.value.size != 1:
            raise ArgumentTypeError(
                f"Only a tensor of one number converts to {target}. Received: a tensor of shape {self.shape}. "
                "Index one entry, or reduce the tensor first."
            )
        return self.value.reshape(())[()]

    def __repr__(self) -> str:
        return f"Tensor(shape={self.shape}, dtype={self.dtype}, value={self.value!r})"

    def __copy__(self) -> "Tensor":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy the numbers alone, without gradient, rule and parents."""
        detached = {"grad": None, "rule": None, "parents": (), "age": 0}
        return {**attributes(self), **detached, "requires_grad": self.requires_grad and self.rule is None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    # -- the gradient -----------------------------------------------------------------------------------

    def backward(self, grad: TensorLike | None = None) -> None:
        """Compute the gradients of this tensor with respect to all the tensors it was computed from.

        Parameters
        ----------
        grad : array_like, optional
            The gradient with respect to this tensor, of the same shape; ones when None.

        Raises
        ------
        GradientError
            When this tensor was not computed from a tensor that requires a gradient.
        """
        if not self.requires_grad:
            raise GradientError(
                "backward() needs a tensor computed from at least one tensor that requires a gradient. Received: a "
                f"tensor of shape {self.shape} that was not. Use minifit.ops from start to end: a NumPy function in "
                "between loses the gradient."
            )
        if grad is not None:
            start = np.array(to_array(grad), self.dtype)
            if start.shape != self.shape:
                raise ShapeError(
                    f"The initial gradient must have the tensor's shape, {self.shape}. "
                    f"Received: shape {start.shape}. Leave it out for ones."
                )
        else:
            start = self.dtype.type(1) if self.value.ndim == 0 else np.ones(self.shape, self.dtype)
        if self.rule is None:
            self.accumulate(start)
            return
        self.grad = start
        flow_back(history((self,)))

    def accumulate(self, grad: Array) -> None:
        """Add `grad` to the gradient. Other tensors may share `grad`, so it is never written to."""
        self.grad = grad if self.grad is None else self.grad + grad

    def grad_memory(self) -> Array:
        """Return memory into which an op's rule may write the gradient of this tensor."""
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
        return _cast_like(other, self) + self

    def __rsub__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) - self

    def __rmul__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) * self

    def __rtruediv__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) / self

    def __mod__(self, other: TensorLike) -> "Tensor":
        return _binary(np.remainder, self, other, lambda g, a, b, y: g, lambda g, a, b, y: -g * (a // b))

    def __rmod__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) % self

    def __rpow__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) ** self

    def __rmatmul__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) @ self

    def __neg__(self) -> "Tensor":
        return current().result(-self.value, lambda g: (-g,), self)

    def __abs__(self) -> "Tensor":
        return current().result(np.abs(self.value), lambda g: (g * np.sign(self.value),), self)

    def __matmul__(self, other: TensorLike) -> "Tensor":
        """Return the matrix product over the last two axes; both operands need at least two."""
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
        """Return the sum over `axis`, or over all axes. ``np.sum`` calls this too and passes `dtype` and `out`."""

        def rule(g: Array) -> tuple[Array]:
            shape = self.value.shape
            return (np.broadcast_to(_keep_axes(g, shape, axis), shape).copy(),)

        return current().result(np.asarray(self.value.sum(axis=axis, keepdims=keepdims)), rule, self)

    def mean(
        self, axis: Axis = None, keepdims: bool = False, *, dtype: None = None, out: None = None
    ) -> "Tensor":
        """Return the mean over `axis`, or over all axes. ``np.mean`` calls this too and passes `dtype` and `out`."""
        total = self.sum(axis, keepdims)
        return total * (total.value.size / self.value.size if self.value.size else np.nan)

    def reshape(self, *shape: Any) -> "Tensor":
        """Return the same numbers in another shape, passed as integers or as a tuple; one dimension may be -1."""
        return current().result(self.value.reshape(*shape or ((),)), lambda g: (g.reshape(self.shape),), self)

    # -- without a gradient: floor division, bits, comparisons ------------------------------------------

    def __floordiv__(self, other: TensorLike) -> "Tensor":
        return (
            NotImplemented if isinstance(other, Symbolic) else _constant(np.floor_divide, *alike(self, other))
        )

    def __rfloordiv__(self, other: TensorLike) -> "Tensor":
        return _cast_like(other, self) // self

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
        """Compare the elements. Use ``a is b`` for identity; dicts and sets compare tensors by identity too."""
        return self._compared(np.equal, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(np.not_equal, other)

    __hash__ = object.__hash__

    def _compared(self, ufunc: np.ufunc, other: Any) -> Any:
        if other is None or isinstance(other, str | Symbolic):
            return NotImplemented
        try:
            return Tensor(np.asarray(ufunc(self.value, to_array(other))))
        # what holds no numbers, or has another shape, is not equal
        except (ArgumentTypeError, ValueError):
            return NotImplemented


no_symbols.add(Tensor)


def history(ends: Iterable[Tensor], within: Set[Tensor] | None = None) -> list[Tensor]:
    """Return `ends` and their ancestors that have a rule, youngest first; when `within` is passed, only its members."""
    nodes = [t for t in dict.fromkeys(ends) if t.rule is not None and (within is None or t in within)]
    visited = set(nodes)
    # the list grows during the loop
    for node in nodes:
        for parent in node.parents:
            if parent.rule is not None and parent not in visited and (within is None or parent in within):
                visited.add(parent)
                nodes.append(parent)
    nodes.sort(key=_by_age, reverse=True)
    return nodes


def flow_back(nodes: Iterable[Tensor], kept: Set[Tensor] = frozenset()) -> None:
    """Apply the rules of tensors, sorted youngest first, so that gradients reach the leaves.

    Only the leaves and the tensors in `kept` keep their gradients.
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


def attributes(instance: object) -> dict[str, Any]:
    """Return the attributes of an object with slots, by name."""
    state: Any = object.__getstate__(instance)
    instance_dict, slots = state
    return {**(instance_dict or {}), **slots}


def constant(value: Array) -> Tensor:
    """Wrap an array in a tensor without validation; the fast path of ops."""
    tensor = Tensor.__new__(Tensor)
    tensor.value = value
    tensor.grad = tensor.rule = tensor.logits = None
    tensor.parents = ()
    tensor.requires_grad = False
    tensor.age = 0
    return tensor


def _by_age(node: Tensor) -> int:
    return node.age


def to_array(value: TensorLike) -> Array:
    """Return the numbers of a tensor, an array or a nested list as an array; Python floats become float32.

    Raises
    ------
    ArgumentTypeError
        When `value` does not hold real numbers.
    ShapeError
        When the rows of a list have different lengths.
    """
    if isinstance(value, Tensor):
        return value.value
    try:
        array = np.asarray(numpy_ready(value))
    except ValueError:
        raise ShapeError(
            f"All rows of a tensor must have the same length. Received: a ragged {type(value).__name__}. "
            "Pad the short rows."
        ) from None
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(
            f"A tensor holds real numbers. Received: {type(value).__name__} of dtype {array.dtype}. "
            "Convert it to an array of floats or integers first."
        )
    if array.dtype == np.float64 and not isinstance(value, np.ndarray | np.generic):
        return array.astype(FLOAT)
    return array


def as_tensor(value: TensorLike) -> Tensor:
    """Return `value` itself when it is a tensor or a symbolic tensor, else a constant tensor of it."""
    return value if isinstance(value, Tensor | Symbolic) else Tensor(value)


def alike(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Return both operands as tensors of one dtype.

    That is the dtype of the floating-point tensor, or the wider one of two. Without one, it is float32 unless both
    operands hold integers and one is a tensor.
    """
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype == b.dtype and a.dtype.kind == "f":
        return a, b
    dtypes = [x.dtype for x in (a, b) if isinstance(x, Tensor)]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    if floats:
        dtype = np.result_type(*floats)
    else:
        dtype = np.result_type(*dtypes) if dtypes and _holds_integers(a) and _holds_integers(b) else FLOAT
    return _cast(a, dtype), _cast(b, dtype)


def _holds_integers(x: TensorLike) -> bool:
    """Return whether an operand holds integers; booleans do not count."""
    return type(x) is int or to_array(x).dtype.kind in "iu"


def _cast_like(other: TensorLike, x: Tensor) -> Tensor:
    return alike(other, x)[0]


def _cast(x: TensorLike, dtype: np.dtype[Any]) -> Tensor:
    if isinstance(x, Tensor):
        return convert(x, dtype)
    # raises for anything but real numbers
    to_array(x)
    return constant(np.asarray(x, dtype))


def floating(x: TensorLike) -> Tensor:
    """Return `x` as a tensor of floats: integers and booleans become float32."""
    # a symbolic tensor stands for a tensor
    if isinstance(x, Symbolic):
        return x  # type: ignore[return-value]
    tensor = as_tensor(x)
    return tensor if tensor.value.dtype.kind == "f" else convert(tensor, FLOAT)


def convert(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """Return `x` in another dtype; integers and booleans pass no gradient back, as in TensorFlow."""
    if isinstance(x, Symbolic):
        return x.converted(dtype)  # type: ignore[no-any-return]
    if x.dtype == dtype:
        return x
    if dtype.kind != "f":
        return constant(x.value.astype(dtype))
    return current().result(x.value.astype(dtype), lambda g: (g.astype(x.dtype),), x)


def _slope_of_power(a: Array, b: Array) -> Array:
    """Return ``b * a ** (b - 1)``, which at a = 0 is 0 for b = 0 and infinite for 0 < b < 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(b == 0, 0, b * np.power(a, b - 1)), a.dtype)


def _binary(
    forward: Callable[[Array, Array], Array],
    a: TensorLike,
    b: TensorLike,
    da: Callable[[Array, Array, Array, Array], Array],
    db: Callable[[Array, Array, Array, Array], Array],
) -> Tensor:
    """Apply an elementwise op to two tensors; `da` and `db` are its gradients as functions of (g, a, b, y)."""
    # Python then tries the operator of the symbolic tensor
    if isinstance(b, Symbolic):
        return NotImplemented  # type: ignore[no-any-return]
    x, y = alike(a, b)
    try:
        value = np.asarray(forward(x.value, y.value))
    except ValueError:
        _check_broadcast(x.shape, y.shape)
        raise

    def rule(g: Array) -> tuple[Array | None, Array | None]:
        dx = unbroadcast(da(g, x.value, y.value, value), x.value.shape) if x.requires_grad else None
        dy = unbroadcast(db(g, x.value, y.value, value), y.value.shape) if y.requires_grad else None
        return dx, dy

    return current().result(value, rule, x, y)


def _constant(ufunc: np.ufunc, *operands: TensorLike) -> Tensor:
    """Apply an elementwise function that has no gradient."""
    # Python then tries the operator of the symbolic tensor
    if any(isinstance(x, Symbolic) for x in operands):
        return NotImplemented  # type: ignore[no-any-return]
    arrays = [to_array(x) for x in operands]
    try:
        return constant(np.asarray(ufunc(*arrays)))
    except ValueError:
        _check_broadcast(*(x.shape for x in arrays))
        raise
    except TypeError:
        raise ArgumentTypeError(
            f"{ufunc.__name__} needs booleans or integers. Received: "
            f"{' and '.join(str(x.dtype) for x in arrays)}. Compare first, as in (x > 0) & (x < 1), or use ops.cast."
        ) from None


def _check_broadcast(*shapes: Shape) -> None:
    """Raise for shapes that do not broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            "Two tensors must have shapes that broadcast: from the last axis on, lengths are equal or one is 1. "
            f"Received: {' and '.join(map(str, shapes))}. Reshape one of them."
        ) from None


def unbroadcast(grad: Array, shape: Shape) -> Array:
    """Reduce a gradient to the shape its array was broadcast from, by summing over the repeated axes."""
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and grad.shape[i] != 1)
    return np.asarray(grad.sum(axis=repeated, keepdims=True)) if repeated else np.asarray(grad)


def _keep_axes(grad: Array, shape: Shape, axis: Axis) -> Array:
    """Return the gradient of a reduction with the reduced axes put back, each of length 1."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    reduced = {a % len(shape) for a in axes} if shape else set()
    return grad.reshape([1 if i in reduced else n for i, n in enumerate(shape)])
