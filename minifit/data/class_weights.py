"""The argument `class_weight`, and the sample weights that follow from it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array, whole_numbers
from minifit.checks import entries, real
from minifit.data.batch import Batch
from minifit.data.values import first_row
from minifit.errors import ArgumentError, DataError, ShapeError


def class_weights(weights: Any) -> Array | None:
    """Return Keras's ``class_weight`` as an array: the weight of class i at position i; None if there are none.

    Parameters
    ----------
    weights : dict, pandas Series or one-dimensional array_like
        From class number to weight; a sequence is by position, as scikit-learn's `compute_class_weight` returns it.

    Raises
    ------
    ArgumentError
        Unless its keys are 0, 1, ..., n - 1 and its values finite numbers.
    """
    # a Series has keys
    by_class = weights.to_dict() if hasattr(weights, "to_dict") else weights
    if not isinstance(by_class, Mapping):
        listed = entries(weights)
        by_class = None if listed is None else dict(enumerate(listed))
    numbers = {} if by_class is None else {_class(key): real(value) for key, value in by_class.items()}
    if (
        by_class is None
        or set(numbers) != set(range(len(by_class)))
        or not all(value is not None and np.isfinite(value) for value in numbers.values())
    ):
        raise ArgumentError(
            "class_weight must be a dict from every class number 0, 1, ..., n - 1 to its weight, or a list or array "
            f"of the weights in this order. Received: {weights!r}. Give unchanged classes the weight 1."
        )
    return np.array([numbers[i] for i in range(len(numbers))], np.float32) if numbers else None


def _class(key: Any) -> int | float | None:
    """Return a key as a number; a bool counts as 0 or 1, for targets that are True or False."""
    return int(key) if isinstance(key, bool | np.bool_) else real(key)


def weigh_classes(class_weight: Array, batch: Batch) -> Array:
    """Return the sample weights of a batch times the weights of its targets' classes.

    Raises
    ------
    DataError
        When there are no targets, or a target is of a class without a weight.
    """
    y, sample_weight = (part[0] if part else None for part in (batch.targets, batch.weights))
    if y is None:
        raise DataError("class_weight needs targets. Received: none. Pass y, or leave class_weight out.")
    weight = class_weight[weighed_classes(class_weight, y)]
    if sample_weight is None:
        return weight
    if sample_weight.size != weight.size:
        raise ShapeError(
            "sample_weight needs one weight for each sample beside class_weight. "
            f"Received: weights of shape {sample_weight.shape} for {weight.size} samples. Give one for each."
        )
    return np.asarray(sample_weight.reshape(-1) * weight, FLOAT)


def weighed_classes(class_weight: Array, y: Array) -> Array:
    """Return the class of each target.

    Raises
    ------
    DataError
        When a target is not a class number, or of a class without a weight.
    """
    if y.ndim > 2:
        raise DataError(
            f"class_weight needs targets of rank 1 or 2. Received: shape {y.shape}. Pass sample_weight instead."
        )
    if y.ndim == 2 and y.shape[1] > 1:
        classes: Array = y.argmax(1)
    else:
        classes, odd = whole_numbers(y.reshape(-1))
        if odd >= 0:
            error = DataError(
                "class_weight needs class numbers or one-hot rows as targets. "
                f"Received: {y.reshape(-1)[odd]} in row {odd}. Pass sample_weight instead."
            )
            error.row = odd
            raise error
    if not classes.size:
        return classes
    if classes.min() < 0 or classes.max() >= len(class_weight):
        error = DataError(
            f"class_weight must have a weight for every class: it has {len(class_weight)}. "
            f"Received: targets from {classes.min()} to {classes.max()}. Add the missing classes."
        )
        error.row = first_row((classes < 0) | (classes >= len(class_weight)))
        raise error
    return classes
