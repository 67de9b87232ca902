"""A small model that several tests share: two layers with weights that are always the same."""

from typing import Any

import numpy as np

from minifit import Sequential
from minifit.layers import Dense, Layer
from minifit.optimizers import SGD


def small_model(*more: Layer, optimizer: Any = None, **compiling: Any) -> Sequential:
    """Three numbers in, one out, with `more` layers between the two; the shuffling is always the same, too."""
    np.random.seed(0)
    model = Sequential([Dense(4, "tanh", input_shape=(3,)), *more, Dense(1)])
    model.compile(optimizer or SGD(0.125), **{"loss": "mse", **compiling})
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) for w in model.weights])
    return model


def two_layers(optimizer: Any = "sgd") -> Sequential:
    """A chain of two layers for one number in and one out."""
    np.random.seed(3)
    model = Sequential([Dense(3, input_shape=(1,)), Dense(1)])
    model.compile(optimizer, "mse")
    return model
