"""The reader of HDF5 files from any source, which validates a file before its content is used.

A file is only data. Anything that could lead elsewhere (external links and storage, virtual datasets), run code
(filters other than gzip and shuffle) or is not a plain number or text is refused with an error that names it. The
declared size of an array is compared with what the file can hold; its values are read only on demand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from minifit import interrupts
from minifit.arrays import Array, Shape
from minifit.errors import FileFormatError
from minifit.saving.converters import converting_texts
from minifit.saving.groups import Attribute, Group

DEEPEST = 50
"""The maximum depth of nested groups; a file of nested layers has a few levels."""

ATTRIBUTES = 1000
"""The maximum number of attributes of one object; Keras's formats have a few long ones."""

# HDF5's numbers of these filters.
GZIP, SHUFFLE = 1, 2
MOST = 1100
"""A bound for the ratio of gzip's output to the stored data, which is at most 1032."""


@contextmanager
def reading(file: IO[bytes], stored: int | None = None, packed: bool = True) -> Iterator[Group]:
    """Yield the tree of an open file; its arrays can be read while the block runs.

    Parameters
    ----------
    file : binary file
    stored : int, optional
        The size on the disk from which the file was unpacked. Its arrays together are at most as large as the output
        that one stage of gzip could produce from it.
    packed : bool, default True
        Whether arrays may be compressed.
    """
    with interrupts.importing("h5py"):
        from h5py import h5f, h5fd, h5g, h5p

    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    source = _Whole(file)
    access.set_fileobj_driver(h5fd.fileobj_driver, source)
    with _damaged():
        opened = h5f.open(repr(source).encode(), h5f.ACC_RDONLY, access)
    try:
        with _damaged(), converting_texts():
            root = _Walk(source.size, (stored or source.size) * (MOST if packed else 1)).group(
                h5g.open(opened, b"/"), "/", 0
            )
        yield root
    finally:
        opened.close()


@contextmanager
def _damaged() -> Iterator[None]:
    """Convert errors of the HDF5 library into a fault of the file."""
    try:
        yield
    except FileFormatError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise FileFormatError(
            f"A model file must be a valid HDF5 file. Received: a file that the HDF5 library refuses ({error}). "
            "Copy it again, or check that it is a model file."
        ) from error


