"""Which format a file has: its name's end decides."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, NamedTuple

from minifit import interrupts
from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError
from minifit.saving.atomic import PathLike
from minifit.saving.description import ModelDescription, StoredModel


class Format(NamedTuple):
    """A format of model files.

    Attributes
    ----------
    write : callable
        ``write(path, description, options)`` writes a model, or its weights alone, whole or not at all.
    reading : callable
        ``reading(path)`` is a context manager that gives a `StoredModel`.
    remembers : bool
        Whether files of weights alone hold what the optimizer remembers, too.
    holds_weights : bool
        Whether there are files of weights alone.
    """

    write: Callable[[PathLike, ModelDescription, dict[str, Any] | None], None]
    reading: Callable[[PathLike], AbstractContextManager[StoredModel]]
    remembers: bool = False
    holds_weights: bool = True


# Most programs that train write no model, so the formats are loaded by the first file.


def _legacy() -> ModuleType:
    with interrupts.importing("minifit.saving.legacy"):
        from minifit.saving import legacy
    return legacy


def _keras3() -> ModuleType:
    with interrupts.importing("minifit.saving.keras3.files"):
        from minifit.saving.keras3 import files
    return files


LEGACY = Format(lambda *args: _legacy().write(*args), lambda path: _legacy().reading(path))

BY_SUFFIX = {
    ".keras": Format(
        lambda *args: _keras3().write(*args),
        lambda path: _keras3().reading(path),
        remembers=True,
        holds_weights=False,
    ),
    ".weights.h5": Format(
        lambda *args: _keras3().write_weights(*args),
        lambda path: _keras3().reading_weights(path),
        remembers=True,
    ),
}
"""Every other name is of the legacy format. Where two ends fit, the first counts."""

IN_FOLDER = "keras_model.h5"
"""The file of a model that is saved to a folder."""

TENSORFLOWS = "saved_model.pb"
"""The file by which TensorFlow knows a folder with a model of its own."""


def located(path: PathLike) -> PathLike:
    """Return the file of a whole model: the one in it, for a folder.

    A folder is one that is there, or a name that ends with a separator. TensorFlow keeps a model in such a folder in a
    format of its own; here a folder holds one file in a format of Keras.

    Raises
    ------
    FileFormatError
        For a folder with a model of TensorFlow's own format.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str) or not name:
        return path
    ends_as_folder = name[-1] in (os.sep, os.altsep)
    if not ends_as_folder and (name.endswith((".h5", ".hdf5", ".keras")) or not os.path.isdir(name)):
        return path
    if os.path.exists(os.path.join(name, TENSORFLOWS)):
        raise FileFormatError(
            "A folder holds a model in one format, and TensorFlow's own is not among those that are read and written "
            f"here. Received: {name!r} with a {TENSORFLOWS}. Take another folder; in TensorFlow, "
            "save to a name that ends with .h5 or .keras."
        )
    return os.path.join(name, IN_FOLDER)


def of(path: PathLike, save_format: str | None = None) -> Format:
    """The format of a file of this name, or the one that `save_format` asks for.

    Parameters
    ----------
    path : str or PathLike
    save_format : {"h5", "hdf5", "keras"}, optional
        The legacy format, whatever the name; or Keras 3's, which needs a name that ends with ``.keras``.

    Raises
    ------
    ArgumentError
        For TensorFlow's own formats, and formats that nobody knows.
    ArgumentTypeError
        When it is no path.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"A path is a string or a PathLike of one. Received: {path!r}. Pass for example 'model.h5'."
        )
    named = next((f for end, f in BY_SUFFIX.items() if name.endswith(end)), LEGACY)
    asked = save_format.lower().strip() if isinstance(save_format, str) else save_format
    if asked is None or (asked == "keras" and named is BY_SUFFIX[".keras"]):
        return named
    if asked in ("h5", "hdf5"):
        return LEGACY
    raise ArgumentError(
        "Models are written to one file in a format of Keras, not in TensorFlow's own: save_format is 'h5', or "
        f"'keras' for a name that ends with .keras. Received: save_format={save_format!r} for {name!r}. Leave it out: "
        "the name decides."
    )
