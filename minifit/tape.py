"""`GradientTape`: the gradients of a block of code, with respect to any tensors.

A tensor remembers how it was computed, so the graph behind a result always exists. A tape records in addition which
tensors it watches: the variables used while it records, the tensors passed to `watch`, and all results computed from
these. A gradient flows back through watched tensors only, and `grad` of variables does not change.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Token
from typing import Any

import numpy as np

from minifit import nest
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, GradientError, ShapeError, quoted
from minifit.parameters import Parameter
from minifit.tensor import Context, Tensor, constant, current, flow_back, history, to_array

__all__ = ["GradientTape"]


class GradientTape:
    """A record of the computation in a ``with`` block, for gradients.

    Parameters
    ----------
    persistent : bool, default False
        Whether `gradient` may be called more than once; without it, the first call uses up the tape.
    watch_accessed_variables : bool, default True
        Whether to watch trainable variables when they are used; with False, only `watch` adds tensors.

    Attributes
    ----------
    recording : bool
        True while the tape records.

    Notes
    -----
    A gradient is a constant. Differentiating it again raises a `GradientError`.

    Examples
    --------
    >>> from minifit.tensor import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> with GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = (x * x).sum()
    >>> tape.gradient(y, x).numpy()
    array([2., 4.], dtype=float32)

    References
    ----------
    ``tf.GradientTape`` (TensorFlow 2.7).
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = bool(persistent)
        self._follows_variables = bool(watch_accessed_variables)
        self.recording = False
        # None before the tape is entered, and when it is used up
        self._watched: dict[Tensor, None] | None = None
        # the results computed from watched tensors
        self._results: set[Tensor] = set()
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> "GradientTape":
        if self.recording:
            raise GradientError(
                "A tape can record only one block at a time. Received: a tape that is recording. Use a second tape."
            )
        self._begin()
        self._tokens.append(current().begin_tape(self))
        return self

    def __exit__(self, *_: object) -> None:
        self.recording = False
        Context.end_tape(self._tokens.pop())

    def _begin(self) -> None:
        self.recording = True
        if self._watched is None:
            self._watched = {}

    # -- watching ---------------------------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Watch a tensor that is not a trainable variable.

        Parameters
        ----------
        tensor : Tensor or Variable, or nested ones

        Raises
        ------
        ArgumentTypeError
            For anything else, and for integer tensors, which have no gradient.
        """
        watched = self._in_use("watch")
        for leaf in nest.flatten(tensor):
            watched[_differentiable(leaf, "A tape watches tensors")] = None

    def watched_variables(self) -> tuple[Parameter, ...]:
        """Return the watched variables, in the order of their first use."""
        return tuple(t for t in self._in_use("watched_variables") if isinstance(t, Parameter))

    def follows(self, result: Tensor, parents: tuple[Tensor, ...]) -> bool:
        """Return whether the tape watches one of the parents; if so, watch the result too."""
        if not self.recording:
            return False
        watched, depends = self._in_use("follows"), False
        for parent in parents:
            if parent in watched or parent in self._results:
                depends = True
            elif self._follows_variables and isinstance(parent, Parameter) and parent.trainable:
                watched[parent] = None
                depends = True
        if depends:
            self._results.add(result)
        return depends

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing while the block runs."""
        self._need_recording("stop_recording")
        self.recording = False
        try:
            yield
        finally:
            self._begin()

    def reset(self) -> None:
        """Discard the record, and continue recording."""
        self._need_recording("reset")
        self._watched, self._results = {}, set()

    def _need_recording(self, method: str) -> None:
        if not self.recording:
            raise GradientError(
                f"{method}() belongs in the block of its tape. Received: a call outside. Call it inside `with`."
            )

    def _in_use(self, method: str) -> dict[Tensor, None]:
        if self._watched is None:
            raise GradientError(
                f"{method}() needs a tape that has recorded. Received: one that was not entered, or that is used up. "
                "Call it within `with GradientTape() as tape`, or after it; only persistent=True allows several "
                "gradients."
            )
        return self._watched

    # -- the gradient -----------------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = "none",
    ) -> Any:
        """Return the gradient of a result with respect to tensors and variables.

        Parameters
        ----------
        target : Tensor, or nested tensors
            The results, of any shape: the elements of all of them are summed.
        sources : Tensor, or nested tensors
            Watched tensors, variables, or results computed from these.
        output_gradients : array_like, or nested like `target`, optional
            The gradient with respect to each target, in its shape; None means ones.
        unconnected_gradients : {"none", "zero"}
            The result for a source that the target does not depend on: None, or a tensor of zeros.

        Returns
        -------
        Tensor, or tensors nested like `sources`
            Each in the shape of its source; None if there is no gradient.

        Raises
        ------
        GradientError
            When the tape is used up, and for the gradient of a gradient.
        """
        zero = _fills_with_zeros(unconnected_gradients)
        self._in_use("gradient")
        ends = [_differentiable(leaf, "A gradient is that of tensors") for leaf in nest.flatten(target)]
        leaves = [
            _differentiable(leaf, "A gradient is with respect to tensors") for leaf in nest.flatten(sources)
        ]
        starts = _starts(ends, output_gradients)
        if not self._persistent:
            self.recording = False
        by_source = self._flow(ends, starts, set(leaves))
        if not self._persistent:
            self._watched, self._results = None, set()
        grads = [by_source.get(leaf, np.zeros(leaf.shape, leaf.dtype) if zero else None) for leaf in leaves]
        return nest.pack(sources, [None if g is None else _result(np.asarray(g), ends) for g in grads])

    def _flow(self, ends: list[Tensor], starts: list[Array], sources: set[Tensor]) -> dict[Tensor, Array]:
        """Return the gradient of each source that the ends depend on; restore the state of all tensors."""
        active = {t for t in sources if t in self._results or t in (self._watched or ())}
        nodes = history(ends, self._results)
        for node in reversed(nodes):
            if not active.isdisjoint(node.parents):
                active.add(node)
        nodes = [node for node in nodes if node in active]
        touched = dict.fromkeys([*ends, *sources, *nodes, *(p for node in nodes for p in node.parents)])
        before = [
            (t, t.requires_grad, t.grad, t.grad_view if isinstance(t, Parameter) else None) for t in touched
        ]
        try:
            # gradient rules read `requires_grad`, and accumulate into `grad`
            for t in touched:
                t.requires_grad, t.grad = t in active, None
                if isinstance(t, Parameter):
                    t.grad_view = None
            for end, start in zip(ends, starts, strict=True):
                if end in active:
                    end.accumulate(start)
            flow_back(nodes, sources)
            return {t: t.grad for t in sources if t.grad is not None}
        finally:
            for t, requires_grad, grad, grad_view in before:
                t.requires_grad, t.grad = requires_grad, grad
                if isinstance(t, Parameter):
                    t.grad_view = grad_view


