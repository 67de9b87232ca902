"""Rules for arguments: real numbers, whole numbers, several of them, names. Said in the same words everywhere.

A number is whatever says that it is one real number: Python's, NumPy's, a `Fraction`, a `Decimal`, a tensor of any
library. Nothing is rounded to a whole number, and a bool is none.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from operator import index
from typing import Any, TypeVar

import numpy as np

from minifit.arrays import numpy_ready
from minifit.errors import ArgumentError, ArgumentTypeError, quoted

EPSILON = 1e-7
"""What keeps a division from being one by zero, unless something else is wanted."""

T = TypeVar("T")


def real(value: Any) -> int | float | None:
    """Return a real number of any kind as one of Python's; None for what is not exactly one number."""
    if type(value) is int or type(value) is float:
        return value
    if isinstance(value, bool | str | bytes | bytearray) or getattr(value, "shape", ()) != ():
        return None
    dtype = getattr(value, "dtype", None)
    kind = getattr(dtype, "kind", None)
    if kind is None:  # no dtype, or none of NumPy's
        if any(word in str(dtype) for word in ("bool", "complex")):
            return None
    elif kind not in "fiuV":  # V is the kind of ml_dtypes' bfloat16
        return None
    if hasattr(value, "detach"):  # PyTorch warns of a number that has a gradient
        value = value.detach()
    for convert, method in ((index, "__index__"), (float, "__float__")):
        if hasattr(type(value), method):
            try:
                return convert(value)
            except (TypeError, ValueError, ArithmeticError, RuntimeError):
                continue
    return None


def single(value: Any) -> int | float | None:
    """Return a real number, or that of an array of one, as one of Python's; None for anything else.

    For values of logs: a metric may compute an array, and a model may have one class or one output.
    """
    found = real(value)
    if found is None and getattr(value, "shape", ()) != () and hasattr(value, "__array__"):
        array = np.asarray(numpy_ready(value))
        found = real(array.item()) if array.size == 1 else None
    return found


def whole(value: Any) -> int | None:
    """Return an integer of any kind as Python's; None for what is no integer by its kind, as 2.0."""
    found = real(value)
    return found if isinstance(found, int) else None


def entries(value: Any) -> list[Any] | None:
    """Return the entries of what holds several, in their order; None for a single thing, text and a dict.

    A list, tuple, range, array of one axis, pandas Series or Index, a dict's keys or values, a generator.
    """
    if isinstance(value, str | bytes | bytearray | Mapping) or getattr(value, "ndim", 1) != 1:
        return None
    return list(value) if isinstance(value, Iterable) else None


# -- whole numbers --------------------------------------------------------------------------------------------


