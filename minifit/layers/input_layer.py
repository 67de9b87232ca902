"""`InputLayer`: says what shape samples have."""

from collections.abc import Sequence
from typing import Any

from minifit.checks import positive
from minifit.errors import ArgumentError
from minifit.layers.base import Layer, ShapeLike, unique_name, used_names
from minifit.tensor import Tensor


def _next_name() -> str:
    """``input_1``, ``input_2``, ...: the only names that Keras counts from 1."""
    unique_name("input")
    return f"input_{used_names['input']}"


class InputLayer(Layer):
    """The first layer of a model that shall be built before it sees data; not listed in ``model.layers``.

    Parameters
    ----------
    input_shape : tuple of int
        The shape of one sample.
    batch_size : int, optional
        Accepted as in Keras; batches may have any size all the same.
    name : str, optional
    **kwargs
        As for `Layer`; `sparse` and `ragged` may only be False.

    References
    ----------
    ``tf.keras.layers.InputLayer`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        from_config = kwargs.get("batch_input_shape")
        super().__init__(
            name or _next_name(), dtype=dtype, input_shape=None if from_config else input_shape, **kwargs
        )
        if sparse or ragged:
            raise ArgumentError(
                f"Input is dense here. Received: sparse={sparse}, ragged={ragged}. Leave both out and pad the data."
            )
        if self.batch_input_shape is not None and batch_size is not None:
            self.batch_input_shape = (positive("batch_size", batch_size), *self.batch_input_shape[1:])

    def call(self, inputs: Tensor) -> Tensor:
        """The input itself."""
        return inputs

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": self.name,
        }
