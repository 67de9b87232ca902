"""The layout of an HDF5 file, determined by the HDF5 library in memory.

The library lays out the groups and attributes in memory and returns the offset of each array; the values of the arrays
are written and hashed directly from the model's memory. The layout is cached for the next file with the same structure,
since a checkpoint differs from the previous one only in its values. No times are stored, so equal content gives equal
bytes.
"""

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from minifit import interrupts
from minifit.arrays import Array, Shape
from minifit.checks import utf8
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.saving.checksum import BLOCK, Buffers
from minifit.saving.converters import converting_texts
from minifit.saving.device_options import DEVICE_OPTIONS
from minifit.saving.groups import Attribute, Group, Joined

LIMIT = 64000
"""The maximum size of an attribute in bytes, except for a long string."""

Layout: TypeAlias = tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]
"""A group without values: attributes, and members, with an array as its shape and dtype. Hashable."""


def buffers(root: Group, options: dict[str, Any] | None = None) -> Buffers:
    """Return the bytes of a file after its first block as consecutive buffers."""
    arrays: list[Array | Joined] = []
    layout = _layout(root, arrays)
    chosen = {} if options is None else checked_options(options)
    if chosen:
        return _buffers(_lay_out(layout, arrays, chosen)[0], [], [])
    metadata, places = _skeleton(layout)
    return _buffers(metadata, places, arrays)


def checked_options(options: Any) -> dict[str, Any]:
    """Return the options of the arrays; raise for unknown ones. Options that only name a device become empty.

    Raises
    ------
    ArgumentError, ArgumentTypeError
    """
    if isinstance(options, DEVICE_OPTIONS):
        return {}
    if not isinstance(options, dict):
        raise ArgumentTypeError(
            f"options is a dict. Received: {options!r}. Pass, for example, {{'compression': 'gzip'}}."
        )
    unknown = set(options) - {"compression", "compression_opts", "shuffle"}
    level = options.get("compression_opts", 4)
    gzip = options.get("compression")
    if (
        unknown
        or gzip not in (None, "gzip")
        or isinstance(level, bool)
        or level not in range(10)
        or options.get("shuffle", False) not in (True, False)
        or (gzip is None and "compression_opts" in options)
    ):
        raise ArgumentError(
            "options may have 'compression' ('gzip'), with it 'compression_opts' (0 to 9), and 'shuffle' (True or "
            f"False). Received: {options!r}. Leave out what is not one of these."
        )
    return options


def _layout(group: Group, arrays: list[Array | Joined]) -> Layout:
    """Return the layout of a group, and append its arrays to `arrays` in the order of the layout."""
    members: list[tuple[str, Any]] = []
    for name, member in group.members.items():
        if name in ("", ".") or "/" in name:
            raise ArgumentError(
                "A name in a file is not empty, not '.', and has no slash. "
                f"Received: {quoted(name)}. Give the layer or weight another name."
            )
        utf8("A name in a file", name)
        if isinstance(member, Group):
            members.append((name, _layout(member, arrays)))
        else:
            array = member if isinstance(member, Joined) else np.asarray(member, order="C")
            members.append((name, (array.shape, array.dtype.str)))
            arrays.append(array)
    return tuple((name, _frozen(name, value)) for name, value in group.attributes.items()), tuple(members)


def _frozen(name: str, value: Attribute) -> Any:
    """Return an attribute as a hashable value: a string, or an array as its bytes, shape and dtype."""
    if isinstance(value, str):
        utf8("A text in a file", value)
        return value
    array = (
        np.array([utf8("A name in a file", v) for v in value], "S")
        if isinstance(value, list)
        else np.asarray(value)
    )
    if array.nbytes > LIMIT + 512:
        raise ArgumentError(
            f"An attribute in a file has at most {LIMIT} bytes. Received: {name!r} of {array.nbytes}. "
            "Store it as an array, or as one string."
        )
    return array.tobytes(), array.shape, array.dtype.str


@lru_cache(maxsize=8)
def _skeleton(layout: Layout) -> tuple[list[tuple[int, bytes]], list[int | None]]:
    return _lay_out(layout, None, {})


def _buffers(
    metadata: list[tuple[int, bytes]], places: list[int | None], arrays: list[Array | Joined]
) -> Buffers:
    """Return all parts of the file in order, with zeros in the gaps between them."""
    parts: list[tuple[int, bytes | memoryview]] = list(metadata)
    for place, array in zip(places, arrays, strict=True):
        if place is None:
            continue
        for part in array.parts if isinstance(array, Joined) else [array.reshape(-1).view(np.uint8).data]:
            parts.append((place, part))
            place += len(part)
    contiguous: list[bytes | memoryview] = []
    end = BLOCK
    for start, part in sorted(parts, key=lambda p: p[0]):
        if start > end:
            contiguous.append(bytes(start - end))
        contiguous.append(part)
        end = start + len(part)
    return contiguous


