"""Which format a file has, and which file a folder has: the name's end decides."""

import errno
import io
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, cast

from minifit import interrupts
from minifit.errors import ArgumentError, ArgumentTypeError, FileFormatError
from minifit.saving import default_format
from minifit.saving.atomic import PathLike
from minifit.saving.description import ModelDescription, StoredModel

ModelFile: TypeAlias = PathLike | io.RawIOBase | io.BufferedIOBase
"""The place of a whole model: a path, or an open binary file, such as ``io.BytesIO``."""


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

    write: Callable[[Any, ModelDescription, dict[str, Any] | None], None]
    reading: Callable[[Any], AbstractContextManager[StoredModel]]
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
"""Files of every other name are of the legacy format. Where two ends fit, the first counts."""

FILES = (".h5", ".hdf5", ".keras")
"""Ends by which a name is that of a file, whatever `save_format` says."""

HDF5 = ("h5", "hdf5")
TENSORFLOW = ("tf", "tensorflow")

IN_FOLDER = "keras_model.h5"
"""The file of a model that is saved to a folder."""

TENSORFLOWS = "saved_model.pb"
"""The file by which TensorFlow knows a folder with a model of its own."""


def is_file(path: PathLike) -> bool:
    """Return True for a name that is a file's by its end, also in tf.keras."""
    return os.fspath(path).endswith(FILES)


def located(path: PathLike) -> PathLike:
    """Return the file to read a whole model from: the one in it, for a folder.

    A folder is one that is there, or a name that ends with a separator. TensorFlow keeps a model in such a folder in a
    format of its own; here a folder holds one file in a format of Keras.

    Raises
    ------
    FileFormatError
        For a folder with a model of TensorFlow's own format.
    """
    name = _name(path)
    if not name or not (_ends_as_folder(name) or (not is_file(name) and os.path.isdir(name))):
        return path
    return _inside(name)


def place(path: PathLike, save_format: str | None = None) -> PathLike:
    """Return the file to write a whole model to: the one in it, for a folder.

    A folder is one that is there, a name that ends with a separator, and with the format of TensorFlow any name without
    one of the ends in `FILES`.

    Raises
    ------
    FileFormatError
        For a folder with a model of TensorFlow's own format.
    FileExistsError
        When a file is in the place of the folder.
    """
    name = _name(path)
    if not name or is_file(name) or _asked(save_format) not in TENSORFLOW:
        return located(path)
    if os.path.exists(name) and not os.path.isdir(name):
        raise FileExistsError(
            errno.EEXIST,
            "In the format of TensorFlow a model whose name does not end with .h5, .hdf5 or .keras is a folder, and a "
            "file is in its place. It was left as it is: remove it, give another name, or pass save_format='h5'",
            name,
        )
    return _inside(name)


def _name(path: Any) -> str:
    """Return a path as text; an empty one for what is no path, which others refuse."""
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    return name if isinstance(name, str) else ""


def _ends_as_folder(name: str) -> bool:
    return name[-1] in (os.sep, os.altsep)


def _inside(name: str) -> str:
    if os.path.exists(os.path.join(name, TENSORFLOWS)):
        raise FileFormatError(
            "A folder holds a model in one format, and TensorFlow's own is not among those that are read and written "
            f"here. Received: {name!r} with a {TENSORFLOWS}. Take another folder; in TensorFlow, "
            "save to a name that ends with .h5 or .keras."
        )
    return os.path.join(name, IN_FOLDER)


def _asked(save_format: Any) -> Any:
    """Return the format in its plain spelling; the default for None."""
    if save_format is None:
        return default_format.now()
    return save_format.lower().strip() if isinstance(save_format, str) else save_format


def to_write(file: ModelFile, save_format: str | None = None) -> tuple[ModelFile, Format]:
    """Return where a whole model is written and in which format, which is that of ``.keras`` for an open file."""
    if _is_open(file) and save_format in (None, "keras"):
        return file, BY_SUFFIX[".keras"]
    path = cast("PathLike", file)  # what is no path is refused next
    format = of(path, save_format)
    return place(path, save_format), format


def to_read(file: ModelFile) -> tuple[ModelFile, Format]:
    """Return the file of a whole model and its format, which is that of ``.keras`` for an open file."""
    if _is_open(file):
        return file, BY_SUFFIX[".keras"]
    path = located(cast("PathLike", file))
    return path, of(path)


def _is_open(file: Any) -> bool:
    return isinstance(file, io.RawIOBase | io.BufferedIOBase)


def of(path: PathLike, save_format: str | None = None) -> Format:
    """The format of a file of this name, or the one that `save_format` asks for.

    Parameters
    ----------
    path : str or PathLike
    save_format : {"h5", "hdf5", "tf", "tensorflow", "keras"}, optional
        "h5" is the legacy format, whatever the name. With "tf" the name decides, as it does without: what is in a
        folder is in the legacy format. "keras" is Keras 3's, which needs a name that ends with ``.keras``.

    Raises
    ------
    ArgumentError
        For formats that nobody knows.
    ArgumentTypeError
        When it is no path.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"A path is a string or a PathLike of one. Received: {path!r}. Pass for example 'model.h5'."
        )
    named = next((f for end, f in BY_SUFFIX.items() if name.endswith(end)), LEGACY)
    asked = _asked(save_format)
    if save_format is None or asked in TENSORFLOW or (asked == "keras" and named is BY_SUFFIX[".keras"]):
        return named
    if asked in HDF5:
        return LEGACY
    raise ArgumentError(
        "Models are written in a format of Keras: save_format is 'h5' for one file, 'tf' for a folder, or 'keras' for "
        f"a name that ends with .keras. Received: save_format={save_format!r} for {name!r}. Leave it out: the name "
        "decides."
    )


def is_checkpoint(path: PathLike, save_format: str | None = None) -> bool:
    """Return True for weights that are written as a checkpoint of TensorFlow: files of which `path` is the begin.

    Raises
    ------
    ArgumentError
        For that form asked for a name that is a file's.
    """
    asked = _asked(save_format)
    if save_format is not None and asked in TENSORFLOW and is_file(path):
        raise ArgumentError(
            f"The name and save_format must agree. Received: save_format={save_format!r} for {os.fspath(path)!r}. "
            "Leave out save_format, or the name's end."
        )
    name = _name(path)
    return bool(name) and not _ends_as_folder(name) and asked in TENSORFLOW and not is_file(path)
