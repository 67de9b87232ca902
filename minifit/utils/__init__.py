"""Utilities: data sets, names of custom objects, drawings of models, gradient checks."""

from minifit.data import Sequence
from minifit.datasets.cache import get_file
from minifit.layers.base import clear_names as clear_session
from minifit.randomness import set_random_seed
from minifit.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from minifit.tables import deserialize_keras_object, serialize_keras_object
from minifit.utils.dataset import pack_x_y_sample_weight, split_dataset, unpack_x_y_sample_weight
from minifit.utils.encoding import normalize, to_categorical
from minifit.utils.gradients import check_gradients
from minifit.utils.padding import pad_sequences
from minifit.utils.plot_model import model_to_dot, plot_model
from minifit.utils.progbar import Progbar

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "Sequence",
    "check_gradients",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
