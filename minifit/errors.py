"""Every error and warning that minifit raises.

Each class is also a standard one, so that code which expects a ``ValueError`` catches it:

    MinifitError
    ├── ArgumentError        (ValueError)    an argument breaks its rule
    │   ├── ShapeError                       an array does not fit where it is put
    │   ├── DataError                        the data itself is at fault
    │   ├── FileFormatError  (OSError)       a file is damaged, or not what was expected
    │   └── UnknownNameError                 a name that no table knows
    ├── ArgumentTypeError    (TypeError)     a value of a kind that cannot be used here
    ├── MissingKeyError      (KeyError)      the logs lack a key that is needed
    ├── NotCompiledError     (RuntimeError)  training before ``compile``
    ├── NotBuiltError        (ValueError)    weights are asked for before there are any
    ├── GradientError        (RuntimeError)  a gradient that cannot be had
    ├── DownloadError        (OSError)       a file that cannot be fetched, or is not the right one
    └── MissingPackageError  (ImportError)   an optional package that is not installed
    MinifitWarning           (UserWarning)   training goes on, but look at this

A text gives the rule, then what was received, then what to do.
"""

from collections.abc import Iterable
from typing import Any


class MinifitError(Exception):
    """The root of the tree: catches everything that minifit raises on purpose."""


class ArgumentError(MinifitError, ValueError):
    """An argument breaks its rule."""


class ShapeError(ArgumentError):
    """An array's shape does not fit the place it is put."""


class DataError(ArgumentError):
    """The training data is empty, not numeric, of unequal lengths or out of range.

    Attributes
    ----------
    row : int or None
        The row at fault, of the batch or array that was looked at.
    """

    row: int | None = None

    @classmethod
    def no_class(cls, number: Any, row: int, of: str, classes: int) -> "DataError":
        """The error for a target that is none of so many class numbers."""
        outputs = "1 output" if classes == 1 else f"{classes} outputs"
        todo = (
            "give the last layer more units" if classes > 1 else "use binary_crossentropy for a single output"
        )
        made = cls(
            f"Class numbers must be whole numbers from 0 to {classes - 1}, for a model of {outputs}. "
            f"Received: {number} in row {row} of {of}. Correct the targets or {todo}."
        )
        made.row = row
        return made


class FileFormatError(ArgumentError, OSError):
    """A file is damaged, or not what was expected."""


class UnknownNameError(ArgumentError):
    """A name that is in no table."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownNameError":
        """The error for an unknown `name`, with the nearest of the `known` ones."""
        return cls(f"There is no {kind} of that name. Received: {name!r}. {suggestion(name, known)}")


class ArgumentTypeError(MinifitError, TypeError):
    """A value of a kind that cannot be used here."""


class MissingKeyError(MinifitError, KeyError):
    """The logs lack a key that is needed."""

    __str__ = Exception.__str__  # KeyError shows its text in quotes


class NotCompiledError(MinifitError, RuntimeError):
    """Training or evaluation before ``model.compile``."""


class NotBuiltError(MinifitError, ValueError):
    """A model or layer is asked for weights that it does not have yet."""


class GradientError(MinifitError, RuntimeError):
    """A gradient that cannot be computed."""


class DownloadError(MinifitError, OSError):
    """A file that cannot be fetched, or another one than was asked for."""


class MissingPackageError(MinifitError, ImportError):
    """A package that only some features need, and that is not installed."""


class MinifitWarning(UserWarning):
    """Something to look at; training goes on."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """One sentence: the known name nearest to `name`, or all of them when none is near."""
    from difflib import get_close_matches  # only needed when something is wrong

    names = sorted(known)
    near = [n for n in names if n.lower() == name.lower()] or get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(map(repr, names))}."
