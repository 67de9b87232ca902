"""TensorFlow's functions for files, ``tf.io.gfile``, on the local file system."""

import glob as patterns
import os
import shutil
from typing import Any

from minifit.errors import ArgumentError, quoted


def exists(path: Any) -> bool:
    """Return True if a file or folder exists."""
    return os.path.exists(path)


def isdir(path: Any) -> bool:
    """Return True if a path is a folder."""
    return os.path.isdir(path)


def listdir(path: Any) -> list[str]:
    """Return the names in a folder."""
    return sorted(os.listdir(path))


def glob(pattern: Any) -> list[str]:
    """Return the paths that match a pattern, or any of several patterns."""
    listed = [pattern] if isinstance(pattern, str | os.PathLike) else pattern
    return sorted({path for each in listed for path in patterns.glob(os.fspath(each))})


def mkdir(path: Any) -> None:
    """Create a folder in an existing one."""
    os.mkdir(path)


def makedirs(path: Any) -> None:
    """Create a folder and its parents; an existing folder is kept."""
    os.makedirs(path, exist_ok=True)


def remove(path: Any) -> None:
    """Remove a file."""
    os.remove(path)


def rmtree(path: Any) -> None:
    """Remove a folder with everything in it."""
    shutil.rmtree(path)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Rename a file."""
    _check_free(dst, overwrite)
    os.replace(src, dst)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file."""
    _check_free(dst, overwrite)
    shutil.copyfile(src, dst)


def _check_free(path: Any, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise ArgumentError(
            f"An existing file is not replaced. Received: {quoted(path)}, which exists. Pass overwrite=True."
        )
