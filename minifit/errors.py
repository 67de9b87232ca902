"""The errors and the warning of minifit.

Each error class also derives from a standard one, so code that expects a ``ValueError`` catches it:

    MinifitError
    ├── ArgumentError        (ValueError)    an argument breaks its rule
    │   ├── ShapeError                       the shape of an array does not fit
    │   ├── DataError                        the data itself is at fault
    │   │   └── LossError    (RuntimeError)  a loss that is not a finite number
    │   ├── FileFormatError  (OSError)       a file is damaged, or not what was expected
    │   └── UnknownNameError                 a name that is in no table
    ├── ArgumentTypeError    (TypeError)     a value of a type that cannot be used here
    ├── MissingKeyError      (KeyError)      the logs lack a required key
    ├── NotCompiledError     (RuntimeError)  training before ``compile``
    ├── BusyError            (RuntimeError)  a training model is changed, or trained by another thread
    ├── NotBuiltError        (ValueError)    weights are requested before they exist
    ├── UnconnectedError     (AttributeError)  a layer without exactly one input and one output in a graph
    ├── GradientError        (RuntimeError)  a gradient that cannot be computed
    ├── PartialLoadError     (AssertionError)  a file and a model with different weights
    ├── DownloadError        (OSError)       a file that cannot be downloaded, or is not the right one
    ├── MissingPackageError  (ImportError)   an optional package that is not installed
    ├── StandInError         (RuntimeError)  a package that the stand-in cannot replace
    ├── MissingNameError     (AttributeError)  a name that the stand-in does not have
    ├── MissingModuleError   (ModuleNotFoundError)  a name that the stand-in does not have, in an import
    └── WorkerError          (RuntimeError)  another worker failed, or made a different call
    MinifitWarning           (UserWarning)   a likely fault; training continues

A message states the rule, then the value received, then what to do. It may quote untrusted text, such as names in a
file or the answer of a server: that text is shortened, and no character in it moves a terminal's cursor.
"""

from collections.abc import Iterable
from reprlib import Repr
from typing import Any

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "BusyError",
    "DataError",
    "DownloadError",
    "FileFormatError",
    "GradientError",
    "LossError",
    "MinifitError",
    "MinifitWarning",
    "MissingKeyError",
    "MissingModuleError",
    "MissingNameError",
    "MissingPackageError",
    "NotBuiltError",
    "NotCompiledError",
    "PartialLoadError",
    "ShapeError",
    "StandInError",
    "UnconnectedError",
    "UnknownNameError",
    "WorkerError",
]

LINE = 150
"""Characters that a message shows of one untrusted text, such as a name."""

MESSAGE = 600
"""Characters of a whole message."""

_repr = Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = LINE


