"""Validation of arguments: real numbers, whole numbers, lists of numbers, and names, with the same words everywhere.

A number is any object that holds one real number: of Python or NumPy, a `Fraction`, a `Decimal`, or a tensor of any
library. Nothing is rounded to a whole number, and a bool is not a number.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from operator import index
from typing import Any, TypeVar

import numpy as np

from minifit.arrays import numpy_ready
from minifit.errors import ArgumentError, ArgumentTypeError, quoted

EPSILON = 1e-7
"""Default of `epsilon`, which avoids divisions by zero."""

T = TypeVar("T")


def real(value: Any) -> int | float | None:
    """Return a real number of any type as a Python number; None for anything but exactly one number."""
    if type(value) is int or type(value) is float:
        return value
    if isinstance(value, bool | str | bytes | bytearray) or getattr(value, "shape", ()) != ():
        return None
    dtype = getattr(value, "dtype", None)
    kind = getattr(dtype, "kind", None)
    # no dtype, or the dtype of another library
    if kind is None:
        if any(word in str(dtype) for word in ("bool", "complex")):
            return None
    # V is the kind of ml_dtypes' bfloat16
    elif kind not in "fiuV":
        return None
    # PyTorch warns about converting a number that has a gradient
    if hasattr(value, "detach"):
        value = value.detach()
    for convert, method in ((index, "__index__"), (float, "__float__")):
        if hasattr(type(value), method):
            try:
                return convert(value)
            except (TypeError, ValueError, ArithmeticError, RuntimeError):
                continue
    return None


def single(value: Any) -> int | float | None:
    """Return a real number, or the number in an array of one, as a Python number; None for anything else.

    For values of logs: a metric may return an array, which has one entry if the model has one class or one output.
    """
    number = real(value)
    if number is None and getattr(value, "shape", ()) != () and hasattr(value, "__array__"):
        array = np.asarray(numpy_ready(value))
        number = real(array.item()) if array.size == 1 else None
    return number


def whole(value: Any) -> int | None:
    """Return an integer of any type as a Python int; None for any other type, even for 2.0."""
    number = real(value)
    return number if isinstance(number, int) else None


def entries(value: Any) -> list[Any] | None:
    """Return the entries of a collection in order; None for a single object, for text and for a dict.

    A collection is a list, tuple, range, array of one axis, pandas Series or Index, a dict's keys or values, or a
    generator.
    """
    if isinstance(value, str | bytes | bytearray | Mapping) or getattr(value, "ndim", 1) != 1:
        return None
    return list(value) if isinstance(value, Iterable) else None


# -- whole numbers --------------------------------------------------------------------------------------------


def integer(name: str, value: Any, example: int = -1) -> int:
    """Return `value` as a Python int.

    Raises
    ------
    ArgumentTypeError
        If it is not an integer.
    """
    number = whole(value)
    if number is None:
        raise ArgumentTypeError(
            f"{name} must be an integer. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return number


def positive(name: str, value: Any, least: int = 1, example: int = 10) -> int:
    """Return `value` as a Python int; a float without a fraction, such as ``1000 / 10``, is also accepted.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If it is below `least`, or not an integer.
    """
    rule = "a positive integer" if least == 1 else f"an integer of at least {least}"
    parsed = real(value)
    number = int(parsed) if isinstance(parsed, float) and parsed.is_integer() else whole(value)
    if number is None or number < least:
        error = ArgumentTypeError if number is None else ArgumentError
        raise error(
            f"{name} must be {rule}. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return number


def seed(name: str, value: Any, below: int | None = None) -> int:
    """Return the seed of a random generator as a Python int.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If it is negative, not below `below`, or not an integer.
    """
    number = whole(value)
    if number is None or number < 0 or (below is not None and number >= below):
        error = ArgumentTypeError if number is None else ArgumentError
        rule = "of at least 0" if below is None else f"from 0 to {below - 1}"
        raise error(
            f"{name} must be an integer {rule}. Received: {name}={quoted(value)}. Pass for example {name}=1."
        )
    return number


def sizes(name: str, value: Any) -> tuple[int | None, ...]:
    """Return a shape as a tuple of ints, with None for a free size.

    Raises
    ------
    ArgumentTypeError
        If it is not a list of integers.
    """
    listed = entries(value)
    if listed is None:
        raise ArgumentTypeError(
            f"{name} must be a tuple of integers. Received: {name}={quoted(value)}. Pass for example {name}=(None, 1)."
        )
    return tuple(None if size is None else integer(name, size, 1) for size in listed)


# -- real numbers ---------------------------------------------------------------------------------------------


def number(name: str, value: Any, example: float = 0.01, infinite: bool = False) -> float:
    """Return `value` as a Python float.

    Raises
    ------
    ArgumentError
        If it is NaN, or if it is infinite and not `infinite`.
    ArgumentTypeError
        If it is not a real number.
    """
    parsed = real(value)
    if parsed is None:
        raise ArgumentTypeError(
            f"{name} must be a number. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    try:
        result = float(parsed)
    except OverflowError:
        # an integer too large for a float
        result = math.inf if parsed > 0 else -math.inf
    if math.isnan(result) or (math.isinf(result) and not infinite):
        raise ArgumentError(
            f"{name} must be a finite number. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return result


def _within(
    rule: str, met: Callable[[float], bool], name: str, value: Any, example: float, infinite: bool = False
) -> float:
    """Return `value` as a float, after validating that it meets a rule."""
    result = number(name, value, example, infinite)
    if not met(result):
        raise ArgumentError(
            f"{name} must be {rule}. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return result


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
    """Return None, or `value` as a float, if it is a number of at least 0; infinity means no bound."""
    return None if value is None else not_negative(name, value, infinite=True)


def reference(name: str, value: Any) -> float | None:
    """Return None, or `value` as a float, if it is a number to compare others with; infinity is allowed."""
    return None if value is None else number(name, value, example=0.5, infinite=True)


def small(value: Any) -> float:
    """Return `value` as the `epsilon` of an optimizer; None and 0 mean 1e-7, as in Keras."""
    return EPSILON if value is None else not_negative("epsilon", value) or EPSILON


def optional_of(check: Callable[[str, Any], T]) -> Callable[[str, Any], T | None]:
    """Return a check that also accepts None."""
    return lambda name, value: None if value is None else check(name, value)


def exact(check: Callable[..., float], **options: Any) -> Callable[[str, Any], int | float]:
    """Return a check that keeps an integer as an int, so that a configuration contains the argument unchanged."""

    def checked(name: str, value: Any) -> int | float:
        result, integer = check(name, value, **options), whole(value)
        return result if integer is None else integer

    return checked


epochs = exact(not_negative, example=3, infinite=True)
"""Check of a number of epochs to wait: a fraction is rounded up, and infinity is never reached, as in Keras."""


# -- lists ----------------------------------------------------------------------------------------------------


def axes(name: str, value: Any) -> int | list[int]:
    """Return an axis, or a list of axes.

    Raises
    ------
    ArgumentTypeError
        If it is neither an integer nor a list of integers, or empty.
    """
    listed = entries(value)
    numbers = [whole(axis) for axis in ([value] if listed is None else listed)]
    integers = [axis for axis in numbers if axis is not None]
    if not numbers or len(integers) < len(numbers):
        raise ArgumentTypeError(
            f"{name} must be an integer or a list of integers. Received: {name}={quoted(value)}. "
            f"Pass for example {name}=-1, the last axis."
        )
    return integers[0] if listed is None else integers


def several(name: str, value: Any, each: Callable[[str, Any], T], example: str) -> list[T]:
    """Return the entries of a list or array, each validated under the name of the argument.

    Raises
    ------
    ArgumentTypeError
        If it is a single object, text or a dict; errors of `each` are also raised.
    """
    listed = entries(value)
    if listed is None:
        raise ArgumentTypeError(
            f"{name} must be a list of numbers. Received: {name}={quoted(value)}. Pass for example {name}={example}."
        )
    return [each(name, entry) for entry in listed]


# -- names ----------------------------------------------------------------------------------------------------

LONGEST = 32_000
"""Largest size of a name in bytes: a weight's name begins with its layer's, and HDF5 stores up to twice as many."""


def utf8(what: str, text: str) -> bytes:
    """Return the bytes of a text to be stored in a file.

    Raises
    ------
    ArgumentError
        If it contains a null character or half of a surrogate pair.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ArgumentError(
            f"{what} must be Unicode without a null character. Received: {quoted(text)}. Choose another name."
        )
    return encoded


def storable_name(what: str, name: Any) -> str:
    """Return `name`, after validating that every file format can store it.

    Raises
    ------
    ArgumentTypeError
        If it is not a string.
    ArgumentError
        If it contains a null character or half of a surrogate pair, or is very long.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"{what} must be a string. Received: name={quoted(name)}. Leave it out for a default name."
        )
    if len(utf8(what, name)) > LONGEST:
        raise ArgumentError(
            f"{what} may have at most {LONGEST} bytes. Received: {quoted(name)} of {len(name.encode())}. Shorten it."
        )
    return name
