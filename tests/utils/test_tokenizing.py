"""Words as numbers. What is expected here is what TensorFlow 2.7.4 gave."""

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.utils.tokenizing import Tokenizer, text_to_word_sequence

TEXTS = ["The cat, the dog!", "A dog; a day", "dog days\tare over"]


def fitted(**options: object) -> Tokenizer:
    words = Tokenizer(**options)  # type: ignore[arg-type]
    words.fit_on_texts(TEXTS)
    return words


def test_words_of_a_text() -> None:
    assert text_to_word_sequence("What's (this)?\nA test.") == ["what's", "this", "a", "test"]
    assert text_to_word_sequence("A-B c", lower=False, filters="", split="-") == ["A", "B c"]


def test_words_are_numbered_by_how_often_they_occur_and_then_by_when() -> None:
    words = fitted()
    assert words.word_index == {
        "dog": 1, "the": 2, "a": 3, "cat": 4, "day": 5, "days": 6, "are": 7, "over": 8,
    }  # fmt: skip
    assert words.index_word[4] == "cat"
    assert words.word_counts["the"] == 2
    assert words.word_docs["the"] == 1
    assert words.index_docs[1] == 3
    assert words.document_count == 3


def test_numbers_of_texts_and_texts_of_numbers() -> None:
    words = fitted(num_words=4)
    assert words.texts_to_sequences(["the dog and a cat", ["THE", "x"]]) == [[2, 1, 3], [2]]
    assert words.sequences_to_texts([[2, 1, 4, 99]]) == ["the dog"]


def test_other_words_have_a_number_if_there_is_a_name_for_them() -> None:
    words = fitted(num_words=4, oov_token="?")
    assert words.word_index["?"] == 1
    assert words.texts_to_sequences(["the dog and a cat"]) == [[3, 2, 1, 1, 1]]
    assert words.sequences_to_texts([[3, 9, 1]]) == ["the ? ?"]


def test_characters() -> None:
    words = Tokenizer(char_level=True)
    words.fit_on_texts(["aAb"])
    assert words.word_index == {"a": 1, "b": 2}
    assert words.texts_to_sequences(["ba"]) == [[2, 1]]


@pytest.mark.parametrize(
    ("mode", "row"),
    [
        ("binary", [0, 1, 1, 0]),
        ("count", [0, 2, 1, 0]),
        ("freq", [0, 2 / 3, 1 / 3, 0]),
        ("tfidf", [0, 0.94751189, 0.91629073, 0]),
    ],
)
def test_a_row_for_a_text(mode: str, row: list[float]) -> None:
    words = fitted(num_words=4)
    np.testing.assert_allclose(words.texts_to_matrix(["dog the dog"], mode=mode), [row], rtol=1e-6)


def test_rows_of_numbers_alone() -> None:
    np.testing.assert_array_equal(
        Tokenizer(num_words=3).sequences_to_matrix([[1, 2, 7], []]), [[0, 1, 1], [0] * 3]
    )
    counted = Tokenizer(num_words=3)
    counted.fit_on_sequences([[1, 1], [2]])
    assert counted.sequences_to_matrix([[1]], mode="tfidf")[0, 1] == pytest.approx(np.log(2))


def test_what_is_refused() -> None:
    for words, mode in ((Tokenizer(), "binary"), (Tokenizer(num_words=3), "tfidf"), (fitted(), "no")):
        with pytest.raises(ArgumentError, match="A matrix needs a mode"):
            words.sequences_to_matrix([[1]], mode=mode)
