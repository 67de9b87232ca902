"""The kinds of rows that the table of differences between tf.keras 2.7 and Keras 3 is made of.

A row says where it applies, what each of the two has, and what it does to the arguments of a class on their way
into a file of Keras 3 (`write`) and out of one (`read`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from minifit.errors import ArgumentError, FileFormatError, legible
from minifit.saving.description import Config

Change = Callable[[str, Config], None]
"""Changes the arguments of a class, in place: ``change(class_name, arguments)``."""


def refuse_to_write(what: str, why: str = "Keras 3 has no such thing") -> NoReturn:
    """Raise the error for what a file of Keras 3 cannot hold."""
    raise ArgumentError(
        f"A model in the form of Keras 3 must be the same model there. Received: {legible(what)}. {why}. "
        "Change it, or save to a name that ends with .h5: that is the form of tf.keras 2.7."
    )


def refuse_to_read(
    what: str,
    why: str = "tf.keras 2.7 has no such thing, nor has minifit",
    advice: str = "Save it without that",
) -> NoReturn:
    """Raise the error for what a file of Keras 3 holds and minifit does not have."""
    raise FileFormatError(
        f"A model from a file must be the same model here. Received: {legible(what)}. {why}. {advice}."
    )


class Difference:
    """A point on which the two do not agree; this kind is for those that no argument tells of.

    Parameters
    ----------
    classes : str
        The classes that it concerns, with commas between them; the whole family when empty.
    keras2, keras3 : str
        What tf.keras 2.7 and Keras 3 have: words, or for most kinds the name of an argument, function or class; of
        functions several may be named, with commas between them.
    effect : str, optional
        What minifit does about it; what its kind says when empty.
    """

    usual = "translated"
    in_words = False  # whether `keras2` and `keras3` are words

    def __init__(self, classes: str, keras2: str, keras3: str, effect: str = "") -> None:
        self.classes = classes
        self.keras2 = keras2
        self.keras3 = keras3
        self.effect = effect or self.usual

    def concerns(self, class_name: str) -> bool:
        """Whether it applies to this class of its family."""
        return not self.classes or class_name in self.classes.split(", ")

    def write(self, class_name: str, config: Config) -> None:
        """Change arguments from tf.keras 2.7's form into Keras 3's, in place."""

    def read(self, class_name: str, config: Config) -> None:
        """Change arguments from Keras 3's form into tf.keras 2.7's, in place."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.classes!r}, {self.keras2!r}, {self.keras3!r})"


class Noted(Difference):
    """What the file does not show, or what the walk through it does by itself."""

    in_words = True


class Arithmetic(Noted):
    """The same in the file, but something else is computed from it."""

    usual = "handed over as it is; training goes on as the reader computes"


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


class LeftOut(Difference):
    """An argument that one of them does not have, and that says nothing which the rest does not say."""

    usual = "left out"

    def write(self, class_name: str, config: Config) -> None:
        """Take it out."""
        config.pop(self.keras2, None)

    def read(self, class_name: str, config: Config) -> None:
        """Take it out."""
        config.pop(self.keras3, None)


class OnlyKeras3(Difference):
    """An argument of Keras 3 that does nothing while it is None, False or `idle`."""

    usual = "refused when set"

    def __init__(self, classes: str, keras3: str, effect: str = "", idle: Any = None) -> None:
        super().__init__(classes, "", keras3, effect)
        self._idle = idle

    def read(self, class_name: str, config: Config) -> None:
        """Take it out, or refuse it."""
        value = config.pop(self.keras3, None)
        if value is not None and value is not False and value != self._idle:
            refuse_to_read(f"{class_name} with {self.keras3}={value!r}")


class Words(Difference):
    """An argument that is one of a few words, and has one name.

    Parameters
    ----------
    classes, argument, effect : str
    written, back : dict
        What a word of one becomes in the other, where it does not stay as it is.
    refused : tuple of str
        Words of Keras 3 that tf.keras 2.7 has none for.
    """

    def __init__(
        self,
        classes: str,
        argument: str,
        effect: str,
        *,
        written: Mapping[Any, Any],
        back: Mapping[Any, Any],
        refused: tuple[str, ...],
    ) -> None:
        super().__init__(classes, argument, argument, effect)
        self._written, self._back, self._refused = written, back, refused

    def write(self, class_name: str, config: Config) -> None:
        """Say it in Keras 3's words."""
        if self.keras3 in config:
            config[self.keras3] = self._written.get(config[self.keras3], config[self.keras3])

    def read(self, class_name: str, config: Config) -> None:
        """Say it in tf.keras 2.7's words."""
        word = config.get(self.keras3, "")
        if word in self._refused:
            refuse_to_read(f"{class_name} with {self.keras3}={word!r}")
        if self.keras3 in config and isinstance(word, str | None):
            config[self.keras3] = self._back.get(word, word)


class Own(Noted):
    """What takes functions of its own, each a `Change`."""

    def __init__(
        self,
        classes: str,
        keras2: str,
        keras3: str,
        effect: str = "",
        writer: Change | None = None,
        reader: Change | None = None,
    ) -> None:
        super().__init__(classes, keras2, keras3, effect)
        self._writer, self._reader = writer, reader

    def write(self, class_name: str, config: Config) -> None:
        """What the writer does."""
        if self._writer is not None:
            self._writer(class_name, config)

    def read(self, class_name: str, config: Config) -> None:
        """What the reader does."""
        if self._reader is not None:
            self._reader(class_name, config)


class Named(Difference):
    """A function or class of the family that has two names."""


class NamedByClass(Difference):
    """A function that has a name in tf.keras 2.7, and in Keras 3 only a class that does the same."""

    usual = "translated; the name in the logs stays"


class ByFunction(Difference):
    """A function that Keras 3 has, but does not find by its name alone."""

    usual = "written as a function with its name"


class Refused(Difference):
    """A name, `keras2`, that is not handed over: it stands for something else there, or for code."""

    usual = "refused"