def legible(text: object, most: int = LINE, lines: bool = False) -> str:
    """Return a text of unknown origin in a form that is safe to print.

    Parameters
    ----------
    text : object
        Converted with ``str``.
    most : int, default 150
        Largest number of characters; the middle of a longer text is left out.
    lines : bool, default False
        Whether to keep line ends. All other characters that are not printable (control characters, escape sequences,
        marks that reverse the direction of writing) become escapes, as in ``repr``.
    """
    text = _cut(str(text), most)
    if text.isprintable():
        return text
    escaped = "".join(c if c.isprintable() or (lines and c == "\n") else _escaped(c) for c in text)
    return _cut(escaped, most)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 5]} ... {text[-end:]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def quoted(value: object) -> str:
    """Return the ``repr`` of a value of unknown origin, shortened if it is long or deeply nested."""
    return legible(_repr.repr(value))


class MinifitError(Exception):
    """The base class of all errors that minifit raises on purpose.

    Its message is safe to print on a terminal, even where it quotes a file or a server.
    """

    def __init__(self, *args: object) -> None:
        if len(args) == 1 and isinstance(args[0], str):
            args = (legible(args[0], MESSAGE, lines=True),)
        super().__init__(*args)


class ArgumentError(MinifitError, ValueError):
    """An argument breaks its rule."""


class ShapeError(ArgumentError):
    """The shape of an array does not fit."""


class DataError(ArgumentError):
    """The training data is empty, not numeric, of unequal lengths or out of range.

    Attributes
    ----------
    row : int or None
        Row at fault, in the batch or array that was validated.
    """

    row: int | None = None

    @classmethod
    def no_class(cls, number: Any, row: int, source: str, classes: int) -> "DataError":
        """Return the error for a target that is not a class number below `classes`."""
        outputs = "1 output" if classes == 1 else f"{classes} outputs"
        todo = (
            "give the last layer more units" if classes > 1 else "use binary_crossentropy for a single output"
        )
        error = cls(
            f"Class numbers must be whole numbers from 0 to {classes - 1}, for a model of {outputs}. "
            f"Received: {number} in row {row} of {source}. Correct the targets or {todo}."
        )
        error.row = row
        return error


class LossError(DataError, RuntimeError):
    """The loss is NaN or infinite; a `RuntimeError`, as in Keras 3."""


class FileFormatError(ArgumentError, OSError):
    """A file is damaged, or not what was expected."""


class UnknownNameError(ArgumentError):
    """A name that is in no table."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownNameError":
        """Return the error for an unknown `name`, which suggests the nearest of the `known` ones."""
        return cls(f"There is no {kind} of that name. Received: {quoted(name)}. {suggestion(name, known)}")


class ArgumentTypeError(MinifitError, TypeError):
    """A value of a type that cannot be used here."""


class MissingKeyError(MinifitError, KeyError):
    """The logs lack a required key."""

    # KeyError would print the message in quotes
    __str__ = Exception.__str__


class NotCompiledError(MinifitError, RuntimeError):
    """Training or evaluation before ``model.compile``."""


class BusyError(MinifitError, RuntimeError):
    """A model is compiled, gains or loses a layer, or is trained by another thread while it trains."""


class NotBuiltError(MinifitError, ValueError):
    """The weights of a model or layer are requested before they exist."""


class UnconnectedError(MinifitError, AttributeError):
    """A layer without exactly one input and one output: it was called on no symbols, or on different shapes."""


class GradientError(MinifitError, RuntimeError):
    """A gradient that cannot be computed."""


class PartialLoadError(MinifitError, AssertionError):
    """A file and a model with different weights, so that some were not loaded."""


class DownloadError(MinifitError, OSError):
    """A file that cannot be downloaded, or that is not the requested one."""


class MissingPackageError(MinifitError, ImportError):
    """An optional package that is not installed."""

    @classmethod
    def of(cls, user: str, package: str, error: ImportError, install: str = "") -> "MissingPackageError":
        """Return the error for a `user` that needs a package, with the command that installs it."""
        return cls(
            f"{user} needs the package {package}. Received: {error}. "
            f"Install it with: pip install {install or package}"
        )


class StandInError(MinifitError, RuntimeError):
    """A package that the stand-in cannot replace, because it is already imported."""


class MissingNameError(MinifitError, AttributeError):
    """A name that the stand-in does not have, as an attribute of a module."""


class MissingModuleError(MinifitError, ModuleNotFoundError):
    """A name that the stand-in does not have, in an import."""


class WorkerError(MinifitError, RuntimeError):
    """Another worker that trains the same model failed, or made a different call."""


class MinifitWarning(UserWarning):
    """A likely fault; training continues."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the known name nearest to `name`, or with all known names when none is near."""
    # only needed for an error
    from difflib import get_close_matches

    names = sorted(known)
    near = [n for n in names if n.lower() == name.lower()] or get_close_matches(name[:LINE], names, n=1)
    if near:
        return f"Did you mean {quoted(near[0])}?"
    return f"Known: {legible(', '.join(map(repr, names)), 2 * LINE) or 'none'}."
