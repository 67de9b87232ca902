"""The three files for weights saved under a name without a suffix, named as in TensorFlow.

``NAME.data-00000-of-00001`` holds the weights in a format of Keras. ``NAME.index``, whose existence programs check,
holds a line of text about the data file. The text file ``checkpoint`` lists the checkpoints of its folder in
TensorFlow's format.
"""

import os
import re
from collections.abc import Sequence

from minifit.errors import FileFormatError
from minifit.saving import atomic

FOLDERS_INDEX = "checkpoint"
"""The file that lists the checkpoints of its folder."""

INDEX = ".index"
"""The suffix of the file whose existence tells programs that there is a checkpoint."""

DATA = ".data-00000-of-00001"
"""The suffix of the file with the weights."""

TEXT = b"Weights of minifit, not of TensorFlow: an HDF5 file of Keras is beside this one.\n"
"""The content of the file with the suffix `INDEX`."""


def stands(path: atomic.PathLike) -> bool:
    """Return whether there is a checkpoint whose files begin with `path`."""
    return os.path.isfile(f"{os.fspath(path)}{INDEX}")


def weights_of(path: atomic.PathLike) -> atomic.PathLike:
    """Return the file with the weights of a checkpoint; `path` itself without one, or if it is a file.

    Raises
    ------
    FileFormatError
        For a checkpoint that TensorFlow wrote.
    """
    if not isinstance(path, str | os.PathLike) or not stands(path):
        return path
    if _is_own(path):
        return f"{os.fspath(path)}{DATA}"
    if os.path.isfile(path):
        return path
    raise FileFormatError(
        f"Weights are read from files in a format of Keras. Received: {os.fspath(path)!r}, a checkpoint in "
        "TensorFlow's own. In TensorFlow, save the weights to a name that ends with .h5."
    )


def _is_own(path: atomic.PathLike) -> bool:
    with open(f"{os.fspath(path)}{INDEX}", "rb") as file:
        return file.read(len(TEXT)) == TEXT


def complete(path: atomic.PathLike) -> None:
    """Complete a checkpoint whose weights are written, and list it as the latest of its folder.

    It becomes the only one in the list, as in tf.keras. A folder that has the name of the list is not changed.
    """
    atomic.write(f"{os.fspath(path)}{INDEX}", TEXT)
    folder, name = os.path.split(os.fspath(path))
    if not os.path.isdir(os.path.join(folder, FOLDERS_INDEX)):
        write_index(folder, [name])


def remove(path: atomic.PathLike) -> None:
    """Remove a checkpoint that this module wrote, if there is one; checkpoints of TensorFlow are kept."""
    if stands(path) and _is_own(path):
        for end in (INDEX, DATA):
            os.remove(f"{os.fspath(path)}{end}")


def begin_of(path: str) -> str | None:
    """Return the name of the checkpoint to which a file belongs; None for a folder's list, `path` for other files."""
    if os.path.basename(path) == FOLDERS_INDEX and not stands(path):
        return None
    begin = path.removesuffix(INDEX).removesuffix(DATA)
    return begin if stands(begin) else path


def write_index(folder: str, paths: Sequence[str]) -> None:
    """Write the list of the checkpoints of a folder, oldest first."""
    if not paths:
        lines = []
    else:
        lines = [f'model_checkpoint_path: "{os.path.basename(paths[-1])}"']
        lines += [f'all_model_checkpoint_paths: "{os.path.basename(path)}"' for path in paths]
    atomic.write(os.path.join(folder, FOLDERS_INDEX), "".join(f"{line}\n" for line in lines))


def read_index(folder: str | os.PathLike[str], index: str = FOLDERS_INDEX) -> list[str]:
    """Return the existing checkpoints in the list of a folder, oldest first."""
    try:
        with open(os.path.join(folder, index), encoding="utf-8", errors="replace") as file:
            names = re.findall(r'^all_model_checkpoint_paths: "([^"/\\]+)"$', file.read(), re.MULTILINE)
    except FileNotFoundError:
        return []
    paths = (os.path.join(folder, name) for name in names)
    return [path for path in paths if os.path.isfile(path) or stands(path)]
