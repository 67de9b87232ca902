"""TensorFlow's functions about files, ``tf.io.gfile``: those of the system."""

import glob as patterns
import os
import shutil
from typing import Any

from minifit.errors import ArgumentError, quoted


def exists(path: Any) -> bool:
    """Return whether there is a file or folder."""
    return os.path.exists(path)


def isdir(path: Any) -> bool:
    """Return whether there is a folder."""
    return os.path.isdir(path)


def listdir(path: Any) -> list[str]:
    """Return the names in a folder."""
    return sorted(os.listdir(path))


def glob(pattern: Any) -> list[str]:
    """Return the paths that fit a pattern, or any of several."""
    several = [pattern] if isinstance(pattern, str | os.PathLike) else pattern
    return sorted({path for each in several for path in patterns.glob(os.fspath(each))})


def mkdir(path: Any) -> None:
    """Make a folder in one that is there."""
    os.mkdir(path)


def makedirs(path: Any) -> None:
    """Make a folder and those that it lies in; one that is there stays."""
    os.makedirs(path, exist_ok=True)


def remove(path: Any) -> None:
    """Remove a file."""
    os.remove(path)


def rmtree(path: Any) -> None:
    """Remove a folder with all that is in it."""
    shutil.rmtree(path)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Give a file another name."""
    _see_that_free(dst, overwrite)
    os.replace(src, dst)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file."""
    _see_that_free(dst, overwrite)
    shutil.copyfile(src, dst)


def _see_that_free(path: Any, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise ArgumentError(
            f"A file stays as it is. Received: {quoted(path)}, which exists. Pass overwrite=True."
        )
