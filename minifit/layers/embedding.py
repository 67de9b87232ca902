"""`Embedding`: a trainable row of numbers for each word."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minifit import constraints, initializers, ops, regularizers
from minifit.arrays import Array
from minifit.checks import entries, positive, sizes
from minifit.errors import ArgumentError, DataError, ShapeError
from minifit.layers.base import Layer, ShapeLike, Shaping, WeightSetting
from minifit.settings import Setting, unnamed
from minifit.tables import serialize
from minifit.tensor import Tensor

LARGEST = 2**24
"""The largest integer up to which float32, the dtype of a model's input, holds all integers exactly."""


def _length(name: str, value: Any) -> int | tuple[int | None, ...] | None:
    """Return the length of the input, or its lengths along several axes."""
    listed = entries(value)
    if listed is not None:
        return sizes(name, listed)
    return None if value is None else positive(name, value)


def _lengths(input_length: int | tuple[int | None, ...] | None) -> tuple[int | None, ...]:
    return input_length if isinstance(input_length, tuple) else (input_length,)


def _size(name: str, value: Any) -> int:
    size = positive(name, value)
    if size > LARGEST:
        raise ArgumentError(f"{name} must be at most 2 ** 24. Received: {name}={value!r}. Reduce it.")
    return size


def _no_mask(name: str, value: Any) -> bool:
    if value:
        raise ArgumentError(
            f"Masks are not propagated between layers. Received: {name}={value!r}. "
            "Leave it out; 0 then has a row like any other number."
        )
    return False


class Embedding(Layer):
    """Replaces integers by the rows of a trainable table.

    Parameters
    ----------
    input_dim : int
        The number of rows; inputs are from 0 to ``input_dim - 1``.
    output_dim : int
        The length of a row.
    embeddings_initializer : default "uniform"
    embeddings_regularizer, activity_regularizer, embeddings_constraint : optional
    mask_zero : bool, default False
        Only False: masks are not propagated between layers.
    input_length : int or tuple of int, optional
        The length of the input, for following layers that need it.
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    embeddings : Parameter of shape (input_dim, output_dim)

    Raises
    ------
    ArgumentError
        When an argument breaks its rule.
    DataError
        When an input is not the index of a row.

    Notes
    -----
    Input of shape (n, ...) gives output of shape (n, ..., output_dim). Fractions are truncated.

    References
    ----------
    ``tf.keras.layers.Embedding`` (TensorFlow 2.7).
    """

    input_dim, output_dim = Shaping(_size), Shaping(_size)
    embeddings_initializer = Setting(unnamed(initializers.get))
    embeddings_regularizer = WeightSetting(unnamed(regularizers.get))
    embeddings_constraint = WeightSetting(unnamed(constraints.get))
    mask_zero = Setting(_no_mask)
    input_length = Shaping(_length)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: int | Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        input_length = _length("input_length", input_length)
        if not {"input_shape", "input_dim", "batch_input_shape"} & set(kwargs):
            kwargs["batch_input_shape"] = (None, *_lengths(input_length))
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.mask_zero = mask_zero
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = embeddings_initializer
        self.embeddings_regularizer = embeddings_regularizer
        self.embeddings_constraint = embeddings_constraint
        self.input_length = input_length

    def build(self, input_shape: ShapeLike) -> None:
        """Create the table."""
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the rows."""
        return ops.gather(self.embeddings, self._row_numbers(inputs.value))

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`."""
        return ops.gather(self.embeddings, inputs)

    def _row_numbers(self, x: Array) -> Array:
        # False for NaN, too.
        inside = (x > -1) & (x < self.input_dim)
        if not inside.all():
            at = tuple(int(i) for i in np.argwhere(~inside)[0])
            number = int(x[at]) if float(x[at]).is_integer() else x[at]
            raise DataError(
                f"Layer {self.name!r} has rows from 0 to {self.input_dim - 1}. Received: {number} at {at} of the "
                "batch. Correct the input or increase input_dim."
            )
        return x.astype(np.int64)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape followed by `output_dim`."""
        if self.input_length is None:
            return (*input_shape, self.output_dim)
        lengths, received = _lengths(self.input_length), input_shape[1:]
        if len(lengths) != len(received) or any(
            a not in (None, b) and b is not None for a, b in zip(lengths, received, strict=True)
        ):
            raise ShapeError(
                f"Layer {self.name!r} expects input of length {self.input_length}. Received: input of shape "
                f"{input_shape}. Change input_length or leave it out."
            )
        known = (a if b is None else b for a, b in zip(lengths, received, strict=True))
        return (input_shape[0], *known, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": serialize(self.embeddings_initializer),
            "embeddings_regularizer": serialize(self.embeddings_regularizer),
            "activity_regularizer": serialize(self.activity_regularizer),
            "embeddings_constraint": serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
