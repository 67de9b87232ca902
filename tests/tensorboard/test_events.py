"""Events: whatever is written is read back equal, by minifit and by TensorBoard."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifit.errors import ArgumentTypeError, FileFormatError, MinifitError
from minifit.tensorboard import events, records, wire
from minifit.tensorboard.events import Event, Value
from tests.tensorboard.reading import read_by_tensorboard

TEXTS = st.text(max_size=20)
NUMBERS = arrays.arrays(
    st.sampled_from(["f4", "f8", "i4", "i8", "u1", ">f8"]), arrays.array_shapes(min_dims=0, min_side=0)
)
TENSORS: Any = st.one_of(
    NUMBERS, st.binary(max_size=50), st.lists(st.binary(max_size=9), max_size=4).map(tuple)
)
VALUES = st.builds(Value, TEXTS, TEXTS, TENSORS, st.binary(max_size=5), TEXTS)
EVENTS = st.builds(
    Event,
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.lists(VALUES, max_size=3).map(tuple),
    TEXTS,
    st.binary(max_size=9),
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool(a.shape == b.shape and a.astype(a.dtype.newbyteorder("<")).tobytes() == b.tobytes())
    return bool(a == b)


@settings(max_examples=40)
@given(EVENTS)
def test_what_is_written_is_read(event: Event) -> None:
    read = events.decode(events.encode(event))
    assert (read.wall_time, read.step, read.file_version, read.graph) == (
        event.wall_time,
        event.step,
        event.file_version,
        event.graph,
    )
    for ours, theirs in zip(event.values, read.values, strict=True):
        assert (ours.tag, ours.plugin, ours.content, ours.description) == (
            theirs.tag,
            theirs.plugin,
            theirs.content,
            theirs.description,
        )
        assert same(ours.tensor, theirs.tensor)


@given(st.binary(max_size=80))
def test_anything_is_read_or_refused(message: bytes) -> None:
    with contextlib.suppress(MinifitError):
        assert isinstance(events.decode(message), Event)


def test_tensorboard_reads_all_kinds(tmp_path: Path) -> None:
    numbers = [
        np.arange(6.0).reshape(2, 3),
        np.array([1.5], np.float32),
        np.array([[-3]], np.int64),
        np.array([7], np.uint8),
        np.array(5, np.int32),
    ]
    values = [Value(f"n{i}", "p", n) for i, n in enumerate(numbers)]
    values += [Value("one", "text", b"a text"), Value("row", "images", (b"1", b"2", "ä".encode()))]
    file = tmp_path / "events.out.tfevents.1.here"
    written = [Event(1.5, file_version=events.FILE_VERSION), Event(2.5, -4, tuple(values))]
    file.write_bytes(b"".join(records.framed(events.encode(e)) for e in written))
    (found,) = read_by_tensorboard(tmp_path).values()
    assert found[0] == [0, "file_version", "", "brain.Event:2"]
    assert [f[3] for f in found[1:6]] == [n.tolist() for n in numbers]
    assert [f[0] for f in found[1:]] == [-4] * 7
    assert found[6:] == [[-4, "one", "text", "a text"], [-4, "row", "images", ["1", "2", "Ã¤"]]]
    assert [e.step for e in events.read_events(file)] == [0, -4]


def test_other_numbers_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="complex128"):
        events.encode_tensor(np.zeros(2, complex))


def test_a_tensor_with_other_numbers_than_its_shape_says() -> None:
    message = wire.whole(1, 1) + wire.nested(2, b"") + wire.nested(4, b"12345")
    with pytest.raises(FileFormatError, match="5 bytes"):
        events.decode_tensor(message)
