"""StringLookup finds text of any kind, as in TensorFlow 2.7, and sends who gives it numbers to look words up first."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Input, Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from minifit.layers import Dense, StringLookup
from minifit.tensor import Tensor, constant


@pytest.mark.parametrize(
    "options, x, expected",  # as TensorFlow 2.7
    [
        ({}, ["a", "q", "", "b", "[UNK]"], [1, 0, 0, 2, 0]),
        ({}, [["a", "q"], ["", "b"]], [[1, 0], [0, 2]]),
        ({}, "b", 2),
        ({}, np.array([["a", "q"]]), [[1, 0]]),
        ({}, np.array([["a", "q"]], object), [[1, 0]]),
        ({}, np.array([b"a", "b"], object), [1, 2]),
        ({}, np.array([b"a", b"b"]), [1, 2]),
        ({"mask_token": ""}, ["a", "q", "", "b", "[UNK]"], [2, 1, 0, 3, 1]),
        ({"num_oov_indices": 3}, ["a", "q", "", "b", "[UNK]"], [3, 2, 2, 4, 0]),
        ({"mask_token": "", "num_oov_indices": 3}, ["a", "q", "", "b", "[UNK]"], [4, 3, 0, 5, 1]),
    ],
)
def test_places(options: Any, x: Any, expected: Any) -> None:
    y = StringLookup(vocabulary=["a", "b"], **options)(x)
    assert y.dtype == np.int64
    assert y.value.tolist() == expected


def test_words_of_all_alphabets() -> None:
    layer = StringLookup(vocabulary=["ä", "ß"], num_oov_indices=4)
    assert layer(["ä", "ö", "ß", "日本", "x" * 70]).value.tolist() == [4, 2, 5, 3, 1]  # as TensorFlow 2.7
    old = StringLookup(vocabulary=["ä"], encoding="latin-1")
    assert old(np.array(["ä".encode("latin-1")])).value.tolist() == [1]
    assert old.get_config()["encoding"] == "latin-1"


def test_tokens_of_places() -> None:
    layer = StringLookup(vocabulary=["a", "ä"], invert=True)
    y = layer([[0, 1], [2, 7]])
    assert y.numpy().tolist() == [[b"[UNK]", b"a"], ["ä".encode(), b"[UNK]"]]  # as TensorFlow 2.7
    assert y.value.dtype == object
    masked = StringLookup(vocabulary=["a"], invert=True, mask_token="m")
    assert masked([0, 1, 2, 7]).value.tolist() == [b"m", b"[UNK]", b"a", b"[UNK]"]
    words = StringLookup(vocabulary=["a", "ä"])
    np.testing.assert_array_equal(words(y).value, [[0, 1], [2, 0]])


def test_an_unknown_word() -> None:
    with pytest.raises(
        DataError, match=r"no index for unknown values\. Received: 'q'\. Correct the data, or"
    ):
        StringLookup(vocabulary=["a"], num_oov_indices=0)(["a", "q"])


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("a\nb\n", encoding="utf-8")
    layer = StringLookup(vocabulary=str(file))
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    assert layer.get_config()["vocabulary"] == ["a", "b"]


@pytest.mark.parametrize(
    "given", [("a", "b"), np.array(["a", "b"]), np.array([b"a", b"b"]), constant(np.array(["a", "b"]))]
)
def test_vocabularies(given: Any) -> None:
    layer = StringLookup(vocabulary=given)
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    assert [type(token) for token in layer.get_vocabulary()] == [str, str, str]


@pytest.mark.parametrize("name, value", [("vocabulary", [1]), ("vocabulary", ["a", None]), ("oov_token", 0)])
def test_tokens_that_are_no_text(name: str, value: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=rf"{name} must be text\. Received: (1|None|0)\. Convert it, or use an"
    ):
        StringLookup(**{name: value})


def test_an_unknown_encoding() -> None:
    for encoding in ("utf-9", 3):
        with pytest.raises(ArgumentError, match=r"name of a text encoding\. Received: encoding="):
            StringLookup(encoding=encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [[1, 2], [1.5], ["a", None], Tensor([1.0])])
def test_what_is_no_text(x: Any) -> None:
    with pytest.raises(
        ArgumentTypeError, match=r"looks up text, whereas a model's data is numbers\. Received: .*fit\("
    ):
        StringLookup(vocabulary=["a"])(x)


def test_rows_of_unequal_lengths() -> None:
    with pytest.raises(
        ShapeError, match=r"Rows of words must have equal lengths\. Received: a ragged list\. Pad"
    ):
        StringLookup(vocabulary=["a"])([["a"], ["b", "c"]])


def test_before_a_model() -> None:
    layer = StringLookup(output_mode="multi_hot")
    layer.adapt([["red", "round"], ["blue", "round"]])
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(layer([["red", "round"], ["blue", "square"]]), np.ones(2), verbose=0)
    assert model.input_shape == (None, 4)


def test_text_does_not_come_into_a_model() -> None:
    model = Sequential([StringLookup(vocabulary=["a"])])
    with pytest.raises(
        ArgumentTypeError, match=r"Look up words before the model: model\.fit\(lookup\(words\), y\)"
    ):
        model.predict(np.ones((2, 1)), verbose=0)


def test_text_does_not_come_into_a_graph() -> None:
    for add in (
        lambda: StringLookup(vocabulary=["a"])(Input((2,))),
        lambda: Sequential([Input((2,)), StringLookup(vocabulary=["a"])]),
    ):
        with pytest.raises(
            ArgumentTypeError, match=r"looks up text.*Received: a symbol, which represents numbers"
        ):
            add()
