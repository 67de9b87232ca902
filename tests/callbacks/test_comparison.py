"""Is it better? The one answer that every callback with a monitor gives."""

import warnings
from math import inf, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.callbacks.comparison import Comparison
from minifit.errors import MinifitWarning

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def never(name: str) -> bool:
    return False


def always(name: str) -> bool:
    return True


def comparison(
    mode: str = "min", min_delta: float = 0.0, monitor: str = "val_loss", **more: Any
) -> Comparison:
    return Comparison(monitor, mode, never, min_delta, **more)


@given(finite, finite)
def test_smaller_or_larger_is_better(a: float, b: float) -> None:
    assert comparison("min").better(a, b) == (a < b)
    assert comparison("max").better(a, b) == (a > b)


@given(finite, finite, st.floats(0, 1e3, width=32), st.booleans())
def test_better_by_more_than_min_delta(a: float, b: float, delta: float, moves: bool) -> None:
    for mode in ("min", "max"):
        one = comparison(mode, delta, moves_reference=moves)
        assert one.better(a, b) <= comparison(mode).better(a, b)
        assert comparison(mode, -delta, moves_reference=moves).better(a, b) >= comparison(mode).better(a, b)
    assert not comparison("min", 0.5, moves_reference=moves).better(1.5, 2.0)
    assert comparison("min", 0.5, moves_reference=moves).better(1.25, 2.0)


def test_min_delta_moves_the_value_or_the_reference() -> None:
    """The same in exact numbers; where rounding decides, as tf.keras does it in the one callback and the other."""
    value, reference, delta = 0.04, 0.14, 0.1
    assert value + delta >= reference
    assert value < reference - delta
    assert not comparison("min", delta).better(value, reference)
    assert comparison("min", delta, moves_reference=True).better(value, reference)


def test_the_operation_is_the_ufunc_that_keras_shows() -> None:
    assert comparison("min").operation is np.less
    assert comparison("max").operation is np.greater


@pytest.mark.rule("MON-1")
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("reference", [nan, inf, -inf, 0.0])
def test_nan_is_never_better(mode: str, reference: float) -> None:
    assert not comparison(mode).better(nan, reference)


@pytest.mark.rule("MON-1")
def test_infinite_values_are_compared_as_numbers() -> None:
    assert comparison("min").better(-inf, -1e300)
    assert not comparison("min").better(inf, inf)
    assert comparison("max").better(inf, 1e300)
    assert not comparison("max").better(-inf, -inf)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_every_number_is_better_than_the_worst(mode: str) -> None:
    one = comparison(mode, min_delta=3.0)
    assert one.better(1e300, one.worst)
    assert one.better(-1e300, one.worst)
    assert not one.better(one.worst, one.worst)


@pytest.mark.rule("MON-3")
def test_auto_asks_the_callbacks_own_rule() -> None:
    asked: list[str] = []

    def larger_is_better(name: str) -> bool:
        asked.append(name)
        return True

    assert Comparison("val_own", "auto", larger_is_better).larger
    assert asked == ["val_own"]
    assert not Comparison("val_own", "auto", never).larger
    assert not Comparison("val_own", "min", always).larger
    assert Comparison("val_own", "max", never).larger


@pytest.mark.rule("MON-4")
@pytest.mark.parametrize("guess", [always, never])
def test_a_weird_mode_warns_and_counts_as_auto(guess: Any) -> None:
    with pytest.warns(MinifitWarning, match="mode must be 'auto', 'min' or 'max'. Received: mode='weird'"):
        one = Comparison("val_loss", "weird", guess)
    assert one.larger == guess("val_loss")
    assert one.guessed


# -- a metric that knows better ----------------------------------------------------------------------------


def metric(name: str, direction: str | None) -> Any:
    return SimpleNamespace(name=name, direction=direction)


@pytest.mark.rule("MON-6")
@pytest.mark.parametrize("monitor", ["score", "val_score"])
@pytest.mark.parametrize(("guess", "direction"), [(always, "min"), (never, "max")])
def test_a_guess_against_the_direction_of_a_known_metric_warns(
    monitor: str, guess: Any, direction: str
) -> None:
    one = Comparison(monitor, "auto", guess)
    taken = "max" if direction == "min" else "min"
    with pytest.warns(
        MinifitWarning, match=f"the name '{monitor}' .*mode='{taken}'.*Pass mode='{direction}'"
    ):
        one.check_direction([metric("loss", None), metric("score", direction)])
    assert one.larger == guess(monitor), "it warns, it does not change its mind"


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize(
    ("one", "known"),
    [
        (Comparison("val_score", "auto", always), [metric("score", "max")]),
        (Comparison("val_score", "auto", never), [metric("score", "min")]),
        (Comparison("val_score", "auto", never), [metric("score", None)]),
        (Comparison("val_score", "auto", never), [metric("other", "max")]),
        (Comparison("val_score", "auto", never), []),
        (Comparison("val_score", "min", never), [metric("score", "max")]),
        (Comparison("val_score", "max", never), [metric("score", "min")]),
    ],
)
def test_nothing_to_warn_of(one: Comparison, known: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one.check_direction(known)
