"""Every error and warning that minifit raises.

Each class is also a standard one, so that code which expects a ``ValueError`` catches it:

    MinifitError
    ├── ArgumentError        (ValueError)    an argument breaks its rule
    │   ├── ShapeError                       an array does not fit where it is put
    │   ├── DataError                        the data itself is at fault
    │   │   └── LossError    (RuntimeError)  a loss that is not a finite number
    │   ├── FileFormatError  (OSError)       a file is damaged, or not what was expected
    │   └── UnknownNameError                 a name that no table knows
    ├── ArgumentTypeError    (TypeError)     a value of a kind that cannot be used here
    ├── MissingKeyError      (KeyError)      the logs lack a key that is needed
    ├── NotCompiledError     (RuntimeError)  training before ``compile``
    ├── BusyError            (RuntimeError)  a model that trains is changed, or trained by another thread
    ├── NotBuiltError        (ValueError)    weights are asked for before there are any
    ├── UnconnectedError     (AttributeError)  a layer has not one input and output in a graph
    ├── GradientError        (RuntimeError)  a gradient that cannot be had
    ├── PartialLoadError     (AssertionError)  a file and a model that do not have the same weights
    ├── DownloadError        (OSError)       a file that cannot be fetched, or is not the right one
    ├── MissingPackageError  (ImportError)   an optional package that is not installed
    ├── StandInError         (RuntimeError)  a stand-in that cannot take the place of a package
    ├── MissingNameError     (AttributeError)  a name that the stand-in does not have
    ├── MissingModuleError   (ModuleNotFoundError)  a name that the stand-in does not have, in an import
    └── WorkerError          (RuntimeError)  another worker that has failed, or that makes another call
    MinifitWarning           (UserWarning)   training goes on, but look at this

A text gives the rule, then what was received, then what to do. Parts of it come from others: names in a file, an
answer of a server. They are cut, and no character in them moves a terminal's cursor.
"""

from collections.abc import Iterable
from reprlib import Repr
from typing import Any

LINE = 150
"""Characters of one text of others, such as a name, that a message shows."""

MESSAGE = 600
"""Characters of a whole message."""

_repr = Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = LINE


def legible(text: object, most: int = LINE, lines: bool = False) -> str:
    """Return a text of unknown origin in a form that can be shown.

    Parameters
    ----------
    text : object
        Taken by its ``str``.
    most : int, default 150
        Characters that remain; the middle of a longer text is left out.
    lines : bool, default False
        Whether line ends stay. All other characters that are not printable (control characters, escape sequences,
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
    """Return the ``repr`` of a value of unknown origin, cut: a long text, a list of many or of deep nesting."""
    return legible(_repr.repr(value))


class MinifitError(Exception):
    """The root of the tree: catches everything that minifit raises on purpose.

    Its text can be shown on a terminal, whatever the file or the server says that it is about.
    """

    def __init__(self, *args: object) -> None:
        if len(args) == 1 and isinstance(args[0], str):
            args = (legible(args[0], MESSAGE, lines=True),)
        super().__init__(*args)


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


class LossError(DataError, RuntimeError):
    """The loss is NaN or infinite; a `RuntimeError`, as in Keras 3."""


class FileFormatError(ArgumentError, OSError):
    """A file is damaged, or not what was expected."""


class UnknownNameError(ArgumentError):
    """A name that is in no table."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownNameError":
        """The error for an unknown `name`, with the nearest of the `known` ones."""
        return cls(f"There is no {kind} of that name. Received: {quoted(name)}. {suggestion(name, known)}")


class ArgumentTypeError(MinifitError, TypeError):
    """A value of a kind that cannot be used here."""


class MissingKeyError(MinifitError, KeyError):
    """The logs lack a key that is needed."""

    __str__ = Exception.__str__  # KeyError shows its text in quotes


class NotCompiledError(MinifitError, RuntimeError):
    """Training or evaluation before ``model.compile``."""


class BusyError(MinifitError, RuntimeError):
    """A model that is being trained is compiled, takes or loses a layer, or is trained by another thread."""


class NotBuiltError(MinifitError, ValueError):
    """A model or layer is asked for weights that it does not have yet."""


class UnconnectedError(MinifitError, AttributeError):
    """A layer was called on no symbols, or on different shapes, so that it has not one input and one output."""


class GradientError(MinifitError, RuntimeError):
    """A gradient that cannot be computed."""


class PartialLoadError(MinifitError, AssertionError):
    """Weights that were to be loaded and were not."""


class DownloadError(MinifitError, OSError):
    """A file that cannot be fetched, or another one than was asked for."""


class MissingPackageError(MinifitError, ImportError):
    """A package that only some features need, and that is not installed."""

    @classmethod
    def of(cls, user: str, package: str, error: ImportError, install: str = "") -> "MissingPackageError":
        """Return the error for a `user` that needs a package, with what is to be installed."""
        return cls(
            f"{user} needs the package {package}. Received: {error}. "
            f"Install it with: pip install {install or package}"
        )


class StandInError(MinifitError, RuntimeError):
    """A package in whose place the stand-in cannot go, as it is imported already."""


class MissingNameError(MinifitError, AttributeError):
    """A name that the stand-in does not have, as an attribute of a module."""


class MissingModuleError(MinifitError, ModuleNotFoundError):
    """A name that the stand-in does not have, in an import."""


class WorkerError(MinifitError, RuntimeError):
    """Another of the workers that train a model together has failed, or makes another call."""


class MinifitWarning(UserWarning):
    """Something to look at; training goes on."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """One sentence: the known name nearest to `name`, or all of them when none is near."""
    from difflib import get_close_matches  # only needed when something is wrong

    names = sorted(known)
    near = [n for n in names if n.lower() == name.lower()] or get_close_matches(name[:LINE], names, n=1)
    if near:
        return f"Did you mean {quoted(near[0])}?"
    return f"Known: {legible(', '.join(map(repr, names)), 2 * LINE) or 'none'}."