class _Whole:
    """A file for the HDF5 library that returns all requested bytes or raises."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, target: Any) -> int:
        count: int = self._file.readinto(target)  # type: ignore[attr-defined]
        if count < len(target):
            raise OSError("the file ends too early")
        return count

    def write(self, part: Any) -> int:
        raise OSError("a model file is only read")

    def truncate(self, size: int | None = None) -> None:
        """Do nothing: the library calls this when it closes a file, though nothing has changed."""

    def flush(self) -> None:
        pass


class _StoredArray:
    """An array in the file."""

    def __init__(self, dataset: Any, shape: Shape, dtype: np.dtype[Any]) -> None:
        self._dataset = dataset
        self.shape = shape
        self.dtype = dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        with interrupts.importing("h5py"):
            from h5py import h5s

        with _damaged():
            read = np.empty(self.shape, self.dtype)
            if read.size:
                self._dataset.read(h5s.ALL, h5s.ALL, read)
        return read if dtype is None else read.astype(dtype, copy=False)


class _Walk:
    """A walk through a file of this size that refuses objects not allowed in a model file.

    `room` is the maximum total size of its arrays in bytes.
    """

    def __init__(self, size: int, room: int) -> None:
        self._size = self._left = size
        self._room = room
        self._seen: set[int] = set()

    def group(self, group: Any, path: str, depth: int) -> Group:
        self._once(group, path)
        if depth > DEEPEST:
            raise _refused(f"groups that are nested deeper than {DEEPEST}", path)
        tree = Group(self._attributes(group, path))
        for raw in group:
            name = raw.decode()
            tree.members[name] = self._member(group, raw, f"{path}{name}", depth)
        return tree

    def _member(self, group: Any, name: bytes, path: str, depth: int) -> Any:
        with interrupts.importing("h5py"):
            from h5py import h5d, h5g, h5l, h5o

        kind = group.links.get_info(name).type
        if kind != h5l.TYPE_HARD:
            words = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "an external link"}
            raise _refused(words.get(kind, "a link of an unknown kind"), path)
        member = h5o.open(group, name)
        if isinstance(member, h5g.GroupID):
            return self.group(member, f"{path}/", depth + 1)
        if not isinstance(member, h5d.DatasetID):
            raise _refused("an object that is neither a group nor an array", path)
        self._once(member, path)
        return self._array(member, path)

    def _once(self, thing: Any, path: str) -> None:
        """Raise if the object was reached before: a cycle would never end."""
        with interrupts.importing("h5py"):
            from h5py import h5o

        address = h5o.get_info(thing).addr
        if address in self._seen:
            raise _refused("a second link to the same object", path)
        self._seen.add(address)

    def _array(self, dataset: Any, path: str) -> _StoredArray:
        with interrupts.importing("h5py"):
            from h5py import h5d

        properties = dataset.get_create_plist()
        layout = properties.get_layout()
        if properties.get_external_count():
            raise _refused("external storage", path)
        if layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED):
            raise _refused("a virtual dataset", path)
        filters = {properties.get_filter(i)[0] for i in range(properties.get_nfilters())}
        if not filters <= {GZIP, SHUFFLE}:
            raise _refused("a filter other than gzip and shuffle", path)
        dtype = _number(dataset.get_type(), path)
        shape = dataset.get_space().get_simple_extent_dims()
        if shape is None:
            raise _refused("an array without a shape", path)
        size = _size(shape, dtype.itemsize)
        stored = dataset.get_storage_size()
        if layout == h5d.CHUNKED:
            enough = size <= stored * (MOST if GZIP in filters else 1)
            enough = enough and _size(properties.get_chunk(), dtype.itemsize) <= max(size, 1 << 20)
        else:
            enough = size <= stored
        if size and (not enough or stored > self._size or (dataset.get_offset() or 0) + stored > self._size):
            raise _refused(f"an array of {size} bytes, which it does not have", path)
        self._left -= stored
        self._room -= size
        if self._left < 0 or self._room < 0:
            raise _refused("arrays of more bytes than the file can hold", path)
        return _StoredArray(dataset, shape, dtype)

    def _attributes(self, thing: Any, path: str) -> dict[str, Attribute]:
        with interrupts.importing("h5py"):
            from h5py import h5a

        count = h5a.get_num_attrs(thing)
        # The library's time to find an attribute grows with their number.
        if count > ATTRIBUTES:
            raise _refused(f"an object with {count} attributes", path)
        names: list[bytes] = []
        h5a.iterate(thing, lambda name, *_: names.append(name))
        return {
            name.decode(): self._value(h5a.open(thing, name), f"{path}@{name.decode()}") for name in names
        }

    def _value(self, attribute: Any, path: str) -> Attribute:
        with interrupts.importing("h5py"):
            from h5py import h5t

        kind = attribute.get_type()
        text = isinstance(kind, h5t.TypeStringID)
        dtype = kind.dtype if text else _number(kind, path)
        shape = attribute.get_space().get_simple_extent_dims()
        if shape is None or _size(shape, max(kind.get_size(), 1)) > self._size:
            raise _refused("an attribute without a value, or with one larger than the file", path)
        read: Array = np.empty(shape, dtype)
        if read.size:
            attribute.read(read)
        if not text:
            return read if shape else read[()].item()
        values = [v.decode() if isinstance(v, bytes) else str(v or "") for v in read.reshape(-1).tolist()]
        return values if shape else values[0]


def _number(kind: Any, path: str) -> np.dtype[Any]:
    """Return the dtype of a plain number in the byte order of this machine; raise for other types."""
    with interrupts.importing("h5py"):
        from h5py import h5t

    plain = isinstance(kind, h5t.TypeIntegerID | h5t.TypeFloatID | h5t.TypeEnumID)
    dtype: np.dtype[Any] | None = kind.dtype if plain else None
    if dtype is None or dtype.kind not in "fiub" or dtype.itemsize > 8 or dtype.metadata:
        raise _refused(f"a type that is not a plain number ({type(kind).__name__})", path)
    return dtype.newbyteorder("=")


def _size(shape: Shape, itemsize: int) -> int:
    size = itemsize
    # Python's integers do not overflow.
    for n in shape:
        size *= int(n)
    return size


def _refused(what: str, path: str) -> FileFormatError:
    return FileFormatError(
        f"A model file contains only groups, plain numbers and text. Received: {what} at {path!r}. "
        "Write the file again without it."
    )
