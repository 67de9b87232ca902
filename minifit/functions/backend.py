"""Functions of ``keras.backend`` that are neither ops nor functions of TensorFlow."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from minifit import console, losses, nonlinearities, ops
from minifit.errors import ArgumentError
from minifit.functions import convert, neural, reductions, shaping
from minifit.functions import random as random_
from minifit.parameters import Parameter, Variable
from minifit.symbolic import Symbolic
from minifit.tensor import Tensor

EPSILON = 1e-7


def epsilon() -> float:
    """Return the small number that losses add to avoid the logarithm of 0."""
    return EPSILON


def floatx() -> str:
    """Return the dtype of floats."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accept "float32", the only dtype of floats.

    Raises
    ------
    ArgumentError
        For any other dtype.
    """
    if value != "float32":
        raise ArgumentError(f"Floats are float32. Received: {value!r}. Leave the call out.")


def image_data_format() -> str:
    """Return the order of the axes of images."""
    return "channels_last"


def get_value(x: Any) -> Any:
    """Return the numbers of a variable or tensor; return any other value unchanged."""
    return x.numpy() if isinstance(x, Tensor) else x


def set_value(x: Parameter, value: Any) -> None:
    """Replace the numbers of a variable, such as ``model.optimizer.learning_rate``."""
    x.assign(np.asarray(value, x.dtype))


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """Return the numbers of several variables."""
    return [get_value(t) for t in tensors]


def batch_set_value(tuples: Iterable[tuple[Parameter, Any]]) -> None:
    """Replace the numbers of several variables, passed as pairs of variable and value."""
    for variable, value in tuples:
        set_value(variable, value)


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """Return a variable."""
    return Variable(
        value, name=name, dtype=None if dtype is None else convert.as_dtype(dtype), constraint=constraint
    )


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Return a constant tensor."""
    return convert.make_constant(value, "float32" if dtype is None else dtype, shape)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """Return a variable of zeros."""
    return variable(np.zeros(convert.sizes(shape), convert.as_dtype(dtype or "float32")), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """Return a variable of ones."""
    return variable(np.ones(convert.sizes(shape), convert.as_dtype(dtype or "float32")), dtype, name)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape of a tensor or symbol as a tuple."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """Return the number of axes."""
    return len(x.shape)


def count_params(x: Any) -> int:
    """Return the number of elements of a tensor."""
    return int(np.prod(x.shape))


def is_keras_tensor(x: Any) -> bool:
    """Return whether a value is a symbol of a graph of layers."""
    return isinstance(x, Symbolic)


def cast_to_floatx(x: Any) -> Any:
    """Return an array or tensor as float32."""
    return convert.cast(x, "float32") if isinstance(x, Tensor | Symbolic) else np.asarray(x, np.float32)


def dot(x: Any, y: Any) -> Any:
    """Return the matrix product."""
    return ops.matmul(convert.tensor(x), convert.tensor(y))


def flatten(x: Any) -> Any:
    """Return all numbers along one axis."""
    return ops.reshape(convert.tensor(x), (-1,))


def batch_flatten(x: Any) -> Any:
    """Return the numbers of each sample along one axis."""
    x = convert.tensor(x)
    return ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """Permute the axes."""
    return shaping.transpose(x, pattern)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Clip the numbers of a tensor to a range."""
    return shaping.clip_by_value(
        x, -np.inf if min_value is None else min_value, np.inf if max_value is None else max_value
    )


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one tensor where a condition is True, else the other; callables are called for their tensors."""
    then, other = (e() if callable(e) else e for e in (then_expression, else_expression))
    return shaping.where(condition, then, other)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Return ``max(x, 0)``, optionally with a slope below the threshold and a largest value."""
    x = convert.tensor(x)
    if not alpha and max_value is None and not threshold:
        return ops.relu(x)
    above = x if max_value is None else ops.minimum(x, float(max_value))
    return ops.where(x >= threshold, above, (x - threshold) * alpha)


def softmax(x: Any, axis: int = -1) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along an axis."""
    return neural.softmax(x, axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return the exponential linear unit."""
    return nonlinearities.elu(convert.tensor(x), alpha)


def argmax(x: Any, axis: int = -1) -> Any:
    """Return the index of the largest value along an axis."""
    return reductions.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Return the index of the smallest value along an axis."""
    return reductions.argmin(x, axis)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Join tensors along an existing axis."""
    return shaping.concat(tensors, axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Insert an axis of length 1."""
    return shaping.expand_dims(x, axis)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Return one-hot rows: 1 at the index that each number gives, else 0."""
    return shaping.one_hot(indices, num_classes)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Divide a tensor by its norm along an axis."""
    sum_of_squares = ops.sum(ops.square(convert.tensor(x)), reductions.axes(axis), True)
    return convert.tensor(x) / ops.sqrt(ops.maximum(sum_of_squares, 1e-12))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return the cross-entropy of probabilities, element by element."""
    z = convert.tensor(output)
    if from_logits:
        return neural.sigmoid_cross_entropy_with_logits(target, z)
    p, t = ops.clip(z, EPSILON, 1 - EPSILON), convert.tensor(target)
    return -(t * ops.log(p + EPSILON) + (1.0 - t) * ops.log(1.0 - p + EPSILON))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Return the cross-entropy of classes, one number per row.

    Raises
    ------
    ArgumentError
        For an `axis` other than the last one.
    """
    if axis not in (-1, len(output.shape) - 1):
        raise ArgumentError(
            f"The last axis holds the classes. Received: axis={axis!r}. Transpose the output."
        )
    return losses.categorical_crossentropy(target, output, from_logits=from_logits)


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    """Draw numbers from a normal distribution."""
    return random_.normal(shape, mean, stddev, dtype or "float32", seed)


def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    """Draw numbers from the uniform distribution over ``[minval, maxval)``."""
    return random_.uniform(shape, minval, maxval, dtype or "float32", seed)


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """Print a tensor after a message, and return it."""
    console.show(f"{message} {np.array2string(np.asarray(x), threshold=0, edgeitems=summarize)}")
    return x
