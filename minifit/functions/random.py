"""Random numbers: TensorFlow's ``tf.random``. They come from a stream of the model where there is one."""

from typing import Any

import numpy as np

from minifit import ops
from minifit.errors import ArgumentError
from minifit.functions.convert import as_dtype, sizes, tensor
from minifit.initializers import TruncatedNormal
from minifit.randomness import set_root_seed
from minifit.tensor import Tensor, current, to_array


def set_seed(seed: int | None) -> None:
    """Let all weights and random tensors that are made from now on repeat; NumPy's own numbers go on as they are.

    With None they repeat no longer, unless NumPy's numbers do.

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
    """Return numbers of a normal distribution."""
    made = ops.random_normal(sizes(shape), seed=seed) * tensor(stddev) + mean
    return ops.cast(made, as_dtype(dtype))


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: Any = None,
) -> Any:
    """Return numbers from ``[minval, maxval)``; `maxval` is 1 when None, and has to be given for whole numbers."""
    kind = as_dtype(dtype)
    if kind.kind in "iu":
        if maxval is None:
            raise ArgumentError(
                "Whole numbers at random need an end. Received: maxval=None. Pass for example maxval=10."
            )
        drawn = (
            current()
            .generator("random_uniform", seed)
            .integers(to_array(minval), to_array(maxval), sizes(shape))
        )
        return Tensor(np.asarray(drawn, kind))
    most = 1 if maxval is None else maxval
    made = ops.random_uniform(sizes(shape), seed=seed) * (tensor(most) - tensor(minval)) + minval
    return ops.cast(made, kind)


def truncated_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: Any = None,
) -> Any:
    """Return numbers of a normal distribution, without those beyond two standard deviations."""
    draw, share = TruncatedNormal(mean, stddev, seed), current().share
    made = draw(sizes(shape)) if share is None else share.rows_of(draw, sizes(shape))
    return ops.cast(tensor(made), as_dtype(dtype))


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Return so many class numbers for each row of logits."""
    z = to_array(tensor(logits)).astype(np.float64)
    # The largest of logits with Gumbel noise is a class with the probability that softmax gives it.
    noise = current().generator("categorical", seed).gumbel(size=(z.shape[0], int(num_samples), z.shape[1]))
    return Tensor((z[:, None, :] + noise).argmax(-1).astype(as_dtype("int64" if dtype is None else dtype)))


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Return the entries along the first axis in another order."""
    x = tensor(value)
    return x[current().generator("shuffle", seed).permutation(x.shape[0])]
