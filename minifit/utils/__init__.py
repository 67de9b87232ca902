"""Small helpers for users."""

from minifit.data import Sequence
from minifit.datasets.cache import get_file
from minifit.layers.base import clear_names as clear_session
from minifit.randomness import set_random_seed
from minifit.tables import custom_object_scope
from minifit.utils.encoding import normalize, to_categorical
from minifit.utils.gradients import check_gradients

__all__ = [
    "Sequence",
    "check_gradients",
    "clear_session",
    "custom_object_scope",
    "get_file",
    "normalize",
    "set_random_seed",
    "to_categorical",
]
