"""The format of a model file, and the file in a folder, as determined by the suffix of the name."""

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
"""The file of a whole model: a path, or an open binary file, such as ``io.BytesIO``."""


class Format(NamedTuple):
    """A format of model files.

    Attributes
    ----------
    write : callable
        ``write(path, description, options)`` writes a model or only its weights, whole or not at all.
    reading : callable
        ``reading(path)`` returns a context manager for a `StoredModel`.
    remembers : bool
        Whether files of weights include the optimizer's state.
    holds_weights : bool
        Whether the format has files of weights only.
    """

    write: Callable[[Any, ModelDescription, dict[str, Any] | None], None]
    reading: Callable[[Any], AbstractContextManager[StoredModel]]
    remembers: bool = False
    holds_weights: bool = True


# Many programs never write a model, so the first file loads the module of its format.


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
"""The formats by suffix; every other name selects the legacy format. If two suffixes match, the first one counts."""

FILES = (".h5", ".hdf5", ".keras")
"""The suffixes of names that are always files, whatever `save_format` says."""

HDF5 = ("h5", "hdf5")
TENSORFLOW = ("tf", "tensorflow")

IN_FOLDER = "keras_model.h5"
"""The file of a model saved to a folder."""

TENSORFLOWS = "saved_model.pb"
"""The file by which a folder with a model in TensorFlow's own format is recognized."""


def is_file(path: PathLike) -> bool:
    """Return whether a name has the suffix of a file, also in tf.keras."""
    return os.fspath(path).endswith(FILES)


def located(path: PathLike) -> PathLike:
    """Return the file to read a whole model from: `path` itself, or the file in it if it is a folder.

    An existing folder and a name that ends with a separator are folders. TensorFlow stores a model in a folder in its
    own format; here a folder holds one file in a format of Keras.

    Raises
    ------
    FileFormatError
        For a folder with a model in TensorFlow's own format.
    """
    name = _name(path)
    if not name or not (_ends_as_folder(name) or (not is_file(name) and os.path.isdir(name))):
        return path
    return _inside(name)


def place(path: PathLike, save_format: str | None = None) -> PathLike:
    """Return the file to write a whole model to: `path` itself, or the file in it if it is a folder.

    An existing folder and a name that ends with a separator are folders; with ``save_format="tf"``, so is any name
    without one of the suffixes in `FILES`.

    Raises
    ------
    FileFormatError
        For a folder with a model in TensorFlow's own format.
    FileExistsError
        When a file stands where the folder should be.
    """
    name = _name(path)
    if not name or is_file(name) or _plain_name(save_format) not in TENSORFLOW:
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
    """Return a path as text; an empty text for any other value, which is refused later."""
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


def _plain_name(save_format: Any) -> Any:
    """Return the name of the format in lower case without spaces; the default for None."""
    if save_format is None:
        return default_format.now()
    return save_format.lower().strip() if isinstance(save_format, str) else save_format


def to_write(file: ModelFile, save_format: str | None = None) -> tuple[ModelFile, Format]:
    """Return the file to write a whole model to and its format; an open file has the format of ``.keras``."""
    if _is_open(file) and save_format in (None, "keras"):
        return file, BY_SUFFIX[".keras"]
    # The next call raises for a value that is not a path.
    path = cast("PathLike", file)
    format = of(path, save_format)
    return place(path, save_format), format


def to_read(file: ModelFile) -> tuple[ModelFile, Format]:
    """Return the file of a whole model and its format; an open file has the format of ``.keras``."""
    if _is_open(file):
        return file, BY_SUFFIX[".keras"]
    path = located(cast("PathLike", file))
    return path, of(path)


def _is_open(file: Any) -> bool:
    return isinstance(file, io.RawIOBase | io.BufferedIOBase)


def of(path: PathLike, save_format: str | None = None) -> Format:
    """Return the format of a file with this name, or the one that `save_format` selects.

    Parameters
    ----------
    path : str or PathLike
    save_format : {"h5", "hdf5", "tf", "tensorflow", "keras"}, optional
        "h5" is the legacy format, whatever the name. With "tf" the name decides, as with None: the file in a folder is
        in the legacy format. "keras" is the format of Keras 3, for a name that ends with ``.keras``.

    Raises
    ------
    ArgumentError
        For an unknown format.
    ArgumentTypeError
        When `path` is not a path.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"A path is a string or a PathLike of one. Received: {path!r}. Pass, for example, 'model.h5'."
        )
    by_name = next((f for suffix, f in BY_SUFFIX.items() if name.endswith(suffix)), LEGACY)
    plain = _plain_name(save_format)
    if save_format is None or plain in TENSORFLOW or (plain == "keras" and by_name is BY_SUFFIX[".keras"]):
        return by_name
    if plain in HDF5:
        return LEGACY
    raise ArgumentError(
        "Models are written in a format of Keras: save_format is 'h5' for one file, 'tf' for a folder, or 'keras' for "
        f"a name that ends with .keras. Received: save_format={save_format!r} for {name!r}. Leave it out: the name "
        "decides."
    )


def is_checkpoint(path: PathLike, save_format: str | None = None) -> bool:
    """Return whether weights are written as a checkpoint like TensorFlow's: several files with the prefix `path`.

    Raises
    ------
    ArgumentError
        When `save_format` selects a checkpoint, but the name has the suffix of a file.
    """
    plain = _plain_name(save_format)
    if save_format is not None and plain in TENSORFLOW and is_file(path):
        raise ArgumentError(
            f"The name and save_format must agree. Received: save_format={save_format!r} for {os.fspath(path)!r}. "
            "Leave out save_format, or the suffix of the name."
        )
    name = _name(path)
    return bool(name) and not _ends_as_folder(name) and plain in TENSORFLOW and not is_file(path)
