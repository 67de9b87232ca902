"""Records: framed and read back; damage is noticed, an unfinished end is left out."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.errors import FileFormatError
from minifit.kernels import compiled
from minifit.tensorboard import records


def read(data: bytes) -> list[bytes]:
    return list(records.read(io.BytesIO(data)))


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_what_is_framed_is_read(messages: list[bytes]) -> None:
    assert read(b"".join(map(records.framed, messages))) == messages


def test_the_bytes_of_a_record() -> None:
    """The first record of a file that TensorFlow 2.7 wrote, without its time."""
    assert records.framed(b"\x1a\x0dbrain.Event:2")[:8] == (15).to_bytes(8, "little")
    assert records.framed(b"")[8:] == bytes.fromhex("29039807d8ea82a2")


def test_rows_are_framed_as_one_by_one_on_both_engines() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (70, 33), np.uint8)
    expected = b"".join(records.framed(row.tobytes()) for row in rows)
    assert records.framed_rows(rows).tobytes() == expected
    assert records.framed_rows(rows, compiled).tobytes() == expected


@given(st.integers(0, 80), st.integers(0, 2))
def test_cut_at_any_byte_all_but_the_last_record_are_read(cut: int, extra: int) -> None:
    whole = [records.framed(b"first"), records.framed(b"second" * extra), records.framed(b"third")]
    data = b"".join(whole)[:cut]
    ends = np.cumsum([len(r) for r in whole])
    assert len(read(data)) == sum(end <= cut for end in ends)


@pytest.mark.parametrize("place", [0, 9, 12, 14, 17])
def test_damage_is_noticed(place: int) -> None:
    data = bytearray(records.framed(b"first") + records.framed(b"second"))
    data[place] ^= 1
    with pytest.raises(FileFormatError, match="checksum"):
        read(bytes(data))
