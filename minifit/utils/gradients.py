"""`check_gradients`: a comparison of gradients with finite differences.

Use it to test your own layers, losses and ops; minifit's tests use it for all of minifit's. It moves each number a
little and measures the change of the result, in float64, where a small difference of two results keeps enough digits.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.errors import ArgumentError, GradientError
from minifit.parameters import Parameter
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor, current

__all__ = ["check_gradients"]

DOUBLE = np.dtype(np.float64)


def check_gradients(
    function: Callable[..., Tensor],
    *inputs: Any,
    parameters: Iterable[Parameter] = (),
    training: bool = False,
    epsilon: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
) -> float:
    """Compare the gradients of a function with finite differences.

    Parameters
    ----------
    function : callable
        A function of tensors that returns one tensor, or a layer. For a layer, all trainable weights are also checked,
        including the penalties of their regularizers; an unbuilt layer is built first.
    *inputs : array_like
        Arguments of `function`. Gradients are checked for inputs of floats; integers and bools are constants.
    parameters : iterable of Parameter
        Parameters to check besides the inputs. They are float64 during the check and restored after it.
    training : bool, default False
        Whether to call `function` with ``training=True``, as `fit` calls layers.
    epsilon : float
        Distance by which each number is moved, up and down.
    rtol, atol : float
        Two gradients agree if they differ by at most ``atol + rtol * size``, where `size` is the larger absolute value.
    seed : int
        Seed of the random weights of the elements of the result, and of the streams that the function draws from (as
        dropout does), which restart at every call.

    Returns
    -------
    float
        Largest relative error; a gradient smaller than ``atol / rtol`` counts as ``atol / rtol``.

    Raises
    ------
    GradientError
        If a gradient is wrong or missing; the message names the worst element.
    ArgumentError
        If a tolerance is not positive.

    Notes
    -----
    At a kink (relu at 0, the maximum of two equal numbers) no gradient agrees with the differences: choose inputs away
    from kinks.

    Examples
    --------
    >>> from minifit import ops
    >>> def log_cosh(y_true, y_pred):
    ...     d = y_pred - y_true
    ...     return ops.log((ops.exp(d) + ops.exp(-d)) / 2)
    >>> check_gradients(log_cosh, [0.0, 1.0], [0.5, -0.5]) < 1e-5
    True
    """
    for name, value in {"epsilon": epsilon, "rtol": rtol, "atol": atol}.items():
        if not value > 0:
            raise ArgumentError(f"{name} must be above 0. Received: {name}={value!r}. Leave it out.")
    tensors = [_double(x) for x in inputs]
    weights, trained = _weights_of(function, tensors)
    trained = _once(p for p in (*trained, *parameters) if p.requires_grad)
    leaves: list[tuple[str, Tensor]] = [(f"input {i}", t) for i, t in enumerate(tensors) if t.requires_grad]
    leaves += [(p.name, p) for p in trained]
    call = partial(function, training=True) if training else function

    def run(recording: bool) -> Tensor:
        return _result(call, tensors, lambda: getattr(function, "losses", ()), seed, recording)

    with _in_double(_once([*weights, *trained])):
        run(recording=True).backward()
        gradients = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad for _, leaf in leaves]
        worst = 0.0
        for (name, leaf), gradient in zip(leaves, gradients, strict=True):
            numeric = _by_differences(run, leaf.value, epsilon)
            worst = max(worst, _compare(name, gradient, numeric, rtol, atol))
    return worst


def _double(x: Any) -> Tensor:
    """Return an input as a new tensor: floats as float64 with a gradient, anything else as a constant."""
    array = np.asarray(x)
    if array.dtype.kind != "f":
        return Tensor(array)
    return Tensor(np.array(array, DOUBLE, order="C"), requires_grad=True)


def _weights_of(function: Any, tensors: list[Tensor]) -> tuple[list[Parameter], list[Parameter]]:
    """Return all weights of a layer and the trained ones; a plain function has none."""
    if not hasattr(function, "trainable_weights"):
        return [], []
    if not getattr(function, "built", True):
        # a call in the layer's own dtype creates its weights
        with Context(recording=False, streams=current().streams):
            function(*(Tensor(t.value.astype(FLOAT)) if t.requires_grad else t for t in tensors))
    trained = list(function.trainable_weights)
    return list(getattr(function, "weights", trained)), trained


def _once(parameters: Iterable[Parameter]) -> list[Parameter]:
    return list({id(p): p for p in parameters}.values())


@contextmanager
def _in_double(parameters: list[Parameter]) -> Iterator[None]:
    """Replace parameters with float64 copies without gradients, inside the context."""
    originals = [(p, p.grad, (p.value, p.grad_view, p.buffer, p.start)) for p in parameters]
    try:
        for p in parameters:
            p.move_to(np.array(p.value, DOUBLE, order="C"))
        yield
    finally:
        for p, grad, place in originals:
            p.move_to(*place)
            p.grad = grad


def _result(
    function: Callable[..., Tensor],
    tensors: list[Tensor],
    penalties: Callable[[], Iterable[Tensor]],
    seed: int,
    recording: bool,
) -> Tensor:
    """Return the result of the function as one number: the weighted sum of its elements, plus added losses."""
    with Context(recording=recording, streams=Streams(seed)) as context:
        y: Any = function(*tensors)
        if not isinstance(y, Tensor) or (recording and not y.requires_grad):
            raise GradientError(
                "The function must return a tensor that depends on its inputs or parameters. "
                f"Received: {type(y).__name__}. Compute it with minifit.ops, not with NumPy."
            )
        if y.dtype != DOUBLE:
            raise GradientError(
                f"Gradients are checked in float64. Received: a result of {y.dtype}. "
                "Do not convert to a fixed dtype inside the function; use that of its inputs."
            )
        weights = np.random.default_rng(seed).standard_normal(y.shape)
        total = (y * weights).sum()
        for loss in (*(loss for _, loss in context.losses), *penalties()):
            total = total + loss
        return total


def _by_differences(run: Callable[[bool], Tensor], value: Array, epsilon: float) -> Array:
    """Return (f(x + epsilon) - f(x - epsilon)) / (2 epsilon) for each number x in `value`; restore `value`."""
    flat = value.reshape(-1)
    slopes = np.empty(flat.size)
    for i, x in enumerate(flat.tolist()):
        results = []
        for moved in (x + epsilon, x - epsilon):
            flat[i] = moved
            results.append(float(run(False)))
        flat[i] = x
        slopes[i] = (results[0] - results[1]) / (2 * epsilon)
    return slopes.reshape(value.shape)


def _compare(name: str, analytic: Array, numeric: Array, rtol: float, atol: float) -> float:
    """Return the largest relative error of a gradient; raise an error if it is too large."""
    if analytic.shape != numeric.shape:
        raise GradientError(
            f"A gradient must have the shape of its input or parameter. Received: {analytic.shape} for {name} of shape "
            f"{numeric.shape}. Sum over the broadcast axes."
        )
    if not numeric.size:
        return 0.0
    size = np.maximum(np.abs(analytic), np.abs(numeric))
    errors = np.abs(analytic - numeric) / (size + atol / rtol)
    # argmax also finds a NaN
    at = np.unravel_index(int(np.argmax(errors)), errors.shape)
    if not errors[at] <= rtol:
        raise GradientError(
            f"The gradient of {name} is wrong, most at element {tuple(map(int, at))}: backward() gives "
            f"{float(analytic[at]):.6g}, finite differences give {float(numeric[at]):.6g}. Correct the rule, "
            "or move the input if it lies at a kink."
        )
    return float(errors[at])
