"""`RepeatVector`: every sample repeated several times."""

from typing import Any

from minifit import ops
from minifit.arrays import without_batch
from minifit.checks import positive
from minifit.errors import ShapeError
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.tensor import Tensor


class RepeatVector(Layer):
    """Repeats every row of the input: (samples, features) becomes (samples, n, features).

    Parameters
    ----------
    n : int
        The number of repetitions.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When `n` is not a positive integer.
    ShapeError
        When samples are not vectors.

    References
    ----------
    ``tf.keras.layers.RepeatVector`` (TensorFlow 2.7).
    """

    n = Shaping(positive)

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n

    def build(self, input_shape: ShapeLike) -> None:
        """Check that samples are vectors."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the repeated rows."""
        rows, features = inputs.shape
        return ops.broadcast_to(inputs.reshape(rows, 1, features), (rows, self.n, features))

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return ``(None, n, features)``."""
        if len(input_shape) != 2:
            raise ShapeError(
                f"Layer {self.name!r} repeats vectors. Received: input of shape {without_batch(input_shape)}. "
                "Put a Flatten before it."
            )
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "n": self.n}
