"""Activations and losses of logits: TensorFlow's ``tf.nn``."""

from typing import Any

import numpy as np

from minifit import nonlinearities, ops
from minifit.errors import ArgumentError, ShapeError
from minifit.functions.convert import as_dtype, tensor
from minifit.functions.reductions import axes, reduce_variance
from minifit.functions.shaping import argsort, gather
from minifit.tensor import Tensor, current, to_array


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along an axis, the last one when `axis` is None."""
    x = tensor(logits)
    n = len(x.shape)
    if axis is None or axis % n == n - 1:
        return ops.softmax(x)
    order = list(range(n))
    order[axis], order[-1] = order[-1], order[axis]
    return ops.transpose(ops.softmax(ops.transpose(x, tuple(order))), tuple(order))


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """Return the logarithm of `softmax`."""
    return nonlinearities.log_softmax(tensor(logits), -1 if axis is None else axis)


def relu6(features: Any, name: str | None = None) -> Any:
    """Return ``min(max(x, 0), 6)``."""
    return ops.clip(tensor(features), 0.0, 6.0)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """Return `x` above 0 and ``alpha * x`` below."""
    x = tensor(features)
    return ops.maximum(x, x * alpha)


def dropout(
    x: Any, rate: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Set each number to 0 with probability `rate` and divide the others by ``1 - rate``."""
    return ops.dropout(tensor(x), float(rate), current().generator("dropout", seed), noise_shape)


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """Add a vector along the last axis of a tensor.

    Raises
    ------
    ArgumentError
        For a `data_format` with the channels on another axis.
    """
    if data_format is not None and data_format.startswith("NC"):
        raise ArgumentError(
            f"bias_add adds along the last axis. Received: data_format={data_format!r}. Transpose the value first."
        )
    return tensor(value) + bias


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Return half the sum of the squares."""
    return ops.sum(ops.square(tensor(t))) / 2.0


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return the mean and the variance along some axes."""
    over = _axes(axes)
    return ops.mean(tensor(x), over, keepdims), reduce_variance(x, over, keepdims)


# an argument of `moments` hides the name `axes`
_axes = axes


def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: str | None = None) -> Any:
    """Look up rows of a table by index, scaled down to `max_norm` where they are longer."""
    rows = gather(params, ids)
    if max_norm is None:
        return rows
    return rows * (max_norm / ops.maximum(ops.sqrt(ops.sum(ops.square(rows), -1, True)), max_norm))


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Any:
    """Return the cross-entropy of probabilities with the `softmax` of logits, one number per row."""
    return -ops.sum(tensor(labels) * log_softmax(logits, axis), axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Return the cross-entropy of class numbers with the `softmax` of logits, one number per row."""
    x = tensor(logits)
    return -ops.sum(ops.one_hot(tensor(labels), x.shape[-1]) * log_softmax(x), -1)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Return the cross-entropy of probabilities with the sigmoid of logits, element by element."""
    z = tensor(logits)
    return nonlinearities.softplus(z) - z * labels


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Tensor:
    """Return whether each class number is among the `k` most probable ones."""
    best = to_array(argsort(predictions, -1, "DESCENDING"))[..., : int(k)]
    return Tensor((best == to_array(tensor(targets))[..., None]).any(-1))


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: int | None = None,
    weights: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
) -> Tensor:
    """Return the counts of each pair of a true class, by row, and a predicted class, by column."""
    true, predicted = (to_array(tensor(x)).reshape(-1).astype(np.int64) for x in (labels, predictions))
    n = (
        int(max(true.max(initial=-1), predicted.max(initial=-1))) + 1
        if num_classes is None
        else int(num_classes)
    )
    counts = np.zeros((n, n), as_dtype(dtype))
    np.add.at(
        counts, (true, predicted), 1 if weights is None else to_array(tensor(weights)).astype(counts.dtype)
    )
    return Tensor(counts)


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """Return the sum of the losses divided by the size of the whole batch, which several workers may share.

    Parameters
    ----------
    per_example_loss : tensor of shape (n, ...)
        The losses of this worker's rows.
    sample_weight : tensor, optional
    global_batch_size : int, optional
        The number of rows of all workers. When None, it is the number of rows of the whole batch in `Strategy.run`,
        and of `per_example_loss` elsewhere.

    References
    ----------
    ``tf.nn.compute_average_loss`` (TensorFlow 2.7).
    """
    losses = tensor(per_example_loss)
    if losses.ndim == 0:
        raise ShapeError(
            "per_example_loss needs one loss per row. Received: a single number. Create the loss with "
            "reduction='none'."
        )
    rows = losses.shape[0]
    if sample_weight is not None:
        weights = tensor(sample_weight)
        losses = losses * weights.reshape(weights.shape + (1,) * (losses.ndim - weights.ndim))
    share = current().share
    size = global_batch_size if global_batch_size is not None else rows if share is None else share.total
    return ops.sum(losses) / size


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """Return the sum of the losses of weights divided by the number of workers, whose losses are added up later.

    References
    ----------
    ``tf.nn.scale_regularization_loss`` (TensorFlow 2.7).
    """
    losses = regularization_loss if isinstance(regularization_loss, list | tuple) else [regularization_loss]
    total = sum([ops.sum(tensor(each)) for each in losses], start=tensor(0.0))
    return total / current().workers.size
