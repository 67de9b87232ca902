"""The rules of the arguments, and what their errors say."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from minifit import checks
from minifit.errors import ArgumentError, ArgumentTypeError
from tests.house.kinds import LISTS, NO_NUMBER, REAL, WHOLE, TorchLike

RULES: list[Callable[..., Any]] = [
    checks.number,
    checks.not_negative,
    checks.not_positive,
    checks.fraction,
    checks.optional,
    checks.epochs,
]


@pytest.mark.parametrize("rule", [*RULES, checks.above_zero])
@pytest.mark.parametrize("kind", [*NO_NUMBER, "None"])
def test_what_is_no_number(rule: Callable[..., Any], kind: str) -> None:
    value = NO_NUMBER.get(kind)
    if value is None and rule is checks.optional:
        assert rule("rho", None) is None
        return
    with pytest.raises(
        ArgumentTypeError, match=r"(?s)rho must be a number\. Received: rho=.*Pass for example rho="
    ):
        rule("rho", value)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [0, 0.0, np.float32(0), np.int64(0), np.array(0.0)])
def test_numbers_become_pythons(rule: Callable[..., Any], value: Any) -> None:
    found = rule("rho", value)
    assert type(found) in ((int, float) if rule is checks.epochs else (float,))
    assert found == 0


@pytest.mark.parametrize("kind", REAL)
def test_every_kind_of_real_number(kind: str) -> None:
    found = checks.number("rho", REAL[kind](0.5))
    assert (found, type(found)) == (0.5, float)
    assert checks.whole(REAL[kind](2.0)) is None, "2.0 is no integer by its kind"


@pytest.mark.parametrize("kind", [*REAL, *WHOLE])
def test_a_number_alone_or_in_an_array(kind: str) -> None:
    assert checks.single({**WHOLE, **REAL}[kind](2)) == 2
    assert checks.single(np.array([2.0])) == checks.single(TorchLike([[2.0]], grad=True)) == 2


@pytest.mark.parametrize(
    "value", ["2", None, True, [2.0], np.ones(2), np.zeros(0), np.array(["2"]), np.array([True])]
)
def test_no_number_and_no_array_of_one(value: Any) -> None:
    assert checks.single(value) is None


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_of_integer(kind: str) -> None:
    for found in (
        checks.positive("k", WHOLE[kind](2)),
        checks.integer("k", WHOLE[kind](2)),
        checks.seed("seed", WHOLE[kind](2)),
        checks.epochs("k", WHOLE[kind](2)),
    ):
        assert (found, type(found)) == (2, int)
    assert checks.number("k", WHOLE[kind](2)) == 2.0


def test_a_number_of_the_kind_of_bfloat16() -> None:
    """NumPy has no such dtype; that of ml_dtypes is of kind V and answers `float`."""

    class BFloat16:
        dtype = np.dtype("V2")
        shape = ()

        def __float__(self) -> float:
            return 0.5

    assert checks.number("rho", BFloat16()) == 0.5
    with pytest.raises(ArgumentTypeError, match="rho must be a number"):
        checks.number("rho", np.void(b"ab"))


@pytest.mark.parametrize("value", [float("nan"), np.float32("nan"), Decimal("nan"), np.array(np.nan)])
@pytest.mark.parametrize("rule", [*RULES, checks.above_zero])
def test_nan_is_refused_everywhere(rule: Callable[..., Any], value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"(?i)rho must be a finite number\. Received: rho=.*nan"):
        rule("rho", value)


@pytest.mark.parametrize("value", [float("inf"), 10**400, np.float32("inf")])
def test_infinity_is_refused_unless_it_means_something(value: Any) -> None:
    for rule in (checks.number, checks.not_negative, checks.fraction, checks.above_zero):
        with pytest.raises(ArgumentError, match=r"rho must be a finite number\. Received: rho="):
            rule("rho", value)
    assert checks.optional("rho", value) == math.inf
    assert checks.epochs("rho", value) == value
    assert checks.number("rho", value, infinite=True) == math.inf
    assert checks.number("rho", -(10**400), infinite=True) == -math.inf


@pytest.mark.parametrize("value", [-0.1, -1])
@pytest.mark.parametrize("rule", [checks.not_negative, checks.fraction, checks.optional, checks.epochs])
def test_below_zero(rule: Callable[..., Any], value: float) -> None:
    with pytest.raises(ArgumentError, match=r"rho must be at least 0\. Received: rho="):
        rule("rho", value)


@pytest.mark.parametrize("value", [0, -0.5])
def test_not_above_zero(value: float) -> None:
    with pytest.raises(ArgumentError, match=r"rho must be above 0\. Received: rho="):
        checks.above_zero("rho", value)
    assert checks.above_zero("rho", 0.5) == 0.5


@pytest.mark.parametrize("value", [0.1, 1])
def test_above_zero(value: float) -> None:
    with pytest.raises(ArgumentError, match=r"power must be at most 0\. Received: power="):
        checks.not_positive("power", value)
    assert checks.not_positive("power", -0.5) == -0.5


def test_epochs_to_wait_for() -> None:
    assert repr(checks.epochs("patience", np.int64(3))) == "3"
    assert checks.epochs("patience", 2.5) == 2.5


# -- several --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LISTS)
def test_every_kind_of_list(kind: str) -> None:
    assert checks.several("values", LISTS[kind]([0.5, 0.25]), checks.number, "[1.0]") == [0.5, 0.25]
    assert checks.several("axes", LISTS[kind]([3, 1]), checks.integer, "[1]") == [3, 1]
    assert [type(n) for n in checks.several("axes", range(2), checks.integer, "[1]")] == [int, int]


@pytest.mark.parametrize("value", [0.5, None, "0.5", b"12", {0: 0.5}, np.array(0.5), np.ones((2, 2))])
def test_what_is_no_list(value: Any) -> None:
    assert checks.entries(value) is None
    with pytest.raises(
        ArgumentTypeError, match=r"(?s)values must be a list of numbers\. Received: values=.*\[1\.0\]"
    ):
        checks.several("values", value, checks.number, "[1.0]")


def test_a_list_of_no_numbers() -> None:
    with pytest.raises(ArgumentTypeError, match=r"values must be a number\. Received: values='a'"):
        checks.several("values", [0.5, "a"], checks.number, "[1.0]")


@pytest.mark.parametrize("value", [-1, 2**32, 1.0, "1", True, None])
def test_what_is_no_seed(value: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"seed must be an integer from 0 to 4294967295"
    ):
        checks.seed("seed", value, 2**32)


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


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(2), 2.0, np.float32(2)])
def test_a_positive_integer(value: Any) -> None:
    found = checks.positive("steps", value)
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize(
    "value", [2.5, "2", None, True, np.True_, [2], np.float32(2.5), float("nan"), np.inf]
)
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
