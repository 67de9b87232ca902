"""What a file from anywhere may have, and what not."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from minifit.errors import FileFormatError
from minifit.saving.groups import Group
from minifit.saving.hdf5 import image, reading


def made(fill: Callable[[h5py.File], Any], **kwargs: Any) -> bytes:
    memory = io.BytesIO()
    with h5py.File(memory, "w", **kwargs) as file:
        fill(file)
    return memory.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(FileFormatError) as caught, reading(content):
        pass
    return str(caught.value)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_what_h5py_writes_is_read(libver: str) -> None:
    def fill(file: h5py.File) -> None:
        file.attrs["text"], file.attrs["bytes"], file.attrs["number"] = "ä", b"x", 3
        file.attrs["names"], file.attrs["fixed"] = ["a", "b"], np.array([b"c"])
        file.attrs["array"], file.attrs["empty"] = np.eye(2), np.zeros(0)
        group = file.create_group("g/h")
        group["plain"] = np.arange(3, dtype=np.float32)
        group["foreign"] = np.arange(3, dtype=">f8")
        group["flag"] = np.array([True])
        group.create_dataset("packed", data=np.arange(1000), compression="gzip", shuffle=True)

    with reading(made(fill, libver=libver)) as root:
        text = {k: v for k, v in root.attributes.items() if k not in ("array", "empty")}
        assert text == {"text": "ä", "bytes": "x", "number": 3, "names": ["a", "b"], "fixed": ["c"]}
        assert np.asarray(root.attributes["array"]).tolist() == [[1, 0], [0, 1]]
        inner: Any = root.members["g"]
        found = inner.members["h"].members
        assert np.asarray(found["plain"]).tolist() == [0, 1, 2]
        assert np.asarray(found["foreign"]).tolist() == [0, 1, 2]
        assert np.asarray(found["flag"]).tolist() == [True]
        assert (np.asarray(found["packed"]) == np.arange(1000)).all()


def external_storage(file: h5py.File) -> None:
    file.create_dataset("x", (3,), "f4", external=[("/etc/passwd", 0, 12)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3,))
    file.create_virtual_dataset("x", layout)


def external_link(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("other.h5", "/x")


def soft_link(file: h5py.File) -> None:
    file["x"] = h5py.SoftLink("/y")


def circle(file: h5py.File) -> None:
    file.create_group("x")["again"] = file["/"]


def twice(file: h5py.File) -> None:
    file["x"] = np.zeros(3)
    file["y"] = file["x"]


def lzf(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(100), compression="lzf")


def checksummed(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(100), fletcher32=True)


def reference(file: h5py.File) -> None:
    file.create_dataset("x", (1,), h5py.ref_dtype)[0] = file.ref


def opaque(file: h5py.File) -> None:
    file.create_dataset("x", (1,), h5py.opaque_dtype(np.dtype("M8[us]")))


def text(file: h5py.File) -> None:
    file["x"] = ["a"]


def compound(file: h5py.File) -> None:
    file["x"] = np.zeros(2, [("a", "f4")])


def named_type(file: h5py.File) -> None:
    file["x"] = np.dtype("f4")


def region_in_an_attribute(file: h5py.File) -> None:
    file.attrs.create("x", file.ref, dtype=h5py.ref_dtype)


def nothing(file: h5py.File) -> None:
    file["x"] = h5py.Empty("f4")


def claimed(file: h5py.File) -> None:
    file.create_dataset("x", (10**13,), "f4")


def claimed_in_chunks(file: h5py.File) -> None:
    file.create_dataset("x", (10**13,), "f4", chunks=(10,), compression="gzip")


def one_huge_chunk(file: h5py.File) -> None:
    file.create_dataset("x", (3,), "f4", chunks=(10**8,), maxshape=(None,), compression="gzip")


def deep(file: h5py.File) -> None:
    file.create_group("/".join("x" * 100))


@pytest.mark.parametrize(
    ("fill", "word"),
    [
        (external_storage, "external storage"),
        (virtual, "virtual dataset"),
        (external_link, "an external link"),
        (soft_link, "a soft link"),
        (circle, "a second link"),
        (twice, "a second link"),
        (lzf, "a filter other than gzip and shuffle"),
        (checksummed, "a filter other than gzip and shuffle"),
        (reference, "not a plain number"),
        (opaque, "not a plain number"),
        (text, "not a plain number"),
        (compound, "not a plain number"),
        (named_type, "neither a group nor an array"),
        (region_in_an_attribute, "not a plain number"),
        (nothing, "an array without a shape"),
        (claimed, "40000000000000 bytes, which it does not have"),
        (claimed_in_chunks, "40000000000000 bytes, which it does not have"),
        (one_huge_chunk, "which it does not have"),
        (deep, "nested deeper"),
    ],
)
def test_what_is_refused_by_name(fill: Callable[[h5py.File], Any], word: str) -> None:
    message = refused(made(fill))
    assert word in message
    assert "x" in message or "y" in message or "again" in message


def test_a_bomb_is_not_unpacked() -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("x", data=np.zeros(10**7, "u1"), chunks=(10**6,), compression="gzip")

    with reading(
        made(fill)
    ) as root:  # that much gzip can do; the model's shapes are compared before it is read
        assert root.members["x"].shape == (10**7,)  # type: ignore[union-attr]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_many_attributes_are_refused(libver: str) -> None:
    def fill(file: h5py.File, count: int) -> None:
        for i in range(count):
            file.attrs[f"a{i}"] = i

    with reading(made(partial(fill, count=100), libver=libver)) as root:
        assert root.attributes == {f"a{i}": i for i in range(100)}
    assert "an object with 1001 attributes at '/'" in refused(made(partial(fill, count=1001), libver=libver))


def test_arrays_that_are_packed_twice_are_refused() -> None:
    """As gzip in an archive that is compressed again: each array is small beside the bytes that it comes from."""
    zeros = np.zeros(100_000)
    content = made(lambda file: file.create_dataset("a", data=zeros, compression="gzip"))
    with reading(content) as root:
        assert root.numbers == 100_000
    for options in ({"stored": 500}, {"packed": False}):
        with (
            pytest.raises(FileFormatError, match="arrays of more bytes than the file can hold"),
            reading(content, **options),
        ):
            pass


def test_what_is_no_hdf5_file() -> None:
    for content in (b"", b"abc", bytes(2000), b"\x89HDF\r\n\x1a\n" + bytes(500)):
        assert "HDF5" in refused(content)


def test_a_file_without_a_checksum_that_was_cut_off() -> None:
    content = made(lambda file: file.create_dataset("x", data=np.zeros(5000)))
    for size in (100, 1000, len(content) - 1):
        assert "HDF5" in refused(content[:size])


def test_a_file_with_a_wrong_checksum_is_not_shown_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    content = image(Group({}, {"x": np.zeros(3)}))
    monkeypatch.setattr(h5py.h5f, "open", lambda *a: pytest.fail("opened"))
    assert "checksum" in refused(content[:-1])


def test_the_file_is_closed_whatever_happens(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(image(Group({}, {"x": np.zeros(3)})))
    with pytest.raises(KeyError), reading(path):
        raise KeyError
    path.unlink()