def _differentiable(value: Any, rule: str) -> Tensor:
    """Return a tensor of floats unchanged, and raise for anything else."""
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(
            f"{rule}. Received: {type(value).__name__}. Compute in minifit.ops on tensors and variables."
        )
    if value.dtype.kind != "f":
        raise ArgumentTypeError(
            f"{rule} of floats. Received: a tensor of dtype {value.dtype}. Convert it with ops.cast first."
        )
    return value


def _starts(ends: Sequence[Tensor], output_gradients: Any) -> list[Array]:
    """Return the initial gradient for each target."""
    grads: list[Any] = [None] * len(ends) if output_gradients is None else nest.flatten(output_gradients)
    if len(ends) == 1 and output_gradients is not None and np.shape(output_gradients) == ends[0].shape:
        # a list of numbers is an array
        grads = [output_gradients]
    elif len(grads) != len(ends) and isinstance(output_gradients, list | tuple):
        # so is each list of numbers in a list
        grads = list(output_gradients)
    if len(grads) != len(ends):
        raise ArgumentError(
            f"output_gradients must have one entry for each target. Received: {len(grads)} for {len(ends)}. "
            "Pass None for ones."
        )
    starts = []
    for end, grad in zip(ends, grads, strict=True):
        start = np.ones(end.value.shape, end.dtype) if grad is None else np.asarray(to_array(grad), end.dtype)
        if start.shape != end.value.shape:
            raise ShapeError(
                f"An output gradient must have the shape of its target, {end.shape}. Received: {start.shape}. "
                "Leave it out for ones."
            )
        starts.append(start)
    return starts


def _fills_with_zeros(unconnected: Any) -> bool:
    # a member of an enumeration such as tf.UnconnectedGradients has a value
    value = getattr(unconnected, "value", unconnected)
    if value not in ("none", "zero"):
        raise ArgumentError(
            f"unconnected_gradients must be 'none' or 'zero'. Received: {quoted(value)}. Leave it out for 'none'."
        )
    return bool(value == "zero")


def _result(grad: Array, ends: Sequence[Tensor]) -> Tensor:
    """Return a gradient as a constant; within another tape, as a tensor that refuses to be differentiated."""
    if not any(tape.recording for tape in current().tapes):
        return constant(grad)
    return current().result(grad, _refuse, *ends)


def _refuse(_: Array) -> Sequence[Array | None]:
    raise GradientError(
        "A gradient is a constant: there are no gradients of gradients. Received: a target computed from the result of "
        "tape.gradient within another tape. Pass the gradient through ops.stop_gradient, or take it outside."
    )
