"""What arguments must be: numbers in a range, whole numbers. Said in the same words everywhere."""

from typing import Any

import numpy as np

from minifit.errors import ArgumentError, ArgumentTypeError, quoted

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


LONGEST = 32_000
"""Bytes of a name, at most: a weight's name begins with its layer's, and HDF5 stores names of up to twice as many."""


def utf8(what: str, text: str) -> bytes:
    """The bytes of a text that goes into a file.

    Raises
    ------
    ArgumentError
        When it has a null character or half of a surrogate pair.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ArgumentError(
            f"{what} is Unicode without a null character. Received: {quoted(text)}. Give it another name."
        )
    return encoded


def storable_name(what: str, name: Any) -> str:
    """`name` if it is one that every file format can store.

    Raises
    ------
    ArgumentTypeError
        When it is no string.
    ArgumentError
        When it has a null character or half of a surrogate pair, or is very long.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"{what} is a string. Received: name={quoted(name)}. Leave it out for a name."
        )
    if len(utf8(what, name)) > LONGEST:
        raise ArgumentError(
            f"{what} has at most {LONGEST} bytes. Received: {quoted(name)} of {len(name.encode())}. Shorten it."
        )
    return name


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
