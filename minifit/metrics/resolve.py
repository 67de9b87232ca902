"""The lookup of metrics: from an entry of ``compile(metrics=[...])`` to a `Metric`."""

from collections.abc import Mapping
from typing import Any

from minifit import losses
from minifit.arrays import Shape
from minifit.checks import storable_name
from minifit.errors import ArgumentError
from minifit.metrics import accuracy, auc, base, confusion, fscore, regression, topk
from minifit.metrics.base import MeanMetricWrapper, Metric
from minifit.signatures import check_call, name_of
from minifit.tables import Table

TABLE = Table(
    "metric",
    {
        **{name: loss for name, loss in losses.TABLE.items() if not isinstance(loss, type)},
        "binary_accuracy": accuracy.binary_accuracy,
        "categorical_accuracy": accuracy.categorical_accuracy,
        "sparse_categorical_accuracy": accuracy.sparse_categorical_accuracy,
        "top_k_categorical_accuracy": topk.top_k_categorical_accuracy,
        "sparse_top_k_categorical_accuracy": topk.sparse_top_k_categorical_accuracy,
        "cosine_similarity": regression.cosine_similarity,  # the loss of the same name is its negative
        "cosine_proximity": regression.cosine_similarity,
        **{
            metric.__name__: metric
            for metric in (
                base.Mean,
                base.Sum,
                accuracy.Accuracy,
                accuracy.BinaryAccuracy,
                accuracy.CategoricalAccuracy,
                accuracy.SparseCategoricalAccuracy,
                topk.TopKCategoricalAccuracy,
                topk.SparseTopKCategoricalAccuracy,
                confusion.TruePositives,
                confusion.TrueNegatives,
                confusion.FalsePositives,
                confusion.FalseNegatives,
                confusion.Precision,
                confusion.Recall,
                auc.AUC,
                fscore.FBetaScore,
                fscore.F1Score,
                regression.MeanSquaredError,
                regression.RootMeanSquaredError,
                regression.MeanAbsoluteError,
                regression.MeanAbsolutePercentageError,
                regression.MeanSquaredLogarithmicError,
                regression.CosineSimilarity,
                regression.LogCoshError,
                regression.Poisson,
                regression.KLDivergence,
                regression.Hinge,
                regression.SquaredHinge,
                regression.CategoricalHinge,
                regression.BinaryCrossentropy,
                regression.CategoricalCrossentropy,
                regression.SparseCategoricalCrossentropy,
            )
        },
    },
)

