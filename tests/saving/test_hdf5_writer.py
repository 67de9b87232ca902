"""HDF5 files are laid out by the HDF5 library and filled from memory."""

import io
from typing import Any

import h5py
import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving import hdf5_writer
from minifit.saving.groups import Group, Joined
from minifit.saving.hdf5 import image

ARRAYS: dict[str, Any] = {
    "float": np.arange(12, dtype=np.float32).reshape(3, 4),
    "across": np.arange(12.0).reshape(3, 4).T,
    "scalar": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "bools": np.array([True, False]),
    "other byte order": np.arange(3, dtype=">i4"),
    "every second": np.arange(10, dtype=np.float32)[::2],
}


def opened(root: Group, options: dict[str, Any] | None = None) -> h5py.File:
    return h5py.File(io.BytesIO(image(root, options)), "r")


@pytest.mark.parametrize("options", [None, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}])
def test_h5py_reads_what_was_written(options: dict[str, Any] | None) -> None:
    root = Group({"text": "ä" * 100_000, "none": "", "n": 3}, {"inner": Group({}, dict(ARRAYS))})
    root.attributes |= {"names": ["a", "bcd", "ä"], "no names": [], "array": np.eye(2)}
    with opened(root, options) as file:
        assert file.attrs["text"] == "ä" * 100_000
        assert file.attrs["none"] == ""
        assert file.attrs["n"] == 3
        assert [n.decode() for n in file.attrs["names"]] == ["a", "bcd", "ä"]
        assert len(file.attrs["no names"]) == 0
        assert file.attrs["array"].tolist() == [[1, 0], [0, 1]]
        for name, array in ARRAYS.items():
            stored = file["inner"][name]
            assert stored.dtype == array.dtype
            np.testing.assert_array_equal(stored[()], array)


def test_equal_content_gives_equal_bytes() -> None:
    root = Group({"a": "b"}, {"x": Group({}, dict(ARRAYS))})
    first = image(root)
    hdf5_writer._skeleton.cache_clear()
    assert image(root) == first
    with opened(root) as file:  # and no times, which would differ from second to second
        for name in (b".", b"x", b"x/float"):
            about = h5py.h5o.get_info(file.id, name)
            assert (about.atime, about.mtime, about.ctime, about.btime) == (0, 0, 0, 0)
    root.members["y"] = np.zeros(2)
    assert image(root) != first


def test_a_layout_is_found_once_and_filled_with_other_numbers() -> None:
    hdf5_writer._skeleton.cache_clear()
    for value in (1.0, 2.0):
        with opened(Group({}, {"x": np.full(3, value)})) as file:
            assert file["x"][()].tolist() == [value] * 3
    assert hdf5_writer._skeleton.cache_info().misses == 1
    with opened(Group({"new": "attribute"}, {"x": np.zeros(3)})) as file:
        assert file.attrs["new"] == "attribute"


@pytest.mark.slow
def test_many_groups_and_large_arrays() -> None:
    many = Group({}, {f"g{i}": Group({"i": i}, {"x": np.full(i, i)}) for i in range(300)})
    many.members["large"] = large = np.arange(300_000.0).reshape(3, -1)
    for options in (None, {"compression": "gzip", "compression_opts": 1}):
        with opened(many, options) as file:
            assert all(file[f"g{i}"].attrs["i"] == i and (file[f"g{i}/x"][()] == i).all() for i in range(300))
            np.testing.assert_array_equal(file["large"][()], large)


def test_compression_makes_a_file_smaller() -> None:
    root = Group({}, {"x": np.zeros(100_000)})
    assert len(image(root, {"compression": "gzip", "shuffle": True})) < len(image(root)) / 50


@pytest.mark.parametrize("name", ["", "a/b", ".", "a\0b"])
def test_names_that_hdf5_cannot_have(name: str) -> None:
    with pytest.raises(ArgumentError, match="name"):
        image(Group({}, {name: np.zeros(1)}))


def test_an_attribute_that_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match="at most 64000 bytes"):
        image(Group({"x": np.zeros(10_000)}))


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzf"},
        {"compression": "gzip", "compression_opts": 10},
        {"compression": "gzip", "compression_opts": True},
        {"compression_opts": 4},
        {"chunks": True},
        {"shuffle": 2},
    ],
)
def test_options_that_the_writer_does_not_know(options: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="compression_opts"):
        hdf5_writer.checked_options(options)


def test_options_are_a_dict() -> None:
    with pytest.raises(ArgumentTypeError, match="options is a dict"):
        hdf5_writer.checked_options("gzip")


def test_writes_that_overlap_are_joined() -> None:
    memory = hdf5_writer._Memory()
    for place, part in ((10, b"aaaa"), (20, b"cc"), (12, b"bbbb"), (12, b"x")):
        memory.seek(place)
        memory.write(part)
    assert memory.parts() == [(10, b"aaxbbb"), (20, b"cc")]
    memory.seek(11)
    target = bytearray(3)
    assert memory.readinto(target) == 3
    assert bytes(target) == b"axb"


@pytest.mark.parametrize("options", [None, {"compression": "gzip"}])
@pytest.mark.parametrize("sizes", [[], [0], [3], [3, 0, 70_000, 1]])
def test_bytes_from_several_places_are_one_array(sizes: list[int], options: dict[str, Any] | None) -> None:
    pieces = [np.random.default_rng(size).integers(0, 256, size, np.uint8) for size in sizes]
    joined = Joined([piece.data for piece in pieces])
    with opened(Group({}, {"a": np.arange(3), "b": joined, "c": np.ones((2, 2))}), options) as file:
        assert file["b"].dtype == np.uint8
        assert file["b"][()].tolist() == [n for piece in pieces for n in piece.tolist()]
        assert file["a"][()].tolist() == [0, 1, 2] and file["c"][()].tolist() == [[1, 1], [1, 1]]
