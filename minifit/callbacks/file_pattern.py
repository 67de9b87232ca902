"""`FilePattern`: a file name with placeholders for the epoch, the batch and the keys of the logs.

Mistakes in a pattern are found before training where possible.
"""

import glob
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from string import Formatter
from typing import Any, NamedTuple

from minifit.callbacks.monitoring import hint
from minifit.checks import single
from minifit.errors import ArgumentError, ArgumentTypeError, MissingKeyError
from minifit.saving import formats
from minifit.saving.checkpoint_files import INDEX, begin_of, weights_of


class _Formatter(Formatter):
    """A formatter that works like `str.format` and treats an array with one number as that number."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Return the value of one placeholder as a string."""
        number = single(value) if getattr(value, "shape", ()) else None
        return super().format_field(value if number is None else number, format_spec)


_FORMATTER = _Formatter()


class Field(NamedTuple):
    """One placeholder, such as ``{val_loss:.2f}``: its text, and the names in it."""

    text: str
    names: tuple[str, ...]


class FilePattern:
    """A path with placeholders in the form of ``str.format``.

    Parameters
    ----------
    path : str or PathLike
        Such as ``"weights.{epoch:02d}-{val_loss:.2f}.h5"``.

    Attributes
    ----------
    text : str
        The path with its placeholders.
    names : tuple of str
        The names in the placeholders.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If `path` is not a path, or a placeholder has no name.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        text = os.fspath(path) if isinstance(path, os.PathLike) else path
        if not isinstance(text, str):
            raise ArgumentTypeError(
                f"filepath must be a string or a PathLike of one. Received: {path!r}. Pass for example 'model.h5'."
            )
        self.text = text
        self.fields = tuple(self._fields())
        self.names = tuple(dict.fromkeys(name for field in self.fields for name in field.names))

    def _fields(self) -> Iterator[Field]:
        for _, name, spec, conversion in self._parts():
            if name is not None:
                suffix = f"!{conversion}" if conversion else ""
                inner = [n for _, n, *_ in Formatter().parse(spec or "") if n is not None]
                yield Field(f"{{{name}{suffix}:{spec}}}", tuple(self._key(n) for n in (name, *inner)))

    def _parts(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """Return the literal parts, each with the placeholder that follows it."""
        try:
            return list(Formatter().parse(self.text))
        except ValueError as error:
            raise ArgumentError(
                f"Braces in filepath must form placeholders. Received: {self.text!r} ({error}). "
                "Write for example {epoch}, or {{ and }} for literal braces."
            ) from None

    def _key(self, name: str) -> str:
        """Return the key in ``fbeta[0]`` or ``loss.real``."""
        key = re.split(r"[.\[]", name)[0]
        if not key or key.isdecimal():
            raise ArgumentError(
                f"A placeholder in filepath must have a name. Received: {self.text!r}. Write for example {{epoch}}."
            )
        return key

    def check(self, known: Iterable[str]) -> None:
        """Check that the formats fit the values of the known names.

        Raises
        ------
        ArgumentError
            For a format that does not fit, such as ``{val_loss:02d}``.
        """
        values: dict[str, Any] = {**dict.fromkeys(known, 0.5), "epoch": 1, "batch": 1}
        for field in self.fields:
            if values.keys() >= set(field.names) and "[" not in field.text:
                self._format(field.text, values)

    def fill(self, values: Mapping[str, Any]) -> str:
        """Return the path for these values.

        Raises
        ------
        KeyError
            If a placeholder has no value: the standard class itself, as in tf.keras.
        ArgumentError
            If a value does not fit its format.
        """
        return self._format(self.text, values)

    def _format(self, text: str, values: Mapping[str, Any]) -> str:
        try:
            return _FORMATTER.vformat(text, (), values)
        except KeyError as error:
            raise KeyError(str(self.missing(str(error.args[0]), values))) from None
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise ArgumentError(
                f"The formats in filepath must fit their values: the numbers of epochs and batches are integers, the "
                f"values of logs are floats. Received: {self.text!r} ({error}). Write for example {{epoch:02d}} or "
                "{loss:.2f}."
            ) from None

    def missing(self, name: str, known: Collection[str]) -> MissingKeyError:
        """Return the error for a placeholder that has no value."""
        return MissingKeyError(
            f"Every placeholder in filepath must be filled by the epoch, the batch or the logs. "
            f"Received: {{{name}}} in {self.text!r}. {hint(name, known, 'batch' in known)}"
        )

    def newest(self) -> str | None:
        """Return the newest file or folder of a model that matches the pattern; None without one."""
        wildcard = "".join(
            glob.escape(text) + ("" if name is None else "*") for text, name, *_ in self._parts()
        )
        paths = (begin_of(path) for end in ("", INDEX) for path in glob.glob(f"{wildcard}{end}"))
        files = {path: formats.located(weights_of(path)) for path in paths if path is not None}
        written = {path: os.path.getmtime(file) for path, file in files.items() if os.path.isfile(file)}
        return max(written, key=lambda path: (written[path], path), default=None)
