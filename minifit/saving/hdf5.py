"""HDF5 files as trees of plain values: groups, attributes and arrays.

Files begin with a user block of 512 bytes, which HDF5 itself skips, with a SHA-256 of everything after it: a file
that was cut off or has changed is refused before the HDF5 library sees it.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from minifit.arrays import Array
from minifit.errors import FileFormatError
from minifit.saving.atomic import PathLike, writing
from minifit.saving.description import StoredArray

USER_BLOCK = 512
MARK = b"minifit SHA-256 of the rest: "

Attribute: TypeAlias = str | int | float | list[str] | Array
"""A string is stored as UTF-8 of variable length, a list of strings as ASCII or UTF-8 bytes of fixed length."""


@dataclass
class Group:
    """A group of an HDF5 file.

    Attributes
    ----------
    attributes : dict
    members : dict of str to Group, ndarray or StoredArray
        Names without a slash, in the order in which they are written. Reading gives stored arrays.
    """

    attributes: dict[str, Attribute] = field(default_factory=dict)
    members: "dict[str, Group | Array | StoredArray]" = field(default_factory=dict)


def write(path: PathLike, root: Group, options: dict[str, Any] | None = None) -> None:
    """Write a file, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
    root : Group
    options : dict, optional
        "compression" ("gzip"), "compression_opts" (0 to 9) and "shuffle" (bool) of the arrays.
    """
    with writing(path) as file:
        file.write(image(root, options))


def image(root: Group, options: dict[str, Any] | None = None) -> bytes:
    """The bytes of such a file."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w", userblock_size=USER_BLOCK) as file:
        _fill(file, root, options or {})
    rest = memory.getvalue()[USER_BLOCK:]
    return (MARK + hashlib.sha256(rest).hexdigest().encode() + b"\n").ljust(USER_BLOCK, b"\0") + rest


def _fill(target: Any, group: Group, options: dict[str, Any]) -> None:
    for name, value in group.attributes.items():
        target.attrs[name] = [v.encode() for v in value] if isinstance(value, list) else value
    for name, member in group.members.items():
        if isinstance(member, Group):
            _fill(target.create_group(name), member, options)
        else:
            array = np.asarray(member)
            target.create_dataset(name, data=array, **(options if array.ndim else {}))


@contextmanager
def reading(source: PathLike | bytes) -> Iterator[Group]:
    """The tree of a file, or of the bytes of one; its arrays can be read as long as the block runs.

    Raises
    ------
    FileFormatError
        When it is no HDF5 file, its checksum is wrong, or it has something that does not belong into model files.
    """
    import h5py

    if isinstance(source, bytes):
        content = source
    else:
        with open(source, "rb") as file:
            content = file.read()
    if content.startswith(MARK):
        stored = content[len(MARK) : len(MARK) + 64]
        if hashlib.sha256(content[USER_BLOCK:]).hexdigest().encode() != stored:
            raise FileFormatError(
                "A model file must be whole. Received: one whose checksum is wrong. Copy it again."
            )
    with h5py.File(io.BytesIO(content), "r") as file:
        yield _tree(file)


def _tree(source: Any) -> Group:
    import h5py

    return Group(
        {name: _plain(value) for name, value in source.attrs.items()},
        {name: _tree(m) if isinstance(m, h5py.Group) else m for name, m in source.items()},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [v.decode() if isinstance(v, bytes) else str(v) for v in value.tolist()]
    return value
