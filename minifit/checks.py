"""What arguments must be: numbers in a range, whole numbers. Said in the same words everywhere."""

from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError

EPSILON = 1e-7
"""What keeps a division from being one by zero, unless something else is wanted."""


def positive(name: str, value: Any, least: int = 1, example: int = 10) -> int:
    """`value` if it is an integer of at least `least`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        Otherwise.
    """
    wanted = "a positive integer" if least == 1 else f"an integer of at least {least}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ArgumentTypeError(
            f"{name} must be {wanted}. Received: {name}={value!r}. Pass for example {name}={example}."
        )
    if value < least:
        raise ArgumentError(
            f"{name} must be {wanted}. Received: {name}={value!r}. Pass for example {name}={example}."
        )
    return int(value)


def number(name: str, value: Any, example: float = 0.01) -> float:
    """`value` as a float, if it is a number."""
    array = np.asarray(value)
    if isinstance(value, bool) or array.shape != () or array.dtype.kind not in "fiu":
        raise ArgumentTypeError(
            f"{name} must be a number. Received: {name}={value!r}. Pass for example {name}={example}."
        )
    return float(array)


def not_negative(name: str, value: Any, example: float = 0.01) -> float:
    """`value` as a float, if it is a number of at least 0."""
    found = number(name, value, example)
    if not found >= 0:
        raise ArgumentError(
            f"{name} must be at least 0. Received: {name}={value!r}. Pass for example {name}={example}."
        )
    return found


def not_positive(name: str, value: Any) -> float:
    """`value` as a float, if it is a number of at most 0."""
    found = number(name, value, -0.5)
    if not found <= 0:
        raise ArgumentError(
            f"{name} must be at most 0. Received: {name}={value!r}. Pass for example {name}=-0.5."
        )
    return found


def fraction(name: str, value: Any, closed: bool = False) -> float:
    """`value` as a float, if it lies in [0, 1), or in [0, 1] when `closed`."""
    found = not_negative(name, value)
    if found > 1 or (found == 1 and not closed):
        end = "to 1" if closed else "to below 1"
        raise ArgumentError(
            f"{name} must be from 0 {end}. Received: {name}={value!r}. Pass for example {name}=0.9."
        )
    return found


def optional(name: str, value: Any) -> float | None:
    """None, or `value` as a float, if it is a number of at least 0."""
    return None if value is None else not_negative(name, value)


def small(value: Any) -> float:
    """`value` as the `epsilon` of an optimizer; None and 0 stand for 1e-7, as in Keras."""
    return EPSILON if value is None else not_negative("epsilon", value) or EPSILON