# Binary for one output, sparse for class numbers, else categorical.
_accuracies = (
    accuracy.binary_accuracy,
    accuracy.sparse_categorical_accuracy,
    accuracy.categorical_accuracy,
)
_crossentropies = (
    losses.binary_crossentropy,
    losses.sparse_categorical_crossentropy,
    losses.categorical_crossentropy,
)
_BY_SHAPE: dict[str, tuple[Any, ...]] = {
    "accuracy": _accuracies,
    "acc": _accuracies,
    "crossentropy": _crossentropies,
    "ce": _crossentropies,
}


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a metric function or object from its name, its configuration or itself; None stays None."""
    if isinstance(identifier, Mapping) and identifier.get("class_name") == "MeanMetricWrapper":
        config = dict(identifier["config"])
        return MeanMetricWrapper(_function(config.pop("fn")), **config)
    return None if identifier is None else TABLE.make(identifier, custom_objects)


def deserialize(config: Any) -> Any:
    """Return what `serialize` stored: a metric or a function, and a name unchanged where it means the same again."""
    if isinstance(config, list):
        return [deserialize(entry) for entry in config]
    if isinstance(config, str) and (config.lower() in _BY_SHAPE or TABLE.find(config) is TABLE.get(config)):
        return config
    return get(config)


def _function(stored: Any) -> Any:
    """Return the function of a stored `MeanMetricWrapper`; of a loss object, its method `call`."""
    function = losses.get(stored) if isinstance(stored, Mapping) else get(stored)
    return function.call if isinstance(function, losses.Loss) else function


def for_outputs(identifier: Any, y_true: Shape, y_pred: Shape) -> Metric:
    """Return the metric of an entry of ``metrics=[...]``, for targets and predictions of these shapes.

    Parameters
    ----------
    identifier : str, function, class, Loss or Metric
        For "accuracy" and "crossentropy" ("acc" and "ce" for short, in any case) the shapes select the metric:
        binary for one output, sparse for class numbers, else categorical.
    y_true, y_pred : tuple of int

    Raises
    ------
    UnknownNameError
        For a name that is in no table.
    """
    if isinstance(identifier, str) and identifier.lower() in _BY_SHAPE:
        entry: Any = _BY_SHAPE[identifier.lower()][_kind(y_true, y_pred)]
    else:
        entry = get(identifier)
    if isinstance(entry, losses.Loss):
        return _of_loss(entry)
    name = identifier if isinstance(identifier, str) else None
    metric: Metric = entry if isinstance(entry, Metric) else MeanMetricWrapper(entry, name)
    _check_update(metric)
    topk.warn_of_large_k(metric, y_pred[-1])
    return metric


def _of_loss(loss: losses.Loss) -> Metric:
    """Return the mean of a loss object as a metric."""
    if (
        isinstance(loss, losses.LossFunctionWrapper)
        and (known := TABLE.get(getattr(loss.fn, "__name__", ""))) is loss.fn
    ):
        # a known function can be serialized by its name
        metric = MeanMetricWrapper(known, loss.name)
        # the same dict, so that an option set on the loss also applies to the metric
        metric._options = loss._options
    else:
        metric = MeanMetricWrapper(loss.call, loss.name)
    metric.direction = "min"
    return metric


RESERVED = {"loss": "the loss", "lr": "the learning rate", "epoch": "the epoch", "batch": "the batch"}
"""Keys that already have a meaning in logs, in rows and in names of files."""


def check_name(name: Any) -> None:
    """Raise an error for a metric's name that would hide something else in the logs, or that is not a valid name.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a reserved name, one that begins with ``val_``, an empty one, and anything but a string that can be stored.
    """
    storable_name("A metric's name", name)
    meaning = RESERVED.get(name, "a value of the validation" if name.startswith("val_") else None)
    if meaning is not None or not name:
        raise ArgumentError(
            "A metric must have a name that means nothing else in the logs. "
            f"Received: {name!r}{f', which is {meaning}' if meaning else ''}. Give the metric another name."
        )


def check_entry(identifier: Any) -> None:
    """Raise the errors of an entry that can be detected before the shapes are known.

    Raises
    ------
    UnknownNameError
        For a name that no metric has.
    ArgumentError
        For a name that would hide something else in the logs.
    ArgumentTypeError
        For a function or an object that takes other arguments.
    """
    if isinstance(identifier, str):
        if identifier.lower() not in _BY_SHAPE:
            TABLE.find(identifier, dict.fromkeys(_BY_SHAPE))
        check_name(identifier)
    elif isinstance(identifier, Metric):
        check_name(identifier.name)
        _check_update(identifier)
    elif not callable(identifier) and not isinstance(identifier, Mapping):
        TABLE.make(identifier)
    elif not isinstance(identifier, type | Mapping):
        check_name(identifier.name if isinstance(identifier, losses.Loss) else name_of(identifier))
        check_call(f"The metric {name_of(identifier)!r}", identifier, "y_true", "y_pred")


def _check_update(metric: Metric) -> None:
    what = f"update_state of the metric {metric.name!r}"
    check_call(what, metric.update_state, "y_true", "y_pred", sample_weight=None)


def _kind(y_true: Shape, y_pred: Shape) -> int:
    if y_pred[-1] == 1:
        return 0
    return 1 if len(y_true) < len(y_pred) or y_true[-1] == 1 else 2
