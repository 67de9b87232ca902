"""Trees of plain values."""

from minifit.saving.groups import Group


def test_groups_do_not_share_what_they_hold() -> None:
    one, other = Group(), Group()
    one.attributes["a"] = 1
    one.members["b"] = other
    assert other == Group()
