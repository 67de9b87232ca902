"""Vocabularies are checked whole, and learned by counting."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from minifit.layers.vocabulary import Counting, Vocabulary, begins_with, check_tokens, idf_of, listed
from minifit.tensor import Tensor


def counted(*batches: Any) -> Counting:
    made = Counting()
    for batch in batches:
        made.add(np.array(batch), documents=True)
    return made


def test_places() -> None:
    assert Vocabulary(["a", "b"], 2).indices == {"a": 2, "b": 3}


@pytest.mark.parametrize("given", [[5, 6], (5, 6), np.array([5, 6]), Tensor(np.array([5, 6])), iter([5, 6])])
def test_a_list_of_any_kind(given: Any) -> None:
    assert listed(given, str) == [5, 6]


def test_the_lines_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("ä\nb c\n", encoding="utf-8")
    for path in (file, str(file)):
        assert listed(path, str.upper) == ["Ä", "B C"]
    with pytest.raises(
        ArgumentError, match=r"path of a text file\. Received: '.*none\.txt', which cannot be read"
    ):
        listed(tmp_path / "none.txt", str)


@pytest.mark.parametrize("given", [[], {}, None, 3, np.zeros((2, 2)), b"ab"])
def test_no_list(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"at least one token\. Received: vocabulary="):
        listed(given, str)


@pytest.mark.parametrize(
    "tokens, mask, unknown, expected",
    [
        (["", "?", "a"], [""], ["?"], True),
        (["a", "b"], [""], ["?"], False),
        (["?", "a"], [], ["?"], True),
        (["?", "?", "a"], [], ["?", "?"], True),
        (["", "a"], [""], [], True),
        (["a"], [], [], False),
        (["?", "a"], [""], ["?"], False),
    ],
)
def test_special_tokens_in_front(tokens: Any, mask: Any, unknown: Any, expected: bool) -> None:
    assert begins_with(tokens, mask, unknown) is expected


@pytest.mark.parametrize("tokens", [["", "a"], ["a", "?"]])
def test_half_of_the_special_tokens(tokens: Any) -> None:
    with pytest.raises(ArgumentError, match=r"all special tokens, \['', '\?'\], or with none\. Received: \["):
        begins_with(tokens, [""], ["?"])


def test_tokens_that_cannot_be() -> None:
    check_tokens(["a", "b"], oov_token="?", mask_token=None)
    with pytest.raises(ArgumentError, match=r"each token once\. Received: \['a'\] several times"):
        check_tokens(["a", "b", "a"])
    with pytest.raises(
        ArgumentError, match=r"has the oov_token at the beginning or not at all\. Received: '\?' at index 1"
    ):
        check_tokens(["a", "?"], oov_token="?")


def test_weights() -> None:
    assert idf_of([1, 0.5], 2).tolist() == [1, 0.5]
    with pytest.raises(ArgumentError, match=r"needs idf_weights\. Received: none"):
        idf_of(None, 2)
    with pytest.raises(ShapeError, match=r"each of the vocabulary's 2 tokens\. Received: 1\. Pass"):
        idf_of([1.0], 2)
    with pytest.raises(ArgumentTypeError, match="idf_weights must be a number"):
        idf_of([[1.0, 2.0]], 2)
    assert idf_of(Tensor([1.0]), 1).dtype == np.float32


def test_the_most_frequent_come_first_and_equals_from_the_last() -> None:
    counting = counted(["a", "b", "c"], ["b", "", "?"], ["d", "c", ""])
    assert counting.tokens() == ["c", "b", "", "d", "a", "?"]
    assert counting.tokens("", "?") == ["c", "b", "d", "a"]
    assert counted([[3, 10], [10, 2]]).tokens(None) == [10, 3, 2]


def test_documents() -> None:
    rows = counted([["a", "b", "a"], ["a", "c", "c"]])
    np.testing.assert_allclose(rows.idf(["a", "c"]), [np.log(1 + 2 / 3), np.log(1 + 2 / 2)], rtol=1e-6)
    one = counted(["a", "b", "a", "c"])
    np.testing.assert_allclose(one.idf(["a", "c"]), [0.40547, 0.40547], atol=1e-5)  # as TensorFlow 2.7


def test_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match=r"needs data to learn from\. Received: none"):
        counted([]).tokens()
