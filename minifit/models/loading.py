"""Models from files and from configurations."""

from collections.abc import Mapping
from typing import Any

from minifit.errors import ArgumentTypeError
from minifit.models import configs
from minifit.models.files import making, read_model, written_as_json
from minifit.models.model import Model
from minifit.models.sequential import Sequential
from minifit.registration import custom_object_scope
from minifit.saving.formats import ModelFile
from minifit.tables import Table

TABLE = Table("model", {**configs.MODELS, "Sequential": Sequential})


def save_model(model: Model, filepath: ModelFile, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a file; the arguments are those of `Model.save`."""
    model.save(filepath, overwrite, **kwargs)


def load_model(
    filepath: ModelFile,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    options: None = None,
) -> Any:
    """A model from a file that `save` or Keras has written.

    Parameters
    ----------
    filepath : str, PathLike or open binary file
    custom_objects : dict, optional
        Classes and functions of your own (layers, losses, metrics, optimizers, activations, ...) by the names that
        the file calls them. Nothing is ever run or imported by a name in a file.
    compile : bool, default True
        Whether to compile the model as it was, and let its optimizer remember what it did.
    options : None
        Accepted as in Keras.

    Returns
    -------
    Model

    Raises
    ------
    FileFormatError
        When it is no such file, damaged, or has something that does not belong into it.
    UnknownNameError
        For classes that are neither minifit's nor among `custom_objects`.
    OSError
        When the file cannot be opened.

    References
    ----------
    ``tf.keras.models.load_model`` (TensorFlow 2.7).
    """
    return read_model(filepath, model_from_config, custom_objects, compile)


def model_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from ``{"class_name": "Sequential", "config": model.get_config()}``, with weights of its own."""
    with making("a model"), custom_object_scope(custom_objects), configs.sharing_layers():
        if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
            raise ArgumentTypeError(
                "A model's configuration is a dict with 'class_name' and 'config'. "
                f"Received: {str(config)[:60]}. Pass what to_json returned, or get_config under 'config'."
            )
        return TABLE.make(config)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from what `to_json` returned, with weights of its own."""
    return model_from_config(written_as_json(json_string), custom_objects)
