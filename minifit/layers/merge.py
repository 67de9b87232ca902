"""Layers that merge several inputs into one, element by element: sum, difference, product, mean, maximum, minimum.

They are called on a list of tensors, and their input shape is a list of shapes. `Concatenate` and `Dot`, which combine
inputs along axes, are in separate files.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add as add_two
from operator import mul
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers.base import Layer, ShapeLike
from minifit.symbolic import Symbolic
from minifit.tensor import Tensor, alike, current, unbroadcast


class Merge(Layer):
    """The base of layers that merge a list of inputs; it checks the list and its shapes.

    A subclass defines `merge`, and `merged_shape` where it does more than broadcast.
    """

    least: int = 2
    most: int | None = None
    """The minimum and maximum number of inputs; None is no maximum."""

    def build(self, input_shape: Any) -> None:
        """Check that the shapes can be merged."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Tensor:
        """Return the merged inputs."""
        if not isinstance(inputs, list | tuple):
            raise self._no_list(f"an input of shape {getattr(inputs, 'shape', None)}")
        self._check_number(inputs)
        if len({x.shape[0] for x in inputs if x.ndim}) > 1:
            raise self._unfit([x.shape for x in inputs], "as many samples as the others")
        return self.merge(inputs if len({x.dtype for x in inputs}) == 1 else _of_one_dtype(inputs))

    def compute_output_shape(self, input_shape: Any) -> ShapeLike:
        """Return the shape of the merged inputs from the list of their shapes."""
        if not isinstance(input_shape, list | tuple) or not all(
            isinstance(shape, list | tuple) for shape in input_shape
        ):
            raise self._no_list(f"an input of shape {input_shape}")
        self._check_number(input_shape)
        return self.merged_shape([tuple(shape) for shape in input_shape])

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Merge tensors of the same dtype and number of samples."""
        raise NotImplementedError(f"{type(self).__name__} must define merge(inputs)")

    def merged_shape(self, shapes: list[ShapeLike]) -> ShapeLike:
        """Return the shape of the result of `merge`."""
        raise NotImplementedError(f"{type(self).__name__} must define merged_shape(shapes)")

    def _check_number(self, inputs: Sequence[Any]) -> None:
        if len(inputs) < self.least or (self.most is not None and len(inputs) > self.most):
            number = f"exactly {self.most}" if self.least == self.most else f"at least {self.least}"
            raise ArgumentError(
                f"Layer {self.name!r} merges a list of {number} inputs. Received: {len(inputs)}. "
                "Call it on a list such as [a, b]."
            )

    def _no_list(self, received: str) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"Layer {self.name!r} merges a list of inputs. Received: {received}. Call it on a list such as [a, b]."
        )

    def _unfit(self, shapes: Sequence[ShapeLike], rule: str) -> ShapeError:
        listed = ", ".join(str(tuple(shape)) for shape in shapes[:-1])
        return ShapeError(
            f"Layer {self.name!r} merges inputs, each of which needs {rule}. "
            f"Received: shapes {listed} and {tuple(shapes[-1])}. Reshape one of them, or leave it out."
        )


def _of_one_dtype(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the inputs in the widest floating dtype among them; in a program, the ops convert them."""
    if isinstance(inputs[0], Symbolic):
        return list(inputs)
    widest = reduce(lambda a, b: alike(a, b)[0], inputs)
    return [alike(x, widest)[0] for x in inputs]


class Elementwise(Merge):
    """The base of layers that merge element by element: the shapes are equal, or broadcast after the batch axis."""

    def call(self, inputs: Any) -> Tensor:
        """Return the merged inputs; missing axes of size 1 are inserted after the batch axis."""
        if isinstance(inputs, list | tuple) and len({x.ndim for x in inputs}) > 1:
            rank = max(x.ndim for x in inputs)
            inputs = [x.reshape(*x.shape[:1], *[1] * (rank - x.ndim), *x.shape[1:]) for x in inputs]
        return super().call(inputs)

    def merged_shape(self, shapes: list[ShapeLike]) -> ShapeLike:
        """Return the shape to which all shapes broadcast; unknown sizes stay unknown."""
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1:
            raise self._unfit(shapes, "as many samples as the others")
        merged = shapes[0][1:]
        for shape in shapes[1:]:
            merged = self._broadcast(merged, shape[1:], shapes)
        return (batches.pop() if batches else None, *merged)

    def _broadcast(self, a: ShapeLike, b: ShapeLike, shapes: list[ShapeLike]) -> ShapeLike:
        if len(a) < len(b):
            a, b = b, a
        extra = len(a) - len(b)
        for m, n in zip(a[extra:], b, strict=True):
            if None not in (m, n) and m != n and 1 not in (m, n):
                raise self._unfit(
                    shapes, "a shape that broadcasts to the others': equal sizes or 1, from the last axis on"
                )
        return (*a[:extra], *(_broadcast_size(m, n) for m, n in zip(a[extra:], b, strict=True)))


