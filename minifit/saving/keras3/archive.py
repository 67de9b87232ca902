"""Zip archives with a few named members, the container of ``.keras`` files.

The same content always gives the same bytes. An archive from elsewhere may declare false names and sizes, so both are
checked before reading; the archive's own checksums (CRC-32) are checked member by member.
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
"""The time of every member: the earliest in a zip archive."""

SMALL, EXPANSION = 1 << 24, 20
"""Members of more than 16 MB may be at most twenty times as large as their stored data."""


def write(file: IO[bytes], members: Mapping[str, Buffers]) -> None:
    """Write an archive to an empty file, with uncompressed members."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, buffers in members.items():
            info = zipfile.ZipInfo(name, BEGINNING)
            # The same values on every system.
            info.create_system, info.external_attr = 3, 0o600 << 16
            info.file_size = sum(map(len, buffers))
            with archive.open(info, "w") as member:
                for buffer in buffers:
                    member.write(buffer)


def read(file: PathLike | IO[bytes], expected: Collection[str], wanted: Collection[str]) -> dict[str, bytes]:
    """Return some members of an archive.

    Parameters
    ----------
    file : str, PathLike or open binary file
    expected : collection of str
        The names of members that the archive may have; any other is refused.
    wanted : collection of str
        The names of the members to read, which must exist.

    Raises
    ------
    FileFormatError
        When the file is not such an archive, is damaged, or declares impossible sizes.
    OSError
        When the file cannot be opened.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _checked(archive.infolist(), expected)
            return {name: _content(archive, _member(members, name)) for name in wanted}
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
"""The exceptions that `zipfile` raises for archives that are damaged or malicious."""


def _checked(infos: list[zipfile.ZipInfo], expected: Collection[str]) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name; raise for unexpected ones."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if info.filename not in expected or info.filename in members:
            raise FileFormatError(
                f"A .keras file has {', '.join(expected)}, each once. Received: {info.filename[:80]!r}. "
                "Save the model again from Keras."
            )
        _check(info)
        members[info.filename] = info
    return members


def _check(info: zipfile.ZipInfo) -> None:
    """Raise if a member is not safe to read."""
    trouble = None
    if info.flag_bits & 1:
        trouble = "it is encrypted"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        trouble = f"it is compressed in way {info.compress_type}"
    elif info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        trouble = f"{info.file_size} bytes are declared and {info.compress_size} are stored"
    elif info.header_offset < 0:
        trouble = "it begins before the file does"
    elif info.file_size > max(SMALL, EXPANSION * info.compress_size):
        trouble = f"{info.file_size} bytes are declared for {info.compress_size} stored bytes"
    if trouble is not None:
        raise FileFormatError(
            "A member of a .keras file is stored, or deflated within reason. "
            f"Received: {info.filename!r}: {trouble}. Save the model again from Keras."
        )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes. At most its declared size is unpacked; the extra byte requested detects its end."""
    with archive.open(info) as member:
        return member.read(info.file_size + 1)


def _member(members: Mapping[str, zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if name not in members:
        raise FileFormatError(
            f"A .keras file has {name}. Received: one with {', '.join(members) or 'nothing'}. Copy it again."
        )
    return members[name]
