"""Targets, predictions and models that the tests of several metrics share."""

from typing import Any

import numpy as np

from minifit import Sequential
from minifit.layers import Dense
from minifit.metrics.base import Mean, Metric, Sum

T = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]], np.float32)

P = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6], [0.5, 0.2, 0.3]], np.float32)

CLASSES = np.array([1, 0, 2, 1])


def identity(units: int) -> Sequential:
    """A model that returns its input."""
    layer = Dense(units, kernel_initializer=lambda shape: np.eye(*shape), input_shape=(units,), name="dense")
    return Sequential([layer])


def logs_of(wanted: Any, y: Any = None, p: Any = None, **more: Any) -> dict[str, float]:
    """What `evaluate` says about predictions `p`."""
    p = P if p is None else np.asarray(p, np.float32)
    model = identity(p.shape[-1])
    options = {k: more.pop(k) for k in ("loss", "weighted_metrics") if k in more}
    model.compile("sgd", options.pop("loss", "mse"), metrics=wanted, **options)
    found: dict[str, float] = model.evaluate(p, T if y is None else y, return_dict=True, verbose=0, **more)
    return found


def feed(metric: Metric, rows: slice = slice(None), weights: Any = None) -> Any:
    """Give these rows of the example to any metric, and return its result."""
    plain = isinstance(metric, Mean | Sum) and type(metric) in (Mean, Sum)
    targets = CLASSES if "Sparse" in type(metric).__name__ else T
    given = (P[rows],) if plain else (targets[rows], P[rows])
    update: Any = metric.update_state
    update(*given, sample_weight=None if weights is None else weights[rows])
    return metric.result()
