"""Events: the contents of an event file, as objects and as the messages that TensorBoard reads.

    Event            1 wall_time (double)   2 step   3 file_version (text)   4 graph (a GraphDef)   5 summary
    Summary          1 value, repeated
    Value            1 tag (text)   8 tensor   9 metadata
    TensorProto      1 dtype   2 shape   4 content (the numbers, little-endian)   8 text, repeated
    TensorShape      2 dim, repeated   in it 1 size
    SummaryMetadata  1 plugin   in it 1 plugin_name, 2 content   2 display_name   3 description

Each number is that of a field. Source: event.proto, summary.proto, tensor.proto, tensor_shape.proto and
types.proto in https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.errors import ArgumentTypeError, FileFormatError
from minifit.tensorboard import records, wire

FILE_VERSION = "brain.Event:2"
"""The file version in the first event of a file."""

_DTYPES: dict[np.dtype[Any], int] = {
    np.dtype("<f4"): 1,
    np.dtype("<f8"): 2,
    np.dtype("<i4"): 3,
    np.dtype("u1"): 4,
    np.dtype("<i8"): 9,
}
_TEXT = 7
_BY_NUMBER: dict[int, np.dtype[Any]] = {number: dtype for dtype, number in _DTYPES.items()}

Tensor = NDArray[Any] | bytes | tuple[bytes, ...]
"""Numbers, one text (rank 0), or a row of texts (rank 1)."""


@dataclass(frozen=True, eq=False)
class Value:
    """A value that TensorBoard shows under a tag.

    Attributes
    ----------
    tag : str
    plugin : str
        The page that shows it: ``scalars``, ``histograms``, ``images``, ``text``, ``graph_keras_model``.
    tensor : array, bytes or tuple of bytes
    content : bytes
        Additional data for the plugin.
    description : str
        Markdown, shown beside the tag.
    """

    tag: str
    plugin: str
    tensor: Tensor
    content: bytes = b""
    description: str = ""


@dataclass(frozen=True, eq=False)
class Event:
    """The values of a step.

    Attributes
    ----------
    wall_time : float
        Seconds since 1970.
    step : int
    values : tuple of Value
    file_version : str
        Set only in the first event of a file.
    graph : bytes
        The message of a graph.
    """

    wall_time: float
    step: int = 0
    values: tuple[Value, ...] = ()
    file_version: str = ""
    graph: bytes = b""


# -- writing -------------------------------------------------------------------------------------------------


def encode(event: Event) -> bytes:
    """Return the message of an event."""
    message = wire.double(1, event.wall_time) + wire.whole(2, event.step)
    if event.file_version:
        message += wire.nested(3, event.file_version.encode())
    message += _unless_empty(4, event.graph)
    if event.values:
        message += wire.nested(5, b"".join(wire.nested(1, encode_value(v)) for v in event.values))
    return message


def encode_value(value: Value) -> bytes:
    """Return the message of a value."""
    metadata = wire.nested(1, wire.nested(1, value.plugin.encode()) + _unless_empty(2, value.content))
    metadata += _unless_empty(3, value.description.encode(errors="replace"))
    tag, tensor = (
        wire.nested(1, value.tag.encode(errors="replace")),
        wire.nested(8, encode_tensor(value.tensor)),
    )
    # the numbers are last: `scalars` relies on it
    return tag + wire.nested(9, metadata) + tensor


def encode_tensor(tensor: Tensor) -> bytes:
    """Return the message of a tensor."""
    if isinstance(tensor, bytes):
        return wire.whole(1, _TEXT) + wire.nested(2, b"") + wire.nested(8, tensor)
    if isinstance(tensor, tuple):
        texts = b"".join(wire.nested(8, text) for text in tensor)
        return wire.whole(1, _TEXT) + wire.nested(2, _shape((len(tensor),))) + texts
    plain = np.ascontiguousarray(tensor).reshape(tensor.shape)
    plain = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    if plain.dtype not in _DTYPES:
        raise ArgumentTypeError(
            f"The dtype must be float32, float64, int32, int64 or uint8. Received: {tensor.dtype}. Cast it."
        )
    shape = wire.nested(2, _shape(plain.shape))
    return wire.whole(1, _DTYPES[plain.dtype]) + shape + wire.nested(4, plain.tobytes())


def _shape(shape: tuple[int, ...]) -> bytes:
    return b"".join(wire.nested(2, wire.whole(1, n)) for n in shape)


def _unless_empty(number: int, content: bytes) -> bytes:
    return wire.nested(number, content) if content else b""


# -- reading -------------------------------------------------------------------------------------------------


def read_events(path: str | os.PathLike[str]) -> Iterator[Event]:
    """Yield the events of a file in order; unknown fields are skipped.

    Raises
    ------
    FileFormatError
        If the file is damaged; an unfinished record at its end does not count as damage.
    """
    with open(path, "rb") as file:
        for message in records.read(file):
            yield decode(message)


def decode(message: bytes) -> Event:
    """Return the event of a message."""
    parts = _Parts(message)
    wall_time = struct.unpack("<d", parts.bytes(1))[0] if parts.bytes(1) else 0.0
    values = tuple(_decode_value(v) for summary in parts.all(5) for v in _Parts(summary).all(1))
    return Event(wall_time, wire.signed(parts.whole(2)), values, parts.text(3), parts.bytes(4))


def _decode_value(message: bytes) -> Value:
    parts = _Parts(message)
    metadata = _Parts(parts.bytes(9))
    plugin = _Parts(metadata.bytes(1))
    tensor = decode_tensor(parts.bytes(8))
    return Value(parts.text(1), plugin.text(1), tensor, plugin.bytes(2), metadata.text(3))


def decode_tensor(message: bytes) -> Tensor:
    """Return the tensor of a message."""
    parts = _Parts(message)
    shape = tuple(_Parts(dim).whole(1) for dim in _Parts(parts.bytes(2)).all(2))
    if parts.whole(1) == _TEXT:
        texts = tuple(parts.all(8))
        return texts if shape or len(texts) != 1 else texts[0]
    dtype, content = _BY_NUMBER.get(parts.whole(1)), parts.bytes(4)
    if dtype is None or len(content) != dtype.itemsize * prod(shape):
        raise FileFormatError(
            f"The size of a tensor must match its shape. Received: {len(content)} bytes of dtype "
            f"{parts.whole(1)} for shape {shape}. Pass another file."
        )
    numbers: NDArray[Any] = np.frombuffer(content, dtype)
    return numbers.reshape(shape)


@dataclass
class _Parts:
    """The fields of a message by number."""

    message: bytes
    by_number: dict[int, list[int | bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, value in wire.fields(self.message):
            self.by_number.setdefault(number, []).append(value)

    def all(self, number: int) -> list[bytes]:
        return [v for v in self.by_number.get(number, ()) if isinstance(v, bytes)]

    def bytes(self, number: int) -> bytes:
        return next(iter(reversed(self.all(number))), b"")

    def text(self, number: int) -> str:
        return self.bytes(number).decode(errors="replace")

    def whole(self, number: int) -> int:
        return next((v for v in reversed(self.by_number.get(number, [])) if isinstance(v, int)), 0)
