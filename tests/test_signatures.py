"""A function that takes other arguments is refused, in words; one that does not tell passes."""

import functools
from functools import partial
from typing import Any

import numpy as np
import pytest

from minifit import losses, signatures
from minifit.errors import ArgumentTypeError
from minifit.signatures import check_call, name_of
from minifit.symbolic import on_symbols


def squares(y_true: Any, y_pred: Any, power: float = 2) -> Any:
    return (y_true - y_pred) ** power


class Called:
    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return y_true


@pytest.mark.parametrize(
    "function",
    [
        squares,
        lambda *args: 1,
        lambda a, b=1, **kwargs: 1,
        Called(),
        partial(squares, power=3),
        np.add,  # written in C
        max,
    ],
)
def test_what_takes_two_arguments(function: Any) -> None:
    check_call("The loss", function, "y_true", "y_pred")


@pytest.mark.parametrize(
    ("function", "received"),
    [
        (lambda y: 1, "<lambda>(y)"),
        (lambda a, b, c: 1, "<lambda>(a, b, c)"),
        (lambda a, *, b: 1, "<lambda>(a, *, b)"),
        (partial(squares, 1, 2), "partial(power=2)"),
        (Called().__call__.__func__, "__call__(self, y_true, y_pred)"),  # type: ignore[attr-defined]
    ],
)
def test_what_does_not(function: Any, received: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        check_call("The loss", function, "y_true", "y_pred")
    text = f"The loss must take (y_true, y_pred). Received: {received}. Change its arguments, or wrap it in a lambda."
    assert str(caught.value) == text


def test_keywords_and_no_arguments_at_all() -> None:
    check_call("The loss", squares, "y_true", "y_pred", power=1)
    with pytest.raises(
        ArgumentTypeError, match=r"must take \(y_true, y_pred, axis=\.\.\.\)\. Received: squares"
    ):
        check_call("The loss", squares, "y_true", "y_pred", axis=1)
    check_call("The rate", lambda: 0.1)
    with pytest.raises(ArgumentTypeError, match=r"must take no arguments\. Received: <lambda>\(step\)"):
        check_call("The rate", lambda step: 0.1)


def test_names() -> None:
    assert [name_of(f) for f in (squares, Called(), Called, partial(squares))] == [
        "squares",
        "Called",
        "Called",
        "partial",
    ]


def test_what_is_the_librarys_own_is_not_told_by_its_name() -> None:
    @functools.wraps(losses.mean_squared_error)
    def disguised(y_true: Any, y_pred: Any) -> Any:
        return y_pred

    assert signatures.of_library(losses.mean_squared_error)
    assert not signatures.of_library(disguised)
    assert not signatures.of_library(on_symbols(disguised))
    assert not signatures.of_library(len)


def test_methods_are_as_written_until_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = losses.MeanSquaredError()
    assert signatures.as_written(loss, "call", "__call__")
    loss.call = lambda y_true, y_pred: y_pred  # type: ignore[method-assign]
    assert not signatures.as_written(loss, "call", "__call__")
    monkeypatch.setattr(losses.LossFunctionWrapper, "call", lambda self, y_true, y_pred: y_pred)
    assert not signatures.as_written(losses.MeanSquaredError(), "call", "__call__")
