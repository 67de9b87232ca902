"""Zip archives: the same bytes for the same content, and no trust in what others declare."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import FileFormatError
from minifit.saving.keras3 import archive

NAMES = ("a.json", "b.h5")


def written(**members: Any) -> bytes:
    memory = io.BytesIO()
    archive.write(memory, {"a.json": [b"abc"], "b.h5": [b"x" * 10, memoryview(b"y" * 5)], **members})
    return memory.getvalue()


def read(content: bytes, folder: Path, wanted: Any = NAMES) -> dict[str, bytes]:
    path = folder / "archive.zip"
    path.write_bytes(content)
    return archive.read(path, NAMES, wanted)


def made(*members: tuple[Any, bytes], **options: Any) -> bytes:
    """An archive by the library itself."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", **options) as file:
        for name, content in members:
            file.writestr(name, content)
    return memory.getvalue()


def test_members_come_back(tmp_path: Path) -> None:
    assert read(written(), tmp_path) == {"a.json": b"abc", "b.h5": b"x" * 10 + b"y" * 5}
    assert read(written(), tmp_path, ["a.json"]) == {"a.json": b"abc"}
    assert (
        read(made(("a.json", b"1"), ("b.h5", b"2" * 99), compression=zipfile.ZIP_DEFLATED), tmp_path)["b.h5"]
        == b"2" * 99
    )


def test_the_same_content_is_the_same_bytes() -> None:
    assert written() == written()
    with zipfile.ZipFile(io.BytesIO(written())) as file:
        assert {i.date_time for i in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {i.compress_type for i in file.infolist()} == {zipfile.ZIP_STORED}
        assert {i.flag_bits for i in file.infolist()} == {0}
        assert file.testzip() is None


@pytest.mark.parametrize("name", ["../a.json", "/etc/passwd", "c:\\x", "assets/x", "a.json/", "A.JSON", ""])
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="each once"):
        read(made(("a.json", b"1"), (zipfile.ZipInfo(name), b"2")), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.zip"]


def test_a_second_member_of_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = made(("a.json", b"1"), ("a.json", b"2"), ("b.h5", b"3"))
    with pytest.raises(FileFormatError, match="each once"):
        read(content, tmp_path)


def test_a_member_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"has b\.h5. Received: one with a\.json"):
        read(made(("a.json", b"1")), tmp_path)
    with pytest.raises(FileFormatError, match="one with nothing"):
        read(made(), tmp_path)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(way: int, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=f"compressed in way {way}"):
        read(made(("a.json", b"1"), compression=way), tmp_path)


def directory(content: bytes, offset: int, value: bytes) -> bytes:
    """The archive with other bytes in the first entry of its directory."""
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    return content[: at + offset] + value + content[at + offset + len(value) :]


def test_what_is_encrypted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="encrypted"):
        read(directory(written(), 8, b"\1\0"), tmp_path)


def test_sizes_that_cannot_be_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="4294967290 bytes are declared and 3 are stored"):
        read(directory(written(), 24, struct.pack("<L", 2**32 - 6)), tmp_path)
    small = made(("a.json", b"1"), ("b.h5", b"2" * 9), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(FileFormatError, match="4294967290 bytes are declared for 3 stored"):
        read(directory(small, 24, struct.pack("<L", 2**32 - 6)), tmp_path)


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = made(("a.json", bytes(archive.SMALL + 1)), ("b.h5", b""), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < archive.SMALL / 100
    with pytest.raises(FileFormatError, match="within reason"):
        read(bomb, tmp_path)


def test_what_a_member_has_beyond_its_declared_size_is_not_unpacked(tmp_path: Path) -> None:
    size = 1 << 26
    content = made(("a.json", bytes(size)), compression=zipfile.ZIP_DEFLATED)
    less = content.replace(struct.pack("<L", size), struct.pack("<L", 100))
    assert less != content
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match="damaged"):
            read(less, tmp_path, ["a.json"])
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_every_change_of_a_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    content = written()
    whole = read(content, tmp_path)
    refused = 0
    for at in range(len(content)):
        for bit in (1, 128):
            broken = bytearray(content)
            broken[at] ^= bit
            try:
                assert read(bytes(broken), tmp_path) == whole
            except FileFormatError:
                refused += 1
    assert refused > len(content)


@pytest.mark.slow
def test_a_part_of_an_archive_is_refused(tmp_path: Path) -> None:
    content = written()
    for length in range(len(content)):
        with pytest.raises(FileFormatError):
            read(content[:length], tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive.read(tmp_path / "none", NAMES, NAMES)


def test_a_refusal_is_said_once_and_is_not_called_damage(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="each once") as caught:
        read(made(("../evil", b"x")), tmp_path)
    assert "damaged" not in str(caught.value)
