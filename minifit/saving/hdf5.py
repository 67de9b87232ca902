"""HDF5 files as trees of plain values: written whole or not at all, with a checksum; read with care."""

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
    """See that h5py is there.

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
        Whether the file is read again, and its checksum compared, before it takes its place.
    kept : str or PathLike, optional
        Where the file goes that it replaces, when all else is done.

    Raises
    ------
    FileFormatError
        With `verify`, when what is read is not what was written.
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
    """The bytes of such a file, as buffers that follow each other; the arrays among them are not copied."""
    need("Writing a model or a backup")
    rest = buffers(root, options)
    return [checksum.sealed(rest), *rest]


def image(root: Group, options: dict[str, Any] | None = None) -> bytes:
    """The bytes of such a file."""
    return b"".join(parts(root, options))


@contextmanager
def reading(source: PathLike | bytes, stored: int | None = None, packed: bool = True) -> Iterator[Group]:
    """The tree of a file, or of the bytes of one; its arrays can be read as long as the block runs.

    Parameters
    ----------
    source : str, PathLike or bytes
    stored : int, optional
        Bytes on the disk that these have come from; as many as they are when None.
    packed : bool, default True
        Whether arrays may be compressed.

    Raises
    ------
    FileFormatError
        When it is no HDF5 file, its checksum is wrong, or it has something that does not belong into model files.
    OSError
        When it cannot be opened.
    """
    need("Reading a model or a backup")
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        checksum.check(file)
        with hdf5_reader.reading(file, stored, packed) as root:
            yield root
