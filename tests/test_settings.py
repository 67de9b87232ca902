"""Settings: what is set counts, by the rule of the constructor, and is noticed by what was planned before."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from minifit import settings
from minifit.checks import fraction, positive
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.settings import Fixed, Option, Setting, check_options, flag, unnamed


class Example:
    rate = Setting(fraction)
    size = Fixed(positive)
    sizes = Fixed()
    sum = Setting(then="_add")
    on = Setting(flag)
    text = Setting(unnamed(str))
    scale = Option(positive)

    def __init__(self, rate: float = 0.5, size: int = 3, **options: Any) -> None:
        self.rate, self.size, self.sizes = rate, size, np.arange(3)
        self._options = options
        check_options(self)

    def _add(self) -> None:
        self.total = self.sum + 1


def test_a_value_is_checked_and_kept_under_its_own_name() -> None:
    one = Example(rate=0)
    assert vars(one)["rate"] == 0.0
    one.rate = np.float32(0.25)
    assert type(one.rate) is float
    with pytest.raises(ArgumentError, match=r"rate must be from 0 to below 1\. Received: rate=2\. Pass"):
        one.rate = 2
    assert one.rate == 0.25
    one.on, one.text = 1, 5
    assert (one.on, one.text) == (True, "5")


def test_a_change_is_counted() -> None:
    one, before = Example(), settings.count
    one.rate = 0.1
    one.sum = 2
    assert settings.count == before + 2
    assert one.total == 3


def test_what_is_settled_is_refused_by_name() -> None:
    one = Example()
    one.size, one.sizes = 3, [0, 1, 2]
    with pytest.raises(
        ArgumentError, match=r"size is settled.*Received: size=4 for one with size=3\. Create"
    ):
        one.size = 4
    with pytest.raises(ArgumentTypeError):
        one.size = "4"
    with pytest.raises(ArgumentError):
        one.sizes = [0, 1]
    assert one.size == 3


def test_an_option_is_handed_on() -> None:
    with pytest.raises(ArgumentError, match="scale"):
        Example(scale=0)
    one = Example(scale=2, other="b")
    before = settings.count
    one.scale = 5
    assert one._options == {"scale": 5, "other": "b"}
    assert one.scale == 5
    assert settings.count > before


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_have_settings_of_their_own(again: Any) -> None:
    one = Example(rate=0.5)
    other = again(one)
    other.rate = 0.25
    assert (one.rate, other.rate) == (0.5, 0.25)
    with pytest.raises(ArgumentError):
        other.size = 9
