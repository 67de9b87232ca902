"""`Dropout`: values set to 0 at random in training, against overfitting."""

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minifit import ops
from minifit.checks import fraction, optional_of, seed, sizes
from minifit.errors import ShapeError
from minifit.layers.base import Layer, ShapeLike
from minifit.randomness import of_all_rows
from minifit.settings import Setting
from minifit.tensor import Tensor, current


class Dropout(Layer):
    """In training, sets each value to 0 with probability `rate` and divides the others by ``1 - rate``.

    Parameters
    ----------
    rate : float from 0 to 1
    noise_shape : tuple, optional
        The shape of the mask. Along an axis of size 1, all values are kept or dropped together. None is the input's
        size.
    seed : int, optional
        Selects a random stream that depends on the seed alone; layers with the same seed share it.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError
        When `rate` is not a number from 0 to 1.

    References
    ----------
    N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014;
    ``tf.keras.layers.Dropout`` (TensorFlow 2.7).
    """

    rate = Setting(partial(fraction, closed=True))
    seed = Setting(optional_of(seed))
    noise_shape = Setting(optional_of(sizes))

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the input, thinned out in training."""
        thinned: Tensor = self._thinned(inputs, training, current().generator, operator.call)
        return thinned

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the computation of `call`."""
        if self.noise_shape is not None and self.noise_shape[:1] not in ((None,), (1,)):
            program.refuse("a noise_shape for batches of one size")
        return self._thinned(inputs, training, program.stream, program.by_rule)

    def _thinned(
        self, inputs: Tensor, training: bool, stream: Callable[..., Any], apply: Callable[..., Any]
    ) -> Any:
        """Return the input, thinned out in training. `stream` returns a random stream, `apply` calls an op."""
        if not training or self.rate == 0:
            return inputs
        rng, shape = self._stream(stream, "dropout"), self._mask_shape(inputs.shape)
        return apply(ops.dropout, inputs, self.rate, rng, shape)

    def _stream(self, stream: Callable[..., Any], name: str) -> Any:
        """Return the stream for a name and the layer's seed; it is the same for all workers if rows share the mask."""
        rng = stream(name, self.seed)
        return of_all_rows(rng) if self.noise_shape is not None and self.noise_shape[0] == 1 else rng

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        if self.noise_shape is None:
            return None
        noise_shape, share = self.noise_shape, current().share
        whole = shape if share is None else (share.total, *shape[1:])
        if len(noise_shape) != len(shape) or any(
            m not in (None, 1, n) for m, n in zip(noise_shape, whole, strict=True)
        ):
            raise ShapeError(
                f"Layer {self.name!r} needs a noise_shape of the input's rank, each entry 1, None or the input's size. "
                f"Received: noise_shape={noise_shape} for input of shape {whole}. Use None for the batch."
            )
        return tuple(1 if m == 1 else n for m, n in zip(noise_shape, shape, strict=True))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        own = {"rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
        return {**super().get_config(), **own}
