"""Trees of plain values."""

import numpy as np

from minifit.saving.groups import Group


def test_groups_do_not_share_what_they_hold() -> None:
    one, other = Group(), Group()
    one.attributes["a"] = 1
    one.members["b"] = other
    assert other == Group()


def test_the_numbers_of_all_arrays_are_counted() -> None:
    inner = Group(members={"a": np.zeros((2, 3)), "b": np.array(1), "none": np.zeros(0)})
    assert Group({"text": "abc"}, {"inner": inner, "more": np.zeros(5)}).numbers == 12
