"""The rules of the arguments, and what their errors say."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import checks
from minifit.errors import ArgumentError, ArgumentTypeError

RULES: list[Callable[..., Any]] = [
    checks.number,
    checks.not_negative,
    checks.not_positive,
    checks.fraction,
    checks.optional,
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", ["0.1", [0.1], True, None, np.ones(2), 1j])
def test_what_is_no_number(rule: Callable[..., Any], value: Any) -> None:
    if value is None and rule is checks.optional:
        assert rule("rho", None) is None
        return
    with pytest.raises(
        ArgumentTypeError, match=r"rho must be a number\. Received: rho=.*Pass for example rho="
    ):
        rule("rho", value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [0, 0.0, np.float32(0), np.int64(0), np.array(0.0)])
def test_numbers_become_floats(rule: Callable[..., Any], value: Any) -> None:
    assert type(rule("rho", value)) is float


@pytest.mark.parametrize("value", [-0.1, -1, float("nan")])
@pytest.mark.parametrize("rule", [checks.not_negative, checks.fraction, checks.optional])
def test_below_zero(rule: Callable[..., Any], value: float) -> None:
    with pytest.raises(ArgumentError, match=r"rho must be at least 0\. Received: rho="):
        rule("rho", value)


@pytest.mark.parametrize("value", [0.1, 1, float("nan")])
def test_above_zero(value: float) -> None:
    with pytest.raises(ArgumentError, match=r"power must be at most 0\. Received: power="):
        checks.not_positive("power", value)
    assert checks.not_positive("power", -0.5) == -0.5


def test_fractions() -> None:
    assert checks.fraction("rho", 0.9) == 0.9
    assert checks.fraction("rho", 1, closed=True) == 1.0
    with pytest.raises(ArgumentError, match=r"rho must be from 0 to below 1\. Received: rho=1\."):
        checks.fraction("rho", 1)
    with pytest.raises(ArgumentError, match=r"rho must be from 0 to 1\. Received: rho=1\.5\."):
        checks.fraction("rho", 1.5, closed=True)


@pytest.mark.parametrize("value", [None, 0, 0.0])
def test_an_epsilon_that_is_none_or_zero(value: Any) -> None:
    assert checks.small(value) == checks.EPSILON == 1e-7


def test_an_epsilon() -> None:
    assert checks.small(0.5) == 0.5
    with pytest.raises(ArgumentError, match=r"epsilon must be at least 0"):
        checks.small(-0.5)


# -- whole numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(2)])
def test_a_positive_integer(value: Any) -> None:
    found = checks.positive("steps", value)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("value", [2.0, 2.5, "2", None, True, np.True_, [2], np.float32(2), float("nan")])
def test_what_is_no_integer(value: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"steps must be a positive integer\. Received: steps=.*Pass for exa"
    ):
        checks.positive("steps", value)


@pytest.mark.parametrize("value", [0, -1, np.int64(-3)])
def test_an_integer_too_small(value: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"steps must be a positive integer\. Received: steps=.*Pass for example"
    ):
        checks.positive("steps", value)


def test_another_least_value() -> None:
    assert checks.positive("initial_epoch", 0, least=0) == 0
    with pytest.raises(ArgumentError, match=r"must be an integer of at least 0\. Received: initial_epoch=-1"):
        checks.positive("initial_epoch", -1, least=0)