def _broadcast_size(m: int | None, n: int | None) -> int | None:
    """Return the size to which two sizes broadcast; None when one of them is unknown."""
    return None if m is None or n is None else n if m == 1 else m


def _sum(inputs: Sequence[Tensor], share: float = 1) -> Tensor:
    """Return ``share * (a + b + ...)`` as one op, with the gradient ``share * g`` of each; in a program, as several."""
    if isinstance(inputs[0], Symbolic):
        symbolic: Tensor = reduce(add_two, inputs)
        return symbolic if share == 1 else symbolic * share
    total = inputs[0].value + inputs[1].value
    for x in inputs[2:]:
        total = total + x.value
    if share != 1:
        total = np.multiply(total, share, dtype=total.dtype)

    def rule(g: Array) -> list[Array]:
        part = g if share == 1 else np.multiply(g, share, dtype=g.dtype)
        return [unbroadcast(part, x.shape) for x in inputs]

    return current().result(total, rule, *inputs)


class Add(Elementwise):
    """The sum of several inputs.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of at least two.
    ShapeError
        When the shapes do not broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
    array([[11., 22.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Add`` (TensorFlow 2.7).
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the sum."""
        return _sum(inputs)

    lower = Layer.lower_by_call


class Subtract(Elementwise):
    """The first of two inputs minus the second.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of two.
    ShapeError
        When the shapes do not broadcast.

    References
    ----------
    ``tf.keras.layers.Subtract`` (TensorFlow 2.7).
    """

    least, most = 2, 2

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the difference."""
        return inputs[0] - inputs[1]

    lower = Layer.lower_by_call


class Multiply(Elementwise):
    """The product of several inputs, element by element.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of at least two.
    ShapeError
        When the shapes do not broadcast.

    References
    ----------
    ``tf.keras.layers.Multiply`` (TensorFlow 2.7).
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the product."""
        return reduce(mul, inputs)

    lower = Layer.lower_by_call


class Average(Elementwise):
    """The mean of several inputs, element by element.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of at least two.
    ShapeError
        When the shapes do not broadcast.

    References
    ----------
    ``tf.keras.layers.Average`` (TensorFlow 2.7).
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the mean."""
        return _sum([ops.cast(x, np.float32) if x.dtype.kind != "f" else x for x in inputs], 1 / len(inputs))

    lower = Layer.lower_by_call


class Maximum(Elementwise):
    """The maximum of several inputs, element by element; where some are equal, the gradient goes to the first.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of at least two.
    ShapeError
        When the shapes do not broadcast.

    References
    ----------
    ``tf.keras.layers.Maximum`` (TensorFlow 2.7).
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the maximum."""
        return reduce(ops.maximum, inputs)

    lower = Layer.lower_by_call


class Minimum(Elementwise):
    """The minimum of several inputs, element by element; where some are equal, the gradient goes to the first.

    Parameters
    ----------
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When the layer is not called on a list of at least two.
    ShapeError
        When the shapes do not broadcast.

    References
    ----------
    ``tf.keras.layers.Minimum`` (TensorFlow 2.7).
    """

    def merge(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the minimum."""
        return reduce(ops.minimum, inputs)

    lower = Layer.lower_by_call


# -- the layers as functions ---------------------------------------------------------------------------------


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return the sum of several inputs: ``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return the first of two inputs minus the second: ``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return the product of several inputs: ``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return the mean of several inputs: ``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return the maximum of several inputs: ``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return the minimum of several inputs: ``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)
