"""Texts as numbers of words: mixed, marked and cut."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.datasets import texts
from minifit.datasets.texts import Cut
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from tests.datasets.server import serving

TEXTS, LABELS = [[1, 2], [3], [4, 5, 6]], np.array([0, 1, 2])


def test_texts_keep_their_labels() -> None:
    mixed, labels = texts.mixed(TEXTS, LABELS, Cut(seed=1))
    assert labels.tolist() != LABELS.tolist()
    assert [TEXTS[label] for label in labels] == [[word - 3 for word in text[1:]] for text in mixed]
    assert {text[0] for text in mixed} == {1}


def test_texts_without_marks() -> None:
    mixed, labels = texts.mixed(TEXTS, LABELS, Cut(start_char=None, index_from=0))
    assert [TEXTS[label] for label in labels] == mixed


def test_long_texts_are_left_out() -> None:
    mixed, labels = texts.mixed(TEXTS, LABELS, Cut(maxlen=4))
    assert sorted(labels) == [0, 1]
    assert max(map(len, mixed)) == 3
    with pytest.raises(ArgumentError, match="maxlen=2, but all are longer"):
        texts.mixed(TEXTS, LABELS, Cut(maxlen=2))


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (Cut(), [[1, 2, 5], [7]]),
        (Cut(num_words=6), [[1, 2, 5], [2]]),
        (Cut(num_words=6, skip_top=2), [[2, 2, 5], [2]]),
        (Cut(num_words=6, skip_top=2, oov_char=None), [[2, 5], []]),
    ],
)
def test_words_that_are_not_kept(cut: Cut, expected: list[list[int]]) -> None:
    given = [[1, 2, 5], [7]]
    # Without num_words the most frequent number itself is replaced, as in Keras.
    assert texts.replaced(given, cut) == (expected if cut.num_words else [[1, 2, 5], [2]])


def test_texts_of_one_length_are_still_lists() -> None:
    made = texts.listed([[1, 2], [3, 4]])
    assert made.shape == (2,)
    assert made[1] == [3, 4]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_words", "many"),
        ("skip_top", -1),
        ("maxlen", 1.5),
        ("seed", -1),
        ("start_char", "a"),
        ("index_from", None),
    ],
)
def test_numbers_that_are_none(name: str, value: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=f"{name} must be"):
        Cut()._replace(**{name: value}).checked()


def test_the_numbers_of_words(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, fits in ((b'{"good": 1}', True), (b"[1]", False)):
        with serving(content) as server:
            monkeypatch.setattr(texts, "KERAS_FILES", server.url(""))
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if fits:
                assert texts.word_index("words.json", "words.json", md5) == {"good": 1}
            else:
                with pytest.raises(
                    DataError, match=r"must contain a dict of word numbers\. Received: a list"
                ):
                    texts.word_index("others.json", "words.json", md5)
