"""`Normalization`: features scaled to mean 0 and variance 1 over given data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Array
from minifit.checks import entries
from minifit.errors import ArgumentError, DataError, NotBuiltError, ShapeError
from minifit.layers.adapting import batches_of
from minifit.layers.axes import checked_axes, given_axes, known_sizes
from minifit.layers.base import Layer, ShapeLike, Shaping
from minifit.parameters import Parameter
from minifit.settings import unnamed
from minifit.tensor import Tensor, constant

EPSILON = np.float32(1e-7)
"""The smallest standard deviation to divide by."""


def _axes(axis: Any) -> tuple[int, ...]:
    listed = entries(axis)
    if axis is None or listed == []:
        return ()
    axes = given_axes(axis if listed is None else listed)
    return tuple(axes) if isinstance(axes, list) else (axes,)


class Normalization(Layer):
    """``(x - mean) / sqrt(variance)``, where mean and variance are passed or learned from data by `adapt`.

    Parameters
    ----------
    axis : int, tuple of int, or None, default -1
        The axes with a separate mean and variance for each index; None for a single mean and variance.
    mean, variance : float or array, optional
        Pass both or neither.
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    mean, variance : Tensor that broadcasts to the input, once built

    Raises
    ------
    ArgumentError
        When only one of `mean` and `variance` is passed.

    Examples
    --------
    >>> layer = Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> layer([[1.0, 20.0]]).numpy()
    array([[-1.,  0.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Normalization`` (TensorFlow 2.7).
    """

    axis = Shaping(unnamed(_axes))
    input_mean, input_variance = Shaping(), Shaping()

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        if (mean is None) != (variance is None):
            raise ArgumentError(
                f"mean and variance belong together. Received: mean={mean}, variance={variance}. "
                "Pass both, or neither and call adapt."
            )
        self.input_mean, self.input_variance = mean, variance
        self._learned: list[Parameter] = []

    def build(self, input_shape: ShapeLike) -> None:
        """Create the weights, or broadcast the passed mean and variance."""
        rank = len(input_shape)
        axes = checked_axes(self.name, list(self.axis), rank)
        sizes = dict(zip(axes, known_sizes(self.name, input_shape, axes), strict=True))
        self._over = tuple(i for i in range(rank) if i not in sizes)
        self._broadcast = tuple(sizes.get(i, 1) for i in range(rank))
        if self.input_mean is None:
            shape = tuple(sizes[i] for i in sorted(sizes))
            weights = (("mean", shape, "zeros"), ("variance", shape, "ones"), ("count", (), "zeros"))
            self._learned = [
                self.add_weight(name, weight_shape, initializer=initializer, trainable=False)
                for name, weight_shape, initializer in weights
            ]
        else:
            self._fixed = self._broadcasted(self.input_mean), self._broadcasted(self.input_variance)

    def _broadcasted(self, value: Any) -> Array:
        array = np.asarray(value, np.float32)
        try:
            return np.broadcast_to(array.reshape(self._broadcast) if array.ndim else array, self._broadcast)
        except ValueError:
            raise ShapeError(
                f"Layer {self.name!r} needs mean and variance of shape {self._broadcast}. Received: {array.shape}. "
                "Pass one number for each index along the axes."
            ) from None

    @property
    def mean(self) -> Tensor:
        """The mean, in a shape that broadcasts to the input."""
        return constant(self._moments()[0])

    @property
    def variance(self) -> Tensor:
        """The variance, in a shape that broadcasts to the input."""
        return constant(self._moments()[1])

    def _moments(self) -> tuple[Array, Array]:
        if not self.built:
            raise NotBuiltError(
                f"The layer {self.name!r} has no mean and variance before it is built. Call adapt, or call the layer."
            )
        if not self._learned:
            return self._fixed
        mean, variance = (weight.value.reshape(self._broadcast) for weight in self._learned[:2])
        return mean, variance

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn mean and variance from data, replacing those learned before.

        Unless an input shape was declared, the shape of the data becomes the input shape, so that a model that begins
        with the layer can be built.

        Parameters
        ----------
        data : array or h5py.Dataset of shape (n, ...), or iterable of batches
        batch_size : int, default 32
            Matters only together with `steps`.
        steps : int, optional
            The number of batches to use; all when None.

        Raises
        ------
        ArgumentError
            When mean and variance were passed to the constructor.
        DataError
            When there is no data.
        """
        if self.input_mean is not None:
            raise ArgumentError(
                f"adapt() learns the mean and variance of a layer that was created without them. Received: "
                f"{self.name!r}, created with both. Leave them out."
            )
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(data, batch_size, steps):
            if not self.built:
                shape = (None, *batch.shape[1:])
                self.batch_input_shape = self.batch_input_shape or shape
                self.build_for(shape)
            if batch.ndim != len(self._broadcast):
                raise ShapeError(
                    f"Layer {self.name!r} was built for input of rank {len(self._broadcast)}. Received: {batch.shape}. "
                    "Pass data of the shape it was built for."
                )
            n = int(np.prod([batch.shape[i] for i in self._over]))
            if n:
                # Combine the sums of squares of two parts around their means, which is accurate even for large means.
                batch_mean = batch.mean(self._over, dtype=np.float64)
                step = batch_mean - mean
                squares = squares + np.square(batch - np.expand_dims(batch_mean, self._over)).sum(self._over)
                squares = squares + np.square(step) * (count * n / (count + n))
                mean, count = mean + step * (n / (count + n)), count + n
        if not count:
            raise DataError(
                "adapt needs data to learn from. Received: none. Pass an array with at least one sample."
            )
        for weight, value in zip(self._learned, (mean, squares / count, count), strict=True):
            weight.assign(value)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized input."""
        mean, variance = self._moments()
        return (inputs - mean) / np.maximum(np.sqrt(variance), EPSILON)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`; a later `adapt` takes effect, too."""
        moments = self._moments() if self.input_mean is not None else self._learned[:2]
        mean, variance = (program.view(program.as_value(moment), self._broadcast) for moment in moments)
        return (inputs - mean) / ops.maximum(ops.sqrt(variance), float(EPSILON))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        own = {"axis": self.axis, "mean": _plain(self.input_mean), "variance": _plain(self.input_variance)}
        return {**super().get_config(), **own}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
