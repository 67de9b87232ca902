"""`Discretization`: numbers sorted into ranges, whose boundaries are passed or learned from data."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.checks import above_zero, number, optional_of, positive, several
from minifit.errors import ArgumentError, DataError
from minifit.layers.adapting import batches_of
from minifit.layers.base import Layer, ShapeLike
from minifit.settings import Setting
from minifit.tensor import Tensor, constant


def _boundaries(name: str, value: Any) -> list[float] | None:
    """Return the boundaries as a list; raise unless they are in ascending order."""
    if value is None:
        return None
    listed = several(name, value, number, f"{name}=[0.0, 1.0]")
    if any(a > b for a, b in pairwise(listed)):
        raise ArgumentError(f"{name} must ascend. Received: {name}={listed}. Sort them: sorted({name}).")
    return listed


class Discretization(Layer):
    """Replaces each number by the index of its range.

    The boundaries 0, 1, 2 define four ranges: below 0, from 0 to below 1, from 1 to below 2, and from 2 on.

    Parameters
    ----------
    bin_boundaries : list of float, optional
        In ascending order.
    num_bins : int, optional
        The number of ranges for which `adapt` learns boundaries, with equally many values in each.
    epsilon : float, default 0.01
        The fraction of the values by which learned boundaries may be off.
    **kwargs
        As for `Layer`.

    Attributes
    ----------
    bin_boundaries : list of float
        The boundaries passed or learned; empty before.

    Raises
    ------
    ArgumentError
        When an argument breaks its rule, or `num_bins` and `bin_boundaries` contradict each other.
    DataError
        When an input is not a number.

    Notes
    -----
    The output is an array of integers in the input's shape. The boundaries that `adapt` learned are part of the
    configuration, as `bin_boundaries`.

    Examples
    --------
    >>> Discretization([0.0, 1.0])([-1.5, 0.0, 0.5, 7.0]).numpy()
    array([0, 1, 1, 2])

    References
    ----------
    ``tf.keras.layers.Discretization`` (TensorFlow 2.7). As there, boundaries are interpolated from a summary of the
    data that is merged batch by batch.
    """

    bin_boundaries = Setting(lambda name, value: _boundaries(name, value) or [])
    num_bins = Setting(optional_of(positive))
    epsilon = Setting(above_zero)

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._fixed = bin_boundaries is not None
        self.bin_boundaries, self.num_bins, self.epsilon = bin_boundaries, num_bins, epsilon
        if self._fixed and num_bins is not None and len(self.bin_boundaries) != self.num_bins - 1:
            raise ArgumentError(
                "num_bins must be the number of bin_boundaries plus one, if both are passed. "
                f"Received: num_bins={num_bins}, bin_boundaries={self.bin_boundaries}. Leave one of them out."
            )

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn boundaries with equally many values between them, replacing those learned before.

        Parameters
        ----------
        data : array or h5py.Dataset of shape (n, ...), or iterable of batches
        batch_size : int, default 32
        steps : int, optional
            The number of batches to use; all when None.

        Raises
        ------
        ArgumentError
            When `bin_boundaries` was passed to the constructor, or `num_bins` was not.
        DataError
            When there is no data.
        """
        if self._fixed or self.num_bins is None:
            raise ArgumentError(
                f"Layer {self.name!r} learns boundaries for num_bins ranges. Received: "
                f"bin_boundaries={self.bin_boundaries if self._fixed else None}, num_bins={self.num_bins}. "
                "Pass only num_bins."
            )
        summary = np.empty((2, 0), FLOAT)
        for batch in batches_of(data, batch_size, steps):
            values = batch.astype(FLOAT, copy=False)
            if np.isnan(values).any():
                raise DataError("adapt needs numbers to learn from. Received: NaN. Leave it out of the data.")
            merged = np.concatenate([_summary(values, self.epsilon), summary], 1)
            summary = _compressed(merged[:, np.argsort(merged[0], kind="stable")], self.epsilon)
        if not summary.size:
            raise DataError(
                "adapt needs data to learn from. Received: none. Pass an array with at least one sample."
            )
        self.bin_boundaries = _compressed(summary, 1 / self.num_bins)[0, :-1].tolist()

    def call(self, inputs: Tensor) -> Tensor:
        """Return the indices of the ranges."""
        x = inputs.value
        if np.isnan(x).any():
            raise DataError(
                f"Layer {self.name!r} sorts numbers into ranges. Received: NaN. Fill gaps in the data first."
            )
        return constant(np.searchsorted(np.asarray(self.bin_boundaries, FLOAT), x, side="right"))

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the indices of the ranges for a batch without NaN."""
        program.need_column(inputs)
        program.check("check_numbers", inputs, inputs.count, -math.inf, math.inf)
        ends = program.constant(self.bin_boundaries)
        return program.prepare("place_in_ranges", inputs.shape, inputs, inputs.count, ends, -ends.count)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, with the boundaries it has learned."""
        known = self._fixed or bool(self.bin_boundaries)
        own = {
            "bin_boundaries": self.bin_boundaries if known else None,
            "num_bins": None if known else self.num_bins,
            "epsilon": self.epsilon,
        }
        return {**super().get_config(), **own}


def _summary(values: Array, epsilon: float) -> Array:
    """Return regularly chosen sorted values, and the number of values each represents, in shape (2, k)."""
    ordered = np.sort(values, axis=None)
    step = int(np.float32(ordered.size) / np.float32(1 / epsilon))
    chosen = ordered[step :: max(step, 1)]
    return np.stack([chosen, np.full(chosen.shape, max(step, 1), FLOAT)])


def _compressed(summary: Array, epsilon: float) -> Array:
    """Return a summary of about ``1 / epsilon`` values, interpolated from a larger one."""
    if summary.shape[1] * epsilon < 1:
        return summary
    targets = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = summary[1].cumsum()
    parts = weights / weights[-1]
    values, reached = (np.interp(targets, parts, each) for each in (summary[0], weights))
    return np.stack([values, np.diff(reached, prepend=0)]).astype(FLOAT)
