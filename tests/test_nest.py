"""Nested values taken apart and put together."""

from typing import Any, NamedTuple

import pytest

from minifit import nest


class Pair(NamedTuple):
    a: Any
    b: Any


@pytest.mark.parametrize(
    ("value", "leaves"),
    [
        (1, [1]),
        (None, [None]),
        ([1, (2, [3])], [1, 2, 3]),
        ({"b": 1, "a": [2, 3]}, [2, 3, 1]),
        ([], []),
        (Pair(1, {"x": 2}), [1, 2]),
    ],
)
def test_a_value_is_taken_apart_and_put_together(value: Any, leaves: list[Any]) -> None:
    assert nest.flatten(value) == leaves
    again = nest.pack(value, leaves)
    assert again == value
    assert type(again) is type(value)


def test_a_dict_keeps_its_own_order() -> None:
    assert list(nest.pack({"b": 0, "a": 0}, [1, 2])) == ["b", "a"]


@pytest.mark.parametrize("leaves", [[1], [1, 2, 3]])
def test_leaves_that_do_not_fit_are_refused(leaves: list[int]) -> None:
    with pytest.raises(ValueError, match="leaves are too"):
        nest.pack([0, 0], leaves)


def test_every_leaf_is_mapped() -> None:
    assert nest.map_leaves(lambda n: n + 1, {"b": [1, 2], "a": 0}) == {"b": [2, 3], "a": 1}
    assert nest.map_leaves(str, 5) == "5"
