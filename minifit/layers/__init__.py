"""Layers, one in each file."""

from minifit.layers.activation import Activation
from minifit.layers.base import Layer
from minifit.layers.dense import Dense
from minifit.layers.dropout import Dropout
from minifit.layers.flatten import Flatten
from minifit.layers.input_layer import InputLayer
from minifit.tables import Table

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "InputLayer", "Layer"]

TABLE = Table(
    "layer",
    {c.__name__: c for c in (Activation, Dense, Dropout, Flatten, InputLayer)},
)
