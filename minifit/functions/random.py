"""Random numbers: TensorFlow's ``tf.random``. In a step of a model, they come from the model's streams."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.errors import ArgumentError
from minifit.functions.convert import as_dtype, sizes, tensor
from minifit.initializers import TruncatedNormal
from minifit.randomness import set_root_seed
from minifit.tensor import Tensor, current, to_array


def set_seed(seed: int | None) -> None:
    """Make all later weights and random tensors reproducible; NumPy's generator is not changed.

    With None, they depend on NumPy's generator again.

    References
    ----------
    ``tf.random.set_seed`` (TensorFlow 2.7).
    """
    set_root_seed(seed)


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: Any = None,
) -> Any:
    """Draw numbers from a normal distribution."""
    numbers = ops.random_normal(sizes(shape), seed=seed) * tensor(stddev) + mean
    return ops.cast(numbers, as_dtype(dtype))


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: Any = None,
) -> Any:
    """Draw numbers from ``[minval, maxval)``; `maxval` defaults to 1 for floats and is required for integers."""
    as_type = as_dtype(dtype)
    if as_type.kind in "iu":
        if maxval is None:
            raise ArgumentError(
                "Random integers need an upper bound. Received: maxval=None. Pass for example maxval=10."
            )
        integers = (
            current()
            .generator("random_uniform", seed)
            .integers(to_array(minval), to_array(maxval), sizes(shape))
        )
        return Tensor(np.asarray(integers, as_type))
    high = 1 if maxval is None else maxval
    numbers = ops.random_uniform(sizes(shape), seed=seed) * (tensor(high) - tensor(minval)) + minval
    return ops.cast(numbers, as_type)


def truncated_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: Any = None,
) -> Any:
    """Draw numbers from a normal distribution, without those beyond two standard deviations."""
    draw, share = TruncatedNormal(mean, stddev, seed), current().share
    numbers = draw(sizes(shape)) if share is None else share.rows_of(draw, sizes(shape))
    return ops.cast(tensor(numbers), as_dtype(dtype))


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Draw `num_samples` class numbers for each row of logits."""
    z = to_array(tensor(logits)).astype(np.float64)
    # The argmax of logits plus Gumbel noise is each class with the probability that softmax gives it.
    noise = current().generator("categorical", seed).gumbel(size=(z.shape[0], int(num_samples), z.shape[1]))
    return Tensor((z[:, None, :] + noise).argmax(-1).astype(as_dtype("int64" if dtype is None else dtype)))


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return the entries along the first axis in a random order."""
    x = tensor(value)
    return x[current().generator("shuffle", seed).permutation(x.shape[0])]
