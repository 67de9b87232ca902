"""Where everything lies in an HDF5 file, found by the HDF5 library without a file.

The library lays out the groups and attributes in memory and says where the numbers of each array belong; the numbers
themselves are written, and hashed, straight from the model's memory. What it laid out is kept for the next file of
the same structure: a checkpoint differs from the one before in its numbers alone. No times are stored, so equal
content gives equal bytes.
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
"""Bytes that the attribute of an object can have, a long string excepted."""

Layout: TypeAlias = tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]
"""A group without its numbers: attributes, and members, an array as its shape and dtype. Can be compared."""


def buffers(root: Group, options: dict[str, Any] | None = None) -> Buffers:
    """The bytes of a file after its first block, as buffers that follow each other."""
    arrays: list[Array | Joined] = []
    layout = _layout(root, arrays)
    chosen = {} if options is None else checked_options(options)
    if chosen:
        return _buffers(_lay_out(layout, arrays, chosen)[0], [], [])
    metadata, places = _skeleton(layout)
    return _buffers(metadata, places, arrays)


def checked_options(options: Any) -> dict[str, Any]:
    """The options of the arrays, if they are ones that the writer knows; none where a device is named.

    Raises
    ------
    ArgumentError, ArgumentTypeError
    """
    if isinstance(options, DEVICE_OPTIONS):
        return {}
    if not isinstance(options, dict):
        raise ArgumentTypeError(
            f"options is a dict. Received: {options!r}. Pass for example {{'compression': 'gzip'}}."
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
    """A group without its numbers, which are added to `arrays` in the order in which they are met."""
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
    """An attribute as a value that can be compared: a string, or an array as its bytes, shape and dtype."""
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
    """All parts of the file in order, the gaps between them as zeros."""
    parts: list[tuple[int, bytes | memoryview]] = list(metadata)
    for place, array in zip(places, arrays, strict=True):
        if place is None:
            continue
        for part in array.parts if isinstance(array, Joined) else [array.reshape(-1).view(np.uint8).data]:
            parts.append((place, part))
            place += len(part)
    found: list[bytes | memoryview] = []
    at = BLOCK
    for start, part in sorted(parts, key=lambda p: p[0]):
        if start > at:
            found.append(bytes(start - at))
        found.append(part)
        at = start + len(part)
    return found


class _Memory:
    """A file that the HDF5 library writes to: what it has written, by places."""

    def __init__(self) -> None:
        self.end = 0
        self._written: list[tuple[int, bytes]] = []
        self._at = 0

    def parts(self) -> list[tuple[int, bytes]]:
        """What was written, in the order of the places; where writes overlap, the later one counts."""
        found: list[tuple[int, bytes]] = []
        for place, part in sorted(self._written, key=lambda w: w[0]):
            if found and place < found[-1][0] + len(found[-1][1]):
                start, before = found.pop()
                stop = max(place + len(part), start + len(before))
                found.append((start, bytes(self._between(start, stop))))
            else:
                found.append((place, part))
        return found

    def _between(self, start: int, stop: int) -> bytearray:
        content = bytearray(stop - start)
        for place, part in self._written:
            low, high = max(place, start), min(place + len(part), stop)
            if low < high:
                content[low - start : high - start] = part[low - place : high - place]
        return content

    # -- what the library asks of a file ----------------------------------------------------------------

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
    """What the library writes, by place, and the place of every array; with `arrays` their numbers too."""
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
        made = h5d.create(
            target, name.encode(), h5t.py_create(np.dtype(dtype)), space, _properties(shape, dtype, options)
        )
        if arrays is None:
            places.append(None if 0 in shape else made.get_offset())
        else:
            made.write(h5s.ALL, h5s.ALL, np.asarray(next(arrays)))


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
    made = h5a.create(target, name, kind, space)
    if array.size:
        made.write(np.ascontiguousarray(array), mtype=kind)


def _properties(shape: Shape, dtype: str, options: dict[str, Any]) -> Any:
    """How an array is stored: in one stretch that has its place at once, or in compressed chunks."""
    with interrupts.importing("h5py"):
        from h5py import h5d, h5p

    made = h5p.create(h5p.DATASET_CREATE)
    made.set_obj_track_times(False)
    if options and shape and 0 not in shape:
        made.set_chunk(_chunk(shape, np.dtype(dtype).itemsize))
        if options.get("shuffle"):
            made.set_shuffle()
        if options.get("compression"):
            made.set_deflate(options.get("compression_opts", 4))
    else:
        made.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        made.set_fill_time(h5d.FILL_TIME_NEVER)
    return made


def _chunk(shape: Shape, itemsize: int) -> Shape:
    """A chunk of at most about a megabyte: whole along the last axes, a part of the first that is too long."""
    room = (1 << 20) // itemsize
    chunk: list[int] = []
    for n in reversed(shape):
        chunk.append(max(min(n, room), 1))
        room //= chunk[-1]
    return tuple(reversed(chunk))
