"""`Normalization`: features with mean 0 and variance 1 over data seen beforehand."""

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
"""The smallest standard deviation that is divided by."""


def _axes(axis: Any) -> tuple[int, ...]:
    listed = entries(axis)
    if axis is None or listed == []:
        return ()
    given = given_axes(axis if listed is None else listed)
    return tuple(given) if isinstance(given, list) else (given,)


class Normalization(Layer):
    """``(x - mean) / sqrt(variance)``, with mean and variance given or learned from data by `adapt`.

    Parameters
    ----------
    axis : int, tuple of int, or None, default -1
        The axes that have a mean and variance for each of their places; None for one of all values.
    mean, variance : float or array, optional
        Given both, or neither.
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    mean, variance : Tensor that broadcasts to the input, once built

    Raises
    ------
    ArgumentError
        When only one of `mean` and `variance` is given.

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
                f"mean and variance are given both or not at all. Received: mean={mean}, variance={variance}. "
                "Give the other one too, or call adapt."
            )
        self.input_mean, self.input_variance = mean, variance
        self._learned: list[Parameter] = []

    def build(self, input_shape: ShapeLike) -> None:
        """Make the weights, or put what was given into shape."""
        rank = len(input_shape)
        axes = checked_axes(self.name, list(self.axis), rank)
        sizes = dict(zip(axes, known_sizes(self.name, input_shape, axes), strict=True))
        self._over = tuple(i for i in range(rank) if i not in sizes)
        self._broadcast = tuple(sizes.get(i, 1) for i in range(rank))
        if self.input_mean is None:
            shape = tuple(sizes[i] for i in sorted(sizes))
            named = (("mean", shape, "zeros"), ("variance", shape, "ones"), ("count", (), "zeros"))
            self._learned = [
                self.add_weight(name, of_shape, initializer=start, trainable=False)
                for name, of_shape, start in named
            ]
        else:
            self._given = self._placed(self.input_mean), self._placed(self.input_variance)

    def _placed(self, value: Any) -> Array:
        array = np.asarray(value, np.float32)
        try:
            return np.broadcast_to(array.reshape(self._broadcast) if array.ndim else array, self._broadcast)
        except ValueError:
            raise ShapeError(
                f"Layer {self.name!r} needs mean and variance of shape {self._broadcast}. Received: {array.shape}. "
                "Give one number for each place along the axes."
            ) from None

    @property
    def mean(self) -> Tensor:
        """The mean that is subtracted, in a shape that broadcasts to the input."""
        return constant(self._moments()[0])

    @property
    def variance(self) -> Tensor:
        """The square of the deviation that is divided by, in a shape that broadcasts to the input."""
        return constant(self._moments()[1])

    def _moments(self) -> tuple[Array, Array]:
        if not self.built:
            raise NotBuiltError(
                f"A Normalization has mean and variance once it is built. Received: {self.name!r}, which is not. "
                "Call adapt, or the layer."
            )
        if not self._learned:
            return self._given
        mean, variance = (weight.value.reshape(self._broadcast) for weight in self._learned[:2])
        return mean, variance

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn mean and variance from data; what was learned before is forgotten.

        The shape of the data is the input shape, if none was given: a model that begins with the layer can be built.

        Parameters
        ----------
        data : array or h5py.Dataset of shape (n, ...), or iterable of batches
        batch_size : int, default 32
            Only counts together with `steps`.
        steps : int, optional
            How many batches to look at; all when None.

        Raises
        ------
        ArgumentError
            When mean and variance were given.
        DataError
            When there is no data.
        """
        if self.input_mean is not None:
            raise ArgumentError(
                f"Layer {self.name!r} was given mean and variance. Received: data to adapt to. Leave them out."
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
                    "Give data of one shape."
                )
            n = int(np.prod([batch.shape[i] for i in self._over]))
            if n:  # the sums of two parts from those of each, so that large means do no harm
                here = batch.mean(self._over, dtype=np.float64)
                step = here - mean
                squares = squares + np.square(batch - np.expand_dims(here, self._over)).sum(self._over)
                squares = squares + np.square(step) * (count * n / (count + n))
                mean, count = mean + step * (n / (count + n)), count + n
        if not count:
            raise DataError(
                "adapt needs data to learn from. Received: none. Pass an array with at least one sample."
            )
        for weight, value in zip(self._learned, (mean, squares / count, count), strict=True):
            weight.assign(value)

    def call(self, inputs: Tensor) -> Tensor:
        """The normalized input."""
        mean, variance = self._moments()
        return (inputs - mean) / np.maximum(np.sqrt(variance), EPSILON)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Write down what `call` computes; what `adapt` learns later counts, too."""
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
