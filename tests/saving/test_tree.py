"""What is packed comes back equal, whatever it is made of; and no text makes anything but plain data."""

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minifit.arrays import Array
from minifit.errors import ArgumentTypeError, FileFormatError
from minifit.saving import tree as module
from minifit.saving.tree import unpack
from minifit.tensor import Tensor


def pack(value: Any, place: str = "the state") -> tuple[str, Array]:
    """The text and the bytes, in memory as they will be in the file."""
    text, joined = module.pack(value, place)
    return text, np.array(joined)


def there_and_back(value: Any) -> Any:
    return unpack(*pack(value))


def same(a: Any, b: Any) -> bool:
    """Equal in kind and in every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (a != a and b != b)


NUMBERS = arrays(
    st.sampled_from([np.dtype(c) for c in "?bBhHiIqQefdFD"]),
    array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    NUMBERS,
    NUMBERS.map(lambda a: a[()]),
)
HASHABLE = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.tuples(st.text(), st.integers()))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(HASHABLE, max_size=4),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.dictionaries(st.sampled_from(["$array", "$", "a", "$x"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(TREES)
def test_whatever_is_packed_comes_back_equal(tree: Any) -> None:
    assert same(there_and_back(tree), tree)


@pytest.mark.parametrize(
    "value",
    [
        2**200,
        -(2**128),
        float("nan"),
        float("-inf"),
        -0.0,
        1e-320,
        np.float32("nan"),
        np.uint64(2**64 - 1),
        "ä\0",
        b"\xff",
    ],
)
def test_numbers_keep_every_bit(value: Any) -> None:
    assert same(there_and_back([value]), [value])


def test_arrays_that_are_views_backwards_or_of_the_other_byte_order() -> None:
    for array in (
        np.arange(12).reshape(3, 4).T,
        np.arange(5)[::-2],
        np.arange(3, dtype=">f8"),
        np.zeros((0, 3)),
    ):
        assert same(there_and_back(array), array)


def test_what_comes_back_is_a_copy() -> None:
    text, memory = pack({"a": np.zeros(3)})
    found = unpack(text, memory)["a"]
    found += 1
    assert not memory.any()


def test_arrays_begin_at_whole_cache_lines() -> None:
    text, memory = pack([np.ones(1, np.uint8), np.ones(3, np.float64)])
    assert [entry["$array"][0] for entry in json.loads(text)] == [0, 64]
    assert len(memory) == 128


def test_a_tensor_is_stored_as_its_numbers() -> None:
    assert same(there_and_back(Tensor([1.0, 2.0])), np.array([1, 2], np.float32))


def test_subclasses_come_back_plain() -> None:
    from collections import Counter, OrderedDict

    assert same(there_and_back([Counter("aab"), OrderedDict(x=1)]), [{"a": 2, "b": 1}, {"x": 1}])


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (object(), "<object object at"),
        (np.array([object()]), "an array of dtype object"),
        (np.array(["a"]), "an array of dtype <U1"),
        (np.datetime64("2020-01-01"), "an array of dtype datetime64[D]"),
        (print, "<built-in function print> of type builtin_function_or_method"),
        (range(3), "range(0, 3) of type range"),
    ],
)
def test_other_things_are_refused_where_they_stand(value: Any, received: str) -> None:
    with pytest.raises(ArgumentTypeError, match="A state is made of dicts") as refused:
        pack({"callbacks": [1, {"model": value}]}, "the state of Mine")
    assert f"Received: {received}" in str(refused.value)
    assert "in the state of Mine: callbacks, number 2: model." in str(refused.value)


def test_arrays_do_not_share_memory() -> None:
    """A small file may name one stretch a thousand times."""
    place = '{"$array":[0,[64],"|u1"]}'
    assert len(unpack(f"[{place}]", np.zeros(64, np.uint8))) == 1
    with pytest.raises(FileFormatError, match="an array of 64 bytes at 0 of 64"):
        unpack(f"[{place},{place}]", np.zeros(64, np.uint8))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "nul",
        '{"$array": [0, [9], "<f8"]}',
        '{"$array": [-8, [1], "<f8"]}',
        '{"$array": [0, [-1], "<f8"]}',
        '{"$array": [0, [99999999999999, 99999999999999], "<f8"]}',
        '{"$array": [0, [1], "O"]}',
        '{"$array": [0, [1], "no such"]}',
        '{"$array": ["0", [1], "<f8"]}',
        '{"$array": [0.5, [1], "<f8"]}',
        '{"$array": 7}',
        '{"$number": [0, [2, 3], "<f8", 5]}',
        '{"$bytes": "***"}',
        '{"$float": "many"}',
        '{"$unknown": 1}',
        '{"$dict": [[{"$array": [0, [1], "<f8"]}, 1]]}',
        '{"$set": [[1]]}',
        '{"$tuple": 5}',
        "[" * 100_000,
    ],
)
def test_text_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FileFormatError, match=r"A state must be as it was written\. Received"):
        unpack(text, np.zeros(8, np.uint8))


@given(st.data())
def test_a_changed_text_is_refused_or_plain_data(data: st.DataObject) -> None:
    text, memory = pack({"a": np.arange(3), "b": (1, {"$x": b"y"}, np.float32(2)), "c": {2: float("inf")}})
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.text(max_size=2)) + text[at + data.draw(st.integers(0, 3)) :]
    try:
        found = unpack(changed, memory)
    except FileFormatError as refused:
        assert re.search("Use another backup", str(refused))
    else:
        assert same(there_and_back(found), found)


def test_large_arrays_are_not_copied() -> None:
    large = np.zeros(100_000)
    _, joined = module.pack({"a": large, "b": [1, np.ones(3)]})
    assert any(np.shares_memory(np.frombuffer(part, np.uint8), large) for part in joined.parts if len(part))
