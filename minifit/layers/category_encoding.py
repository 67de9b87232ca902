"""`CategoryEncoding`: category numbers as rows of zeros and ones, or of counts."""

from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array, without_batch
from minifit.checks import positive
from minifit.errors import ArgumentError, DataError, ShapeError, UnknownNameError, quoted
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.settings import Setting
from minifit.symbolic import Symbolic
from minifit.tensor import Tensor, constant, to_array

OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
"""The names of output modes in older versions of TensorFlow, with their new names."""


def mode_among(*modes: str) -> Any:
    """Return a function that checks that an `output_mode` is one of these."""

    def check_mode(name: str, value: Any) -> str:
        mode = OLD_NAMES.get(value, value) if isinstance(value, str) else None
        if mode not in modes:
            listed = ", ".join(map(repr, modes[:-1])) + f" or {modes[-1]!r}"
            raise UnknownNameError(
                f"{name} must be {listed}. Received: {name}={quoted(value)}. Pass one of them."
            )
        return mode

    return check_mode


def dense(name: str, value: Any) -> bool:
    """Return False; raise for a sparse output."""
    if value:
        raise ArgumentError(
            f"Sparse tensors are not supported. Received: {name}={value!r}. Leave it out to get dense rows."
        )
    return False


def whole_tensor(value: Any) -> Any:
    """Return the input of a layer as a tensor that keeps its integer dtype."""
    return value if isinstance(value, Tensor | Symbolic) else constant(to_array(value))


class CategoryEncoding(Layer):
    """Encodes category numbers as rows of length `num_tokens`.

    Parameters
    ----------
    num_tokens : int
        The number of categories; inputs are from 0 to ``num_tokens - 1``.
    output_mode : {"multi_hot", "one_hot", "count"}
        "one_hot" gives a row for each number, with a 1 at its index. "multi_hot" gives a row for each sample, with a 1
        at each of its numbers; "count" has the number of occurrences instead.
    sparse : bool, default False
        Only False: sparse tensors are not supported.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When an argument breaks its rule.
    ShapeError
        When the output would have more than two axes.
    DataError
        When an input is not a category number.

    Notes
    -----
    Input of shape (n, m) gives output of shape (n, num_tokens); with "one_hot" the input has shape (n,) or (n, 1).
    Fractions are truncated.

    Examples
    --------
    >>> CategoryEncoding(3, "one_hot")([2, 0]).numpy()
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    >>> CategoryEncoding(3, "count")([[2, 2, 0]]).numpy()
    array([[1., 0., 2.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.CategoryEncoding`` (TensorFlow 2.7).
    """

    num_tokens = Shaping(positive)
    output_mode = Shaping(mode_among("multi_hot", "one_hot", "count"))
    sparse = Setting(dense)

    def __init__(
        self, num_tokens: int, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_tokens, self.output_mode, self.sparse = num_tokens, output_mode, sparse

    def build_for(self, input_shape: Any, like: Any = None, /, **kwargs: Any) -> Any:
        """Build the layer if needed and return the output's shape, which does not depend on `count_weights`."""
        return super().build_for(input_shape)

    def build(self, input_shape: ShapeLike) -> None:
        """Check that the output has at most two axes."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any, count_weights: Any = None) -> Tensor:
        """Return the rows. With "count", `count_weights`, of the shape of the inputs, holds a weight per number."""
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                f"count_weights is allowed with output_mode='count' only. Received: count_weights for layer "
                f"{self.name!r} with output_mode={self.output_mode!r}. Leave it out, or create another layer."
            )
        return constant(
            encoded(self.name, self._numbers(inputs.value), self.num_tokens, self.output_mode, count_weights)
        )

    def lower(self, program: Any, inputs: Any, training: bool, count_weights: Any = None) -> Any:
        """Emit the rows for a batch of category numbers."""
        if count_weights is not None:
            program.refuse("count_weights")
        program.need_column(inputs)
        program.check("check_numbers", inputs, inputs.count, -1.0, float(self.num_tokens))
        return lower_encoded(program, self.name, inputs, self.num_tokens, self.output_mode)

    def _numbers(self, x: Array) -> Array:
        # False for NaN, too.
        inside = (x > -1) & (x < self.num_tokens)
        if not inside.all():
            at = tuple(int(i) for i in np.argwhere(~inside)[0])
            raise DataError(
                f"Layer {self.name!r} encodes integers from 0 to {self.num_tokens - 1}. Received: {x[at]} at {at} of "
                "the batch. Correct the input or increase num_tokens."
            )
        return x.astype(np.int64)

    def _tensor_of(self, value: Any) -> Any:
        return whole_tensor(value)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return ``(None, num_tokens)``."""
        return encoded_shape(self.name, tuple(input_shape), self.num_tokens, self.output_mode)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        own = {"num_tokens": self.num_tokens, "output_mode": self.output_mode, "sparse": self.sparse}
        return {**super().get_config(), **own}


def encoded(name: str, numbers: Array, depth: int, mode: str, weights: Any = None) -> Array:
    """Return category numbers as rows.

    Parameters
    ----------
    name : str
        The name of the layer, for errors.
    numbers : array of int with at most two axes
        Negative numbers are ignored.
    depth : int
        The length of a row.
    mode : {"one_hot", "multi_hot", "count"}
    weights : array_like, optional
        The weight of each number.
    """
    shape = encoded_shape(name, numbers.shape, depth, mode)
    groups = (
        numbers.reshape(-1, 1)
        if mode == "one_hot"
        else numbers.reshape(-1, numbers.shape[-1] if numbers.ndim else 1)
    )
    rows = np.zeros((groups.shape[0], depth), FLOAT)
    row, column = np.nonzero(groups >= 0)
    amounts = 1 if weights is None else to_array(weights).reshape(groups.shape)[row, column]
    np.add.at(rows, (row, groups[row, column]), amounts)
    return (rows if mode == "count" else np.minimum(rows, 1)).reshape(shape)


def lower_encoded(program: Any, name: str, numbers: Any, depth: int, mode: str) -> Any:
    """Emit the rows that `encoded` returns for category numbers."""
    if numbers.ndim < 2:
        program.refuse("an encoding of values without axes")
    shape = encoded_shape(name, numbers.shape, depth, mode)
    width = 1 if mode == "one_hot" else numbers.columns
    rows = numbers.count if mode == "one_hot" else numbers.rows
    return program.prepare("encode", shape, numbers, rows, width, depth, int(mode != "count"))


def encoded_shape(name: str, shape: ShapeLike, depth: int, mode: str) -> tuple[Any, ...]:
    """Return the shape of the rows."""
    leading = shape if mode == "one_hot" and shape and shape[-1] != 1 else shape[:-1]
    if len(leading) > 1:
        raise ShapeError(
            f"Layer {name!r} with output_mode={mode!r} has an output of at most two axes. Received: input of "
            f"shape {without_batch(shape)}, for an output of {len(leading) + 1}. Put a Flatten before it, or use "
            "another output_mode."
        )
    return (*leading, depth)
