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
    """Return the model stored in a file that `save` or Keras wrote.

    Parameters
    ----------
    filepath : str, PathLike or open binary file
    custom_objects : dict, optional
        Your own classes and functions (layers, losses, metrics, optimizers, activations, ...) by their names in the
        file. Code is never run or imported because a file names it.
    compile : bool, default True
        Whether to compile the model as it was and restore its optimizer's state.
    options : None
        Accepted as in Keras, without effect.

    Returns
    -------
    Model

    Raises
    ------
    FileFormatError
        When the file is not a model file, is damaged, or has unexpected content.
    UnknownNameError
        For classes that are neither minifit's nor in `custom_objects`.
    OSError
        When the file cannot be opened.

    References
    ----------
    ``tf.keras.models.load_model`` (TensorFlow 2.7).
    """
    return read_model(filepath, model_from_config, custom_objects, compile)


def model_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a model from ``{"class_name": "Sequential", "config": model.get_config()}``, with new weights."""
    with making("a model"), custom_object_scope(custom_objects), configs.sharing_layers():
        if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
            raise ArgumentTypeError(
                "A model's configuration is a dict with 'class_name' and 'config'. "
                f"Received: {str(config)[:60]}. Pass json.loads(model.to_json()), or put the result of get_config() "
                "under 'config'."
            )
        return TABLE.make(config)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a model from the result of `to_json`, with new weights."""
    return model_from_config(written_as_json(json_string), custom_objects)