class _Memory:
    """A file in memory to which the HDF5 library writes, as parts with their offsets."""

    def __init__(self) -> None:
        self.end = 0
        self._written: list[tuple[int, bytes]] = []
        self._at = 0

    def parts(self) -> list[tuple[int, bytes]]:
        """Return the written parts in the order of their offsets; where writes overlap, the later one counts."""
        merged: list[tuple[int, bytes]] = []
        for offset, part in sorted(self._written, key=lambda w: w[0]):
            if merged and offset < merged[-1][0] + len(merged[-1][1]):
                start, previous = merged.pop()
                stop = max(offset + len(part), start + len(previous))
                merged.append((start, bytes(self._between(start, stop))))
            else:
                merged.append((offset, part))
        return merged

    def _between(self, start: int, stop: int) -> bytearray:
        content = bytearray(stop - start)
        for place, part in self._written:
            low, high = max(place, start), min(place + len(part), stop)
            if low < high:
                content[low - start : high - start] = part[low - place : high - place]
        return content

    # -- the methods of a file that the library calls -----------------------------------------------------

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = (0, self._at, self.end)[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def write(self, part: Any) -> int:
        self._written.append((self._at, bytes(part)))
        self._at += len(part)
        self.end = max(self.end, self._at)
        return len(part)

    def readinto(self, target: Any) -> int:
        target[:] = self._between(self._at, self._at + len(target))
        self._at += len(target)
        return len(target)

    def truncate(self, size: int | None = None) -> None:
        self.end = self._at if size is None else size

    def flush(self) -> None:
        pass


def _lay_out(
    layout: Layout, arrays: list[Array | Joined] | None, options: dict[str, Any]
) -> tuple[list[tuple[int, bytes]], list[int | None]]:
    """Return the library's output with offsets, and the offset of every array; with `arrays`, their values too."""
    with interrupts.importing("h5py"):
        from h5py import h5f, h5fd, h5p

    memory = _Memory()
    create, access = h5p.create(h5p.FILE_CREATE), h5p.create(h5p.FILE_ACCESS)
    create.set_userblock(BLOCK)
    create.set_obj_track_times(False)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    access.set_fileobj_driver(h5fd.fileobj_driver, memory)
    file = h5f.create(repr(memory).encode(), h5f.ACC_TRUNC, create, access)
    places: list[int | None] = []
    try:
        with converting_texts():
            _fill(file, layout, places, None if arrays is None else iter(arrays), options)
    finally:
        file.close()
    return [*memory.parts(), (memory.end, b"")], places


def _fill(
    target: Any, layout: Layout, places: list[int | None], arrays: Any, options: dict[str, Any]
) -> None:
    with interrupts.importing("h5py"):
        from h5py import h5d, h5g, h5p, h5s, h5t

    attributes, members = layout
    group = h5p.create(h5p.GROUP_CREATE)
    group.set_obj_track_times(False)
    for name, value in attributes:
        _add_attribute(target, name.encode(), value)
    for name, member in members:
        if not isinstance(member[1], str):
            _fill(h5g.create(target, name.encode(), None, group), member, places, arrays, options)
            continue
        shape, dtype = member
        space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
        dataset = h5d.create(
            target, name.encode(), h5t.py_create(np.dtype(dtype)), space, _properties(shape, dtype, options)
        )
        if arrays is None:
            places.append(None if 0 in shape else dataset.get_offset())
        else:
            dataset.write(h5s.ALL, h5s.ALL, np.asarray(next(arrays)))


def _add_attribute(target: Any, name: bytes, value: Any) -> None:
    with interrupts.importing("h5py"):
        from h5py import h5a, h5s, h5t, string_dtype

    if isinstance(value, str):
        text = h5t.py_create(string_dtype(), logical=True)
        h5a.create(target, name, text, h5s.create(h5s.SCALAR)).write(np.array(value, string_dtype()))
        return
    content, shape, dtype = value
    array = np.frombuffer(content, dtype).reshape(shape)
    kind = h5t.py_create(array.dtype, logical=True)
    if array.dtype.kind == "S":
        kind = kind.copy()
        kind.set_cset(h5t.CSET_UTF8)
    space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
    attribute = h5a.create(target, name, kind, space)
    if array.size:
        attribute.write(np.ascontiguousarray(array), mtype=kind)


def _properties(shape: Shape, dtype: str, options: dict[str, Any]) -> Any:
    """Return the storage of an array: one stretch that is allocated at once, or compressed chunks."""
    with interrupts.importing("h5py"):
        from h5py import h5d, h5p

    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    if options and shape and 0 not in shape:
        properties.set_chunk(_chunk(shape, np.dtype(dtype).itemsize))
        if options.get("shuffle"):
            properties.set_shuffle()
        if options.get("compression"):
            properties.set_deflate(options.get("compression_opts", 4))
    else:
        properties.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5d.FILL_TIME_NEVER)
    return properties


def _chunk(shape: Shape, itemsize: int) -> Shape:
    """Return a chunk shape of at most about a megabyte: full along the last axes, then a part of one axis."""
    room = (1 << 20) // itemsize
    chunk: list[int] = []
    for n in reversed(shape):
        chunk.append(max(min(n, room), 1))
        room //= chunk[-1]
    return tuple(reversed(chunk))
