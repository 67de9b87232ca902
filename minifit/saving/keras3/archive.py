"""A few named members in one zip archive, the container of ``.keras`` files.

What is written is the same bytes for the same content. What is read may lie about names and sizes, so both are
looked at first; the archive's own checksums (CRC-32) are checked member by member.
"""

import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from typing import IO

from minifit.errors import FileFormatError
from minifit.saving.atomic import PathLike
from minifit.saving.checksum import Buffers

BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the first that a zip archive knows."""

SMALL, EXPANSION = 1 << 24, 20
"""Members of more than 16 MB may be at most twenty times as large as what is stored of them."""


def write(file: IO[bytes], members: Mapping[str, Buffers]) -> None:
    """Write an archive to an empty file; its members are stored as they are."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, buffers in members.items():
            info = zipfile.ZipInfo(name, BEGINNING)
            info.create_system, info.external_attr = 3, 0o600 << 16  # the same on every system
            info.file_size = sum(map(len, buffers))
            with archive.open(info, "w") as member:
                for buffer in buffers:
                    member.write(buffer)


def read(file: PathLike | IO[bytes], expected: Collection[str], wanted: Collection[str]) -> dict[str, bytes]:
    """Some members of an archive.

    Parameters
    ----------
    file : str, PathLike or open binary file
    expected : collection of str
        Names that may be in it; anything else is refused.
    wanted : collection of str
        Names of what is read, which must be there.

    Raises
    ------
    FileFormatError
        When it is no such archive, is damaged, or declares sizes that cannot be.
    OSError
        When it cannot be opened.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            found = _checked(archive.infolist(), expected)
            return {name: _content(archive, _member(found, name)) for name in wanted}
    except FileFormatError:
        raise
    except BROKEN as error:
        raise FileFormatError(
            f"A .keras file is a zip archive. Received: one that is damaged ({error}). Copy it again."
        ) from error


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What `zipfile` raises for archives that are damaged, or made to confuse."""


def _checked(infos: list[zipfile.ZipInfo], expected: Collection[str]) -> dict[str, zipfile.ZipInfo]:
    """The members by name, when they are what they should be."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if info.filename not in expected or info.filename in found:
            raise FileFormatError(
                f"A .keras file has {', '.join(expected)}, each once. Received: {info.filename[:80]!r}. "
                "Save the model again from Keras."
            )
        _check(info)
        found[info.filename] = info
    return found


def _check(info: zipfile.ZipInfo) -> None:
    """Raise if a member cannot be read without a surprise."""
    trouble = None
    if info.flag_bits & 1:
        trouble = "it is encrypted"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        trouble = f"it is compressed in way {info.compress_type}"
    elif info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        trouble = f"{info.file_size} bytes are declared and {info.compress_size} are there"
    elif info.header_offset < 0:
        trouble = "it begins before the file does"
    elif info.file_size > max(SMALL, EXPANSION * info.compress_size):
        trouble = f"{info.file_size} bytes are declared for the {info.compress_size} that are there"
    if trouble is not None:
        raise FileFormatError(
            "A member of a .keras file is stored, or deflated within reason. "
            f"Received: {info.filename!r}: {trouble}. Save the model again from Keras."
        )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member's bytes. No more than it declares are unpacked, whatever there is; one more asks for its end."""
    with archive.open(info) as member:
        return member.read(info.file_size + 1)


def _member(found: Mapping[str, zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if name not in found:
        raise FileFormatError(
            f"A .keras file has {name}. Received: one with {', '.join(found) or 'nothing'}. Copy it again."
        )
    return found[name]
