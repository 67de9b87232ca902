"""The wire format: what is written is read back, and the examples of its documentation."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.errors import FileFormatError
from minifit.tensorboard import wire


def test_the_examples_of_the_documentation() -> None:
    assert wire.whole(1, 150) == b"\x08\x96\x01"
    assert wire.nested(2, b"testing") == b"\x12\x07testing"
    assert wire.nested(3, wire.whole(1, 150)) == b"\x1a\x03\x08\x96\x01"
    assert wire.varint(-2) == b"\xfe" + b"\xff" * 8 + b"\x01"
    assert wire.whole(1, 0) == b""


@given(
    st.integers(1, 2**20),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=300),
)
def test_what_is_written_is_read(number: int, whole: int, real: float, text: bytes) -> None:
    message = wire.whole(number, whole) + wire.double(number, real) + wire.nested(number, text)
    expected: list[tuple[int, int | bytes]] = [(number, struct.pack("<d", real)), (number, text)]
    if whole:
        expected.insert(0, (number, whole % 2**64))
    assert list(wire.fields(message)) == expected
    assert wire.signed(whole % 2**64) == whole


@given(st.binary(max_size=60))
def test_anything_is_read_or_refused(message: bytes) -> None:
    with contextlib.suppress(FileFormatError):
        for number, value in wire.fields(message):
            assert number >= 0
            assert isinstance(value, int | bytes)


@pytest.mark.parametrize("message", [b"\x80", b"\x0a\x05abc", b"\x09\x00", b"\x0b", b"\x08" + b"\xff" * 10])
def test_what_is_no_message(message: bytes) -> None:
    with pytest.raises(FileFormatError, match="must be an undamaged event file"):
        list(wire.fields(message))
