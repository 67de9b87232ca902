"""The tree of errors is the one that is drawn, and a wrong name gets a helpful answer."""

import inspect
import pickle
import re

import pytest

from minifit import errors
from minifit.errors import MESSAGE, MinifitError, UnknownNameError, legible, quoted, suggestion

LINE = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>\w+)(?: +\((?P<standard>\w+)\))?(?P<text> +\S.*)?$")
CLASSES = {n: c for n, c in vars(errors).items() if inspect.isclass(c) and issubclass(c, Exception | Warning)}


def drawn() -> dict[str, tuple[str | None, str | None]]:
    """From each name in the drawing to the name it hangs from and the standard class beside it."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    path: list[str] = []
    for line in str(errors.__doc__).splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        depth = len(found["branch"]) // 4
        path[depth:] = [found["name"]]
        tree[found["name"]] = path[depth - 1] if depth else None, found["standard"]
    return tree


def real() -> dict[str, tuple[str | None, str | None]]:
    """The same of the classes themselves."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    for name, cls in CLASSES.items():
        own = [b.__name__ for b in cls.__bases__ if b.__name__ in CLASSES]
        standard = [b.__name__ for b in cls.__bases__ if b.__name__ not in CLASSES and b is not Exception]
        tree[name] = own[0] if own else None, standard[0] if standard else None
    return tree


def test_the_tree_is_as_drawn() -> None:
    assert drawn() == real()
    assert len(drawn()) >= 10


def test_the_order_is_as_drawn() -> None:
    assert list(drawn()) == list(real())


@pytest.mark.parametrize("name", [n for n in CLASSES if n != "MinifitWarning"])
def test_one_class_catches_all(name: str) -> None:
    assert issubclass(CLASSES[name], MinifitError)


@pytest.mark.parametrize(
    ("name", "hangs_from"), [(n, standard) for n, (_, standard) in drawn().items() if standard]
)
def test_code_that_expects_the_standard_class_catches_it(name: str, hangs_from: str) -> None:
    standard = getattr(__import__("builtins"), hangs_from)
    with pytest.raises(standard, match="text"):
        raise CLASSES[name]("text")


@pytest.mark.parametrize("name", CLASSES)
def test_each_has_a_docstring_of_its_own(name: str) -> None:
    assert CLASSES[name].__doc__
    assert CLASSES[name].__doc__ != CLASSES[name].__bases__[0].__doc__


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("adm", ["adam", "sgd"], "Did you mean 'adam'?"),
        ("ADAM", ["adam", "sgd"], "Did you mean 'adam'?"),
        ("Relu", ["relu", "tanh"], "Did you mean 'relu'?"),
        ("xyz", ["tanh", "relu"], "Known: 'relu', 'tanh'."),
        ("", ["relu"], "Known: 'relu'."),
        ("xyz", [], "Known: none."),
    ],
)
def test_suggestion(name: str, known: list[str], text: str) -> None:
    assert suggestion(name, known) == text
    assert suggestion(name, iter(known)) == text


def test_an_unknown_name() -> None:
    error = UnknownNameError.of("optimizer", "adm", {"adam": 1, "sgd": 2})
    assert isinstance(error, ValueError)
    assert str(error) == "There is no optimizer of that name. Received: 'adm'. Did you mean 'adam'?"


HOSTILE = "\x1b[2J\r\0\x9b\u202e\ud800" * 1_000_000
"""Escape sequences, a carriage return, NUL, a mark that reverses the direction, half a surrogate pair; 9 MB."""


def test_texts_of_others_are_cut_and_harmless() -> None:
    text = legible(f"begin {HOSTILE} end")
    assert len(text) == errors.LINE
    assert text.isprintable()
    assert text.startswith(r"begin \x1b[2J\r\x00\x9b\u202e\ud800")
    assert text.endswith(" end")
    assert legible(text) == text


def test_what_can_be_shown_stays_as_it_is() -> None:
    assert legible("Größe 層 - val_loss: 0.25") == "Größe 層 - val_loss: 0.25"
    assert legible("two\nlines", lines=True) == "two\nlines"
    assert legible("two\nlines") == r"two\nlines"
    assert legible(b"x") == "b'x'"


@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE] * 1000, {HOSTILE: {HOSTILE: HOSTILE}}, 10**4000])
def test_values_of_others_are_cut_and_harmless(value: object) -> None:
    assert len(quoted(value)) <= errors.LINE
    assert quoted(value).isprintable()


def test_short_values_are_shown_as_they_are() -> None:
    assert quoted({"units": [1, 2.5, None, "a'b"]}) == """{'units': [1, 2.5, None, "a'b"]}"""


@pytest.mark.parametrize("name", [n for n in CLASSES if n != "MinifitWarning"])
def test_no_error_carries_a_text_that_harms_a_terminal(name: str) -> None:
    error = CLASSES[name](f"One\n{HOSTILE}\ntwo")
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert len(str(each)) == MESSAGE
        assert all(line.isprintable() for line in str(each).split("\n"))
        assert str(each).endswith("\ntwo")


def test_an_unknown_name_of_megabytes() -> None:
    error = UnknownNameError.of("layer", HOSTILE, [HOSTILE + "a", HOSTILE])
    assert len(str(error)) < 3 * errors.LINE
