"""The wire format of Protocol Buffers: the part of it that event files need.

A message is a sequence of fields. A field is its number and type in one varint, ``number << 3 | type``, then its value:

    type 0   a varint: seven bits in each byte, the lowest first, the highest bit set if more follow
    type 1   eight bytes (a double, little-endian)
    type 2   a length as varint, then that many bytes: a text, bytes, a message, packed numbers
    type 5   four bytes (a float, little-endian)

A missing field has its default value, 0 or empty. Source: https://protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Iterator

from minifit.errors import FileFormatError

VARINT, EIGHT, LENGTH, FOUR = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """Return the varint of an integer from -2^63 to 2^64 - 1; 2^64 is added to a negative one."""
    value &= 0xFFFFFFFFFFFFFFFF
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def whole(number: int, value: int) -> bytes:
    """Return a field with an integer; nothing for 0."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def double(number: int, value: float) -> bytes:
    """Return a field with a double."""
    return varint(number << 3 | EIGHT) + struct.pack("<d", value)


def nested(number: int, content: bytes) -> bytes:
    """Return a field with bytes: a text in UTF-8, or a message."""
    return varint(number << 3 | LENGTH) + varint(len(content)) + content


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message in order: the number and the value, an int for a varint, else bytes.

    Raises
    ------
    FileFormatError
        If `message` is not a message.
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
            raise FileFormatError(_text(f"a field of type {kind}"))
        if position + size > len(message):
            raise FileFormatError(_text("a field that is longer than its message"))
        yield number, message[position : position + size]
        position += size


def signed(value: int) -> int:
    """Return a varint as a signed integer of 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message) and shift < 70:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise FileFormatError(_text("an unfinished number"))


def _text(problem: str) -> str:
    return f"The file must be an undamaged event file. Received: {problem}. Pass another file."
