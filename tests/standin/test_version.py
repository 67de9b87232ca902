"""Programs take the version apart."""

import minifit
from minifit.standin.version import VERSION


def test_programs_can_take_it_apart() -> None:
    major, minor = VERSION.split(".")[:2]
    assert (int(major), int(minor)) == (2, 7)


def test_it_says_what_it_is() -> None:
    assert VERSION.partition("+")[2] == f"minifit.{minifit.__version__}"
