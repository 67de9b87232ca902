"""The kinds of rows in the table of differences between tf.keras 2.7 and Keras 3.

A row defines where it applies, what each of the two has, and how it changes the arguments of a class when they are
written to a file of Keras 3 (`write`) or read from one (`read`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from minifit.errors import ArgumentError, FileFormatError, legible
from minifit.saving.description import Config

Change = Callable[[str, Config], None]
"""A function that changes the arguments of a class in place: ``change(class_name, arguments)``."""


def refuse_to_write(what: str, why: str = "Keras 3 has no such thing") -> NoReturn:
    """Raise the error for something that a file of Keras 3 cannot hold."""
    raise ArgumentError(
        f"A model in the form of Keras 3 must be the same model there. Received: {legible(what)}. {why}. "
        "Change it, or save to a name that ends with .h5: that is the form of tf.keras 2.7."
    )


def refuse_to_read(
    what: str,
    why: str = "tf.keras 2.7 has no such thing, nor has minifit",
    advice: str = "Save it without that",
) -> NoReturn:
    """Raise the error for something in a file of Keras 3 that minifit does not have."""
    raise FileFormatError(
        f"A model from a file must be the same model here. Received: {legible(what)}. {why}. {advice}."
    )


class Difference:
    """A difference between the two; this kind is for differences that do not appear in an argument.

    Parameters
    ----------
    classes : str
        The classes concerned, separated by commas; the whole family when empty.
    keras2, keras3 : str
        What tf.keras 2.7 and Keras 3 have: a description, or for most kinds the name of an argument, function or
        class. Several functions are separated by commas.
    effect : str, optional
        What minifit does about it; by default the usual effect of the kind.
    """

    usual = "translated"
    # Whether `keras2` and `keras3` are descriptions.
    in_words = False

    def __init__(self, classes: str, keras2: str, keras3: str, effect: str = "") -> None:
        self.classes = classes
        self.keras2 = keras2
        self.keras3 = keras3
        self.effect = effect or self.usual

    def concerns(self, class_name: str) -> bool:
        """Return whether the row applies to this class of its family."""
        return not self.classes or class_name in self.classes.split(", ")

    def write(self, class_name: str, config: Config) -> None:
        """Change arguments from tf.keras 2.7's form into Keras 3's, in place."""

    def read(self, class_name: str, config: Config) -> None:
        """Change arguments from Keras 3's form into tf.keras 2.7's, in place."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.classes!r}, {self.keras2!r}, {self.keras3!r})"


class Noted(Difference):
    """A difference that does not show in the file, or that the code translates without a row."""

    in_words = True


class Arithmetic(Noted):
    """A difference in computation, while the file is the same."""

    usual = "not translated; training continues with the reader's computation"


class Renamed(Difference):
    """An argument with different names."""

    def write(self, class_name: str, config: Config) -> None:
        """Rename the argument to Keras 3's name."""
        if self.keras2 in config:
            config[self.keras3] = config.pop(self.keras2)

    def read(self, class_name: str, config: Config) -> None:
        """Rename the argument to tf.keras 2.7's name."""
        if self.keras3 in config:
            config[self.keras2] = config.pop(self.keras3)


class LeftOut(Difference):
    """An argument that one of the two does not have, and that follows from the rest of the configuration."""

    usual = "left out"

    def write(self, class_name: str, config: Config) -> None:
        """Remove the argument."""
        config.pop(self.keras2, None)

    def read(self, class_name: str, config: Config) -> None:
        """Remove the argument."""
        config.pop(self.keras3, None)


class OnlyKeras3(Difference):
    """An argument of Keras 3 that has no effect while it is None, False or `idle`."""

    usual = "refused when set"

    def __init__(self, classes: str, keras3: str, effect: str = "", idle: Any = None) -> None:
        super().__init__(classes, "", keras3, effect)
        self._idle = idle

    def read(self, class_name: str, config: Config) -> None:
        """Remove the argument, or raise if it has an effect."""
        value = config.pop(self.keras3, None)
        if value is not None and value is not False and value != self._idle:
            refuse_to_read(f"{class_name} with {self.keras3}={value!r}")


class Words(Difference):
    """An argument with the same name whose value is one of a few words.

    Parameters
    ----------
    classes, argument, effect : str
    written, back : dict
        The words that differ, from tf.keras 2.7 to Keras 3 and from Keras 3 to tf.keras 2.7.
    refused : tuple of str
        The words of Keras 3 that tf.keras 2.7 does not have.
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
        """Replace the word by Keras 3's."""
        if self.keras3 in config:
            config[self.keras3] = self._written.get(config[self.keras3], config[self.keras3])

    def read(self, class_name: str, config: Config) -> None:
        """Replace the word by tf.keras 2.7's, or raise if there is none."""
        word = config.get(self.keras3, "")
        if word in self._refused:
            refuse_to_read(f"{class_name} with {self.keras3}={word!r}")
        if self.keras3 in config and isinstance(word, str | None):
            config[self.keras3] = self._back.get(word, word)


class Own(Noted):
    """A difference that is translated by functions, each a `Change`."""

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
        """Call the writer."""
        if self._writer is not None:
            self._writer(class_name, config)

    def read(self, class_name: str, config: Config) -> None:
        """Call the reader."""
        if self._reader is not None:
            self._reader(class_name, config)


class Named(Difference):
    """A function or class of the family with different names."""


class NamedByClass(Difference):
    """A function of tf.keras 2.7 for which Keras 3 has only a class that computes the same."""

    usual = "translated; the name in the logs stays"


class ByFunction(Difference):
    """A function that Keras 3 has but does not find by name."""

    usual = "written as a function with its name"


class Refused(Difference):
    """A name, `keras2`, that is refused: it means something else in the other framework, or code."""

    usual = "refused"
