"""Layers, one in each file."""

from collections.abc import Mapping
from typing import Any

from minifit.layers.activation import Activation
from minifit.layers.activity_regularization import ActivityRegularization
from minifit.layers.additions import AddLoss, AddMetric
from minifit.layers.alpha_dropout import AlphaDropout
from minifit.layers.base import Layer
from minifit.layers.batch_normalization import BatchNormalization
from minifit.layers.category_encoding import CategoryEncoding
from minifit.layers.concatenate import Concatenate, concatenate
from minifit.layers.dense import Dense
from minifit.layers.discretization import Discretization
from minifit.layers.dot import Dot, dot
from minifit.layers.dropout import Dropout
from minifit.layers.elu import ELU
from minifit.layers.embedding import Embedding
from minifit.layers.flatten import Flatten
from minifit.layers.gaussian_dropout import GaussianDropout
from minifit.layers.gaussian_noise import GaussianNoise
from minifit.layers.input_layer import Input, InputLayer
from minifit.layers.integer_lookup import IntegerLookup
from minifit.layers.lambda_layer import Lambda
from minifit.layers.layer_normalization import LayerNormalization
from minifit.layers.leaky_re_lu import LeakyReLU
from minifit.layers.merge import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from minifit.layers.normalization import Normalization
from minifit.layers.op_lambda import TFOpLambda
from minifit.layers.p_re_lu import PReLU
from minifit.layers.permute import Permute
from minifit.layers.re_lu import ReLU
from minifit.layers.repeat_vector import RepeatVector
from minifit.layers.rescaling import Rescaling
from minifit.layers.reshape import Reshape
from minifit.layers.softmax import Softmax
from minifit.layers.spatial_dropout_1d import SpatialDropout1D
from minifit.layers.string_lookup import StringLookup
from minifit.layers.thresholded_re_lu import ThresholdedReLU
from minifit.layers.unit_normalization import UnitNormalization
from minifit.registration import custom_object_scope
from minifit.tables import Table, serialize

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AddLoss",
    "AddMetric",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "CategoryEncoding",
    "Concatenate",
    "Dense",
    "Discretization",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Input",
    "InputLayer",
    "IntegerLookup",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "StringLookup",
    "Subtract",
    "TFOpLambda",
    "ThresholdedReLU",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

TABLE = Table(
    "layer",
    {
        c.__name__: c
        for c in (
            ELU,
            Activation,
            ActivityRegularization,
            Add,
            AddLoss,
            AddMetric,
            AlphaDropout,
            Average,
            BatchNormalization,
            CategoryEncoding,
            Concatenate,
            Dense,
            Discretization,
            Dot,
            Dropout,
            Embedding,
            Flatten,
            GaussianDropout,
            GaussianNoise,
            InputLayer,
            IntegerLookup,
            Lambda,
            LayerNormalization,
            LeakyReLU,
            Maximum,
            Minimum,
            Multiply,
            Normalization,
            PReLU,
            Permute,
            ReLU,
            RepeatVector,
            Rescaling,
            Reshape,
            Softmax,
            SpatialDropout1D,
            StringLookup,
            Subtract,
            TFOpLambda,
            ThresholdedReLU,
            UnitNormalization,
        )
    },
)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a layer from the result of `serialize`; `custom_objects` maps names to your own classes and functions."""
    with custom_object_scope(custom_objects):
        return TABLE.make(config)
