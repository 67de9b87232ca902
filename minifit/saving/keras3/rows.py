"""The kinds of rows that the table of differences between tf.keras 2.7 and Keras 3 is made of.

A row says where it applies, what each of the two has, and what it does to the arguments of a class on their way
into a file of Keras 3 (`write`) and out of one (`read`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from minifit.errors import ArgumentError, FileFormatError
from minifit.saving.description import Config

Change = Callable[[str, Config], None]
"""Changes the arguments of a class, in place: ``change(class_name, arguments)``."""


def refuse_to_write(what: str, why: str = "Keras 3 has no such thing") -> NoReturn:
    """Raise the error for what a file of Keras 3 cannot hold."""
    raise ArgumentError(
        f"A model in the form of Keras 3 must be the same model there. Received: {what}. {why}. "
        "Change it, or save to a name that ends with .h5: that is the form of tf.keras 2.7."
    )


def refuse_to_read(
    what: str,
    why: str = "tf.keras 2.7 has no such thing, nor has minifit",
    advice: str = "Save it without that",
) -> NoReturn:
    """Raise the error for what a file of Keras 3 holds and minifit does not have."""
    raise FileFormatError(
        f"A model from a file must be the same model here. Received: {what}. {why}. {advice}."
    )


@dataclass(frozen=True)
class Difference:
    """A point on which the two do not agree; this kind is for those that no argument tells of.

    Attributes
    ----------
    classes : str
        The classes that it concerns, with commas between them; the whole family when empty.
    keras2, keras3 : str
        What tf.keras 2.7 and Keras 3 have: words, or for most kinds the name of an argument, function or class; of
        functions several may be named, with commas between them.
    effect : str
        What minifit does about it.
    """

    classes: str
    keras2: str
    keras3: str
    effect: str = "translated"

    def concerns(self, class_name: str) -> bool:
        """Whether it applies to this class of its family."""
        return not self.classes or class_name in self.classes.split(", ")

    def write(self, class_name: str, config: Config) -> None:
        """Change arguments from tf.keras 2.7's form into Keras 3's, in place."""

    def read(self, class_name: str, config: Config) -> None:
        """Change arguments from Keras 3's form into tf.keras 2.7's, in place."""


@dataclass(frozen=True)
class Arithmetic(Difference):
    """The same in the file, but something else is computed from it."""

    effect: str = "handed over as it is; training goes on as the reader computes"


@dataclass(frozen=True)
class Renamed(Difference):
    """An argument that has two names."""

    def write(self, class_name: str, config: Config) -> None:
        """Give it Keras 3's name."""
        if self.keras2 in config:
            config[self.keras3] = config.pop(self.keras2)

    def read(self, class_name: str, config: Config) -> None:
        """Give it tf.keras 2.7's name."""
        if self.keras3 in config:
            config[self.keras2] = config.pop(self.keras3)


@dataclass(frozen=True)
class LeftOut(Difference):
    """An argument that one of them does not have, and that says nothing which the rest does not say."""

    effect: str = "left out"

    def write(self, class_name: str, config: Config) -> None:
        """Take it out."""
        config.pop(self.keras2, None)

    def read(self, class_name: str, config: Config) -> None:
        """Take it out."""
        config.pop(self.keras3, None)


@dataclass(frozen=True)
class OnlyKeras3(Difference):
    """An argument of Keras 3 that does nothing while it has the value `idle`, None or False."""

    effect: str = "refused when set"
    idle: Any = None

    def read(self, class_name: str, config: Config) -> None:
        """Take it out, or refuse it."""
        value = config.pop(self.keras3, None)
        if value is not None and value is not False and value != self.idle:
            refuse_to_read(f"{class_name} with {self.keras3}={value!r}")


@dataclass(frozen=True)
class Words(Difference):
    """An argument that is one of a few words.

    Attributes
    ----------
    written, back : dict
        What a word of one becomes in the other, where it does not stay as it is.
    refused : tuple of str
        Words of Keras 3 that tf.keras 2.7 has none for.
    """

    written: Mapping[Any, Any] = field(default_factory=dict)
    back: Mapping[Any, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def write(self, class_name: str, config: Config) -> None:
        """Say it in Keras 3's words."""
        if self.keras2 in config:
            word = config.pop(self.keras2)
            config[self.keras3] = self.written.get(word, word)

    def read(self, class_name: str, config: Config) -> None:
        """Say it in tf.keras 2.7's words."""
        if self.keras3 in config:
            word = config.pop(self.keras3)
            if word in self.refused:
                refuse_to_read(f"{class_name} with {self.keras3}={word!r}")
            config[self.keras2] = self.back.get(word, word) if isinstance(word, str | None) else word


@dataclass(frozen=True)
class Own(Difference):
    """What takes functions of its own."""

    writer: Change | None = None
    reader: Change | None = None

    def write(self, class_name: str, config: Config) -> None:
        """What the writer does."""
        if self.writer is not None:
            self.writer(class_name, config)

    def read(self, class_name: str, config: Config) -> None:
        """What the reader does."""
        if self.reader is not None:
            self.reader(class_name, config)


@dataclass(frozen=True)
class Named(Difference):
    """A function or class of the family that has two names."""


@dataclass(frozen=True)
class NamedByClass(Difference):
    """A function that has a name in tf.keras 2.7, and in Keras 3 only a class that does the same."""

    effect: str = "translated; the name in the logs stays"


@dataclass(frozen=True)
class ByFunction(Difference):
    """A function that Keras 3 has, but does not find by its name alone."""

    effect: str = "written as a function with its name"


@dataclass(frozen=True)
class Refused(Difference):
    """A name, `keras2`, that is not handed over: it stands for something else there, or for code."""

    effect: str = "refused"