def integer(name: str, value: Any, example: int = -1) -> int:
    """Return `value` as Python's int.

    Raises
    ------
    ArgumentTypeError
        When it is no integer.
    """
    found = whole(value)
    if found is None:
        raise ArgumentTypeError(
            f"{name} must be an integer. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return found


def positive(name: str, value: Any, least: int = 1, example: int = 10) -> int:
    """Return `value` as Python's int; a float will do that has no fraction, as ``1000 / 10``.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When it is below `least`, or no integer.
    """
    rule = "a positive integer" if least == 1 else f"an integer of at least {least}"
    number = real(value)
    found = int(number) if isinstance(number, float) and number.is_integer() else whole(value)
    if found is None or found < least:
        kind = ArgumentTypeError if found is None else ArgumentError
        raise kind(
            f"{name} must be {rule}. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return found


def seed(name: str, value: Any, below: int | None = None) -> int:
    """Return the seed of a random generator as Python's int.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When it is negative or not below `below`, or no integer.
    """
    found = whole(value)
    if found is None or found < 0 or (below is not None and found >= below):
        kind = ArgumentTypeError if found is None else ArgumentError
        rule = "of at least 0" if below is None else f"from 0 to {below - 1}"
        raise kind(
            f"{name} must be an integer {rule}. Received: {name}={quoted(value)}. Pass for example {name}=1."
        )
    return found


def sizes(name: str, value: Any) -> tuple[int | None, ...]:
    """Return a shape as a tuple of ints, None where a size is free.

    Raises
    ------
    ArgumentTypeError
        When it is no list of integers.
    """
    listed = entries(value)
    if listed is None:
        raise ArgumentTypeError(
            f"{name} is a tuple of integers. Received: {name}={quoted(value)}. Pass for example {name}=(None, 1)."
        )
    return tuple(None if size is None else integer(name, size, 1) for size in listed)


# -- real numbers ---------------------------------------------------------------------------------------------


def number(name: str, value: Any, example: float = 0.01, infinite: bool = False) -> float:
    """Return `value` as Python's float.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When it is NaN, or infinite unless that is allowed; when it is no real number.
    """
    found = real(value)
    if found is None:
        raise ArgumentTypeError(
            f"{name} must be a number. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    try:
        result = float(found)
    except OverflowError:  # an integer that no float can hold
        result = math.inf if found > 0 else -math.inf
    if math.isnan(result) or (math.isinf(result) and not infinite):
        raise ArgumentError(
            f"{name} must be a finite number. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return result


def _within(
    rule: str, met: Callable[[float], bool], name: str, value: Any, example: float, infinite: bool = False
) -> float:
    """Return `value` as a float that meets a rule."""
    found = number(name, value, example, infinite)
    if not met(found):
        raise ArgumentError(
            f"{name} must be {rule}. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return found


def not_negative(name: str, value: Any, example: float = 0.01, infinite: bool = False) -> float:
    """Return `value` as a float, if it is a number of at least 0."""
    return _within("at least 0", lambda x: x >= 0, name, value, example, infinite)


def above_zero(name: str, value: Any, example: float = 1.0, infinite: bool = False) -> float:
    """Return `value` as a float, if it is a number above 0."""
    return _within("above 0", lambda x: x > 0, name, value, example, infinite)


def not_positive(name: str, value: Any) -> float:
    """Return `value` as a float, if it is a number of at most 0."""
    return _within("at most 0", lambda x: x <= 0, name, value, -0.5)


def fraction(name: str, value: Any, closed: bool = False, example: float = 0.9) -> float:
    """Return `value` as a float, if it lies in [0, 1), or in [0, 1] when `closed`."""
    end = "to 1" if closed else "to below 1"
    not_negative(name, value, example)
    return _within(f"from 0 {end}", lambda x: x < 1 or (closed and x == 1), name, value, example)


def optional(name: str, value: Any) -> float | None:
    """Return None, or `value` as a float, if it is a number of at least 0; infinity bounds nothing."""
    return None if value is None else not_negative(name, value, infinite=True)


def reference(name: str, value: Any) -> float | None:
    """Return None, or `value` as a float, if it is a number that others are compared with; infinity may be one."""
    return None if value is None else number(name, value, example=0.5, infinite=True)


def small(value: Any) -> float:
    """Return `value` as the `epsilon` of an optimizer; None and 0 stand for 1e-7, as in Keras."""
    return EPSILON if value is None else not_negative("epsilon", value) or EPSILON


def optional_of(check: Callable[[str, Any], T]) -> Callable[[str, Any], T | None]:
    """Return the check that lets None pass."""
    return lambda name, value: None if value is None else check(name, value)


def exact(check: Callable[..., float], **options: Any) -> Callable[[str, Any], int | float]:
    """Return the check that keeps an integer an int, so that a configuration holds what was given."""

    def checked(name: str, value: Any) -> int | float:
        found, given = check(name, value, **options), whole(value)
        return found if given is None else given

    return checked


epochs = exact(not_negative, example=3, infinite=True)
"""Check of a number of epochs to wait for: a fraction is rounded up, and infinity is never reached, as in Keras."""


# -- several --------------------------------------------------------------------------------------------------


def axes(name: str, value: Any) -> int | list[int]:
    """Return an axis, or a list of axes.

    Raises
    ------
    ArgumentTypeError
        When it is no integer, no list of integers, or empty.
    """
    listed = entries(value)
    found = [whole(axis) for axis in ([value] if listed is None else listed)]
    integers = [axis for axis in found if axis is not None]
    if not found or len(integers) < len(found):
        raise ArgumentTypeError(
            f"{name} is an integer or a list of integers. Received: {name}={quoted(value)}. -1 is the last axis."
        )
    return integers[0] if listed is None else integers


def several(name: str, value: Any, each: Callable[[str, Any], T], example: str) -> list[T]:
    """Return the entries of a list, array or the like, each checked under the name of the argument.

    Raises
    ------
    ArgumentTypeError
        When it is a single thing, text or a dict; and whatever `each` raises.
    """
    found = entries(value)
    if found is None:
        raise ArgumentTypeError(
            f"{name} must be a list of numbers. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return [each(name, entry) for entry in found]


# -- names ----------------------------------------------------------------------------------------------------

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
