"""The comparison lets float32 sums pass in another order, and nothing else."""

from minifit.semantics.runs import differences


def test_rounding_is_no_difference() -> None:
    assert differences({"loss": [1.5, 0.0]}, {"loss": [1.50025, 1e-5]}) == []


def test_every_difference_is_told_with_its_place() -> None:
    expected = {"a": [{"b": 1.0}, 2], "c": "x", "d": None}
    found = {"a": [{"b": 1.1}, 2], "c": "y", "e": None}
    assert differences(expected, found) == [
        ".d: missing: None",
        ".e: not expected: None",
        ".a[0].b: 1.0 != 1.1",
        ".c: 'x' != 'y'",
    ]
