"""HDF5 files as trees of plain values: written whole or not at all, with a checksum, and validated when read."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minifit import interrupts
from minifit.errors import MissingPackageError
from minifit.saving import checksum, hdf5_reader
from minifit.saving.atomic import PathLike, flushing, replacing
from minifit.saving.checksum import MARK
from minifit.saving.groups import Attribute, Group
from minifit.saving.hdf5_writer import buffers, checked_options

__all__ = ["MARK", "Attribute", "Group", "checked_options", "image", "need", "parts", "reading", "write"]


def need(user: str) -> None:
    """Check that h5py can be imported.

    Parameters
    ----------
    user : str
        The name in the message: ``"ModelCheckpoint"``.

    Raises
    ------
    MissingPackageError
        When it cannot be imported.
    """
    try:
        with interrupts.importing("h5py"):
            import h5py  # noqa: F401
    except ImportError as error:
        raise MissingPackageError.of(user, "h5py", error) from error


def write(
    path: PathLike,
    root: Group,
    options: dict[str, Any] | None = None,
    verify: bool = False,
    kept: PathLike | None = None,
) -> None:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
    root : Group
    options : dict, optional
        "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays.
    verify : bool, default False
        Whether to read the file again and check its checksum before it is moved to its name.
    kept : str or PathLike, optional
        The name under which the replaced file is kept; it is moved there last.

    Raises
    ------
    FileFormatError
        With `verify`, when the file that is read differs from what was written.
    OSError
        When the file cannot be written.
    """
    need("Writing a model or a backup")
    rest = buffers(root, options)
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            checksum.write_sealed(file, rest, flushing())
        if verify:
            with open(temporary, "rb") as file:
                checksum.check(file)
        if kept is not None and os.path.exists(path):
            os.replace(path, kept)


def parts(root: Group, options: dict[str, Any] | None = None) -> checksum.Buffers:
    """Return the bytes of such a file as consecutive buffers; arrays are not copied."""
    need("Writing a model or a backup")
    rest = buffers(root, options)
    return [checksum.sealed(rest), *rest]


def image(root: Group, options: dict[str, Any] | None = None) -> bytes:
    """Return the bytes of such a file."""
    return b"".join(parts(root, options))


@contextmanager
def reading(source: PathLike | bytes, stored: int | None = None, packed: bool = True) -> Iterator[Group]:
    """Yield the tree of a file, or of its bytes; its arrays can be read while the block runs.

    Parameters
    ----------
    source : str, PathLike or bytes
    stored : int, optional
        The size on the disk from which the bytes were unpacked; the number of bytes when None.
    packed : bool, default True
        Whether arrays may be compressed.

    Raises
    ------
    FileFormatError
        When the source is not an HDF5 file, has a wrong checksum, or contains objects not allowed in model files.
    OSError
        When the file cannot be opened.
    """
    need("Reading a model or a backup")
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        checksum.check(file)
        with hdf5_reader.reading(file, stored, packed) as root:
            yield root
