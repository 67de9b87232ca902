"""Models: the four ways to build one, and their files."""

from minifit.layers import Input
from minifit.models.cloning import clone_model
from minifit.models.loading import load_model, model_from_config, model_from_json, save_model
from minifit.models.model import Functional, Model
from minifit.models.sequential import Sequential

__all__ = [
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]
