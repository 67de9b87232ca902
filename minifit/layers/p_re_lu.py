"""`PReLU`: an activation with a trainable slope for negative values."""

from collections.abc import Sequence
from typing import Any

from minifit import constraints, initializers, ops, regularizers
from minifit.errors import ArgumentError
from minifit.layers.axes import checked_axes, given_axes, known_sizes
from minifit.layers.base import Layer, ShapeLike, Shaping, WeightSetting
from minifit.settings import Setting, unnamed
from minifit.tables import serialize
from minifit.tensor import Tensor


def _shared(axes: Any) -> list[int] | None:
    """Return the axes as a list of numbers from 1 on, or None."""
    if axes is None or (isinstance(axes, list | tuple) and not axes):
        return axes if axes is None else []
    numbered = given_axes(axes)
    listed = numbered if isinstance(numbered, list) else [numbered]
    if min(listed) < 1:
        raise ArgumentError(
            f"shared_axes are axes of a sample, counted from 1. Received: shared_axes={axes!r}. "
            "The batch is axis 0 and cannot be shared."
        )
    return listed


class PReLU(Layer):
    """``x`` where it is positive, else ``alpha * x`` with a trainable `alpha`.

    Parameters
    ----------
    alpha_initializer : str or Initializer, default "zeros"
    alpha_regularizer : str or Regularizer, optional
    alpha_constraint : str or Constraint, optional
    shared_axes : int or list of int, optional
        Axes of the input, counted from 1 after the batch, along which all values share one `alpha`.
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    alpha : Parameter of the shape of a sample, 1 along the shared axes

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When `shared_axes` are not axes of a sample.
    ShapeError
        When the input does not have these axes, or a size along another axis is unknown.

    References
    ----------
    K. He et al., "Delving Deep into Rectifiers", ICCV 2015; ``tf.keras.layers.PReLU`` (TensorFlow 2.7).
    """

    alpha_initializer = Setting(unnamed(initializers.get))
    alpha_regularizer = WeightSetting(unnamed(regularizers.get))
    alpha_constraint = WeightSetting(unnamed(constraints.get))
    shared_axes = Shaping(unnamed(_shared))

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer, self.alpha_constraint = alpha_regularizer, alpha_constraint
        self.shared_axes = shared_axes

    def build(self, input_shape: ShapeLike) -> None:
        """Create an `alpha` for every value of a sample, with a single one along each shared axis."""
        shared = checked_axes(self.name, list(self.shared_axes or []), len(input_shape))
        own = [a for a in range(1, len(input_shape)) if a not in shared]
        sizes = dict(zip(own, known_sizes(self.name, input_shape, own), strict=True))
        self.alpha = self.add_weight(
            "alpha",
            tuple(sizes.get(a, 1) for a in range(1, len(input_shape))),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of every value."""
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        own = {
            "alpha_initializer": serialize(self.alpha_initializer),
            "alpha_regularizer": serialize(self.alpha_regularizer),
            "alpha_constraint": serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
        return {**super().get_config(), **own}
