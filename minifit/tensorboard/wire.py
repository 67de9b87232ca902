"""The wire format of Protocol Buffers: the little of it that event files need.

A message is a row of fields. A field is its number and kind in one varint, ``number << 3 | kind``, then its value:

    kind 0   a varint: seven bits in each byte, the lowest first, the highest bit set when more follow
    kind 1   eight bytes (a double, little-endian)
    kind 2   a length as varint, then so many bytes: a text, bytes, a message, packed numbers
    kind 5   four bytes (a float, little-endian)

A field that is left out has its default: 0, empty. Source: https://protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Iterator

from minifit.errors import FileFormatError

VARINT, EIGHT, LENGTH, FOUR = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """A whole number from -2^63 to 2^64 - 1; a negative one is written as if 2^64 were added."""
    value &= 0xFFFFFFFFFFFFFFFF
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def whole(number: int, value: int) -> bytes:
    """A field with a whole number; nothing for 0."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def double(number: int, value: float) -> bytes:
    """A field with a number of eight bytes."""
    return varint(number << 3 | EIGHT) + struct.pack("<d", value)


def nested(number: int, content: bytes) -> bytes:
    """A field with bytes: a text in UTF-8, or a message."""
    return varint(number << 3 | LENGTH) + varint(len(content)) + content


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in their order: number and value, which is an int for a varint and bytes else.

    Raises
    ------
    FileFormatError
        When it is no message.
    """
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = _read_varint(message, position)
            yield number, value
            continue
        if kind == LENGTH:
            size, position = _read_varint(message, position)
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise FileFormatError(_text(f"a field of kind {kind}"))
        if position + size > len(message):
            raise FileFormatError(_text("a field that goes on beyond its end"))
        yield number, message[position : position + size]
        position += size


def signed(value: int) -> int:
    """A varint as a signed whole number of 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message) and shift < 70:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise FileFormatError(_text("a number without an end"))


def _text(what: str) -> str:
    return f"The file is no event file, or damaged. Received: {what}. Pass another file."
