"""IntegerLookup finds whole numbers of any kind, as in TensorFlow 2.7."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentTypeError, DataError
from minifit.layers import Embedding, IntegerLookup


@pytest.mark.parametrize(
    "options, x, expected",  # as TensorFlow 2.7
    [
        ({}, [5, 6, 7], [1, 2, 0]),
        ({}, [[5, 6], [7, 0]], [[1, 2], [0, 0]]),
        ({}, 6, 2),
        ({}, np.array([5.0, 6.7]), [1, 2]),
        ({}, np.array([5, 6], np.int32), [1, 2]),
        ({"mask_token": 0}, [0, 5, 6, 7], [0, 2, 3, 1]),
        ({"num_oov_indices": 3}, [5, 6, 7, 8, 9, -1, -2], [3, 4, 1, 2, 0, 2, 1]),
        ({"mask_token": 0, "num_oov_indices": 3}, [-1, -2, 8, 9], [3, 2, 3, 1]),
        ({"num_oov_indices": 0}, [6, 5], [1, 0]),
        ({"invert": True}, [[1, 2], [0, 7]], [[5, 6], [-1, -1]]),
        ({"invert": True, "mask_token": 0}, [0, 1, 2, 3], [0, -1, 5, 6]),
        ({"invert": True}, np.array([1.0, 2.0]), [5, 6]),
    ],
)
def test_places(options: Any, x: Any, expected: Any) -> None:
    y = IntegerLookup(vocabulary=[5, 6], **options)(x)
    assert y.dtype == np.int64
    assert y.value.tolist() == expected


def test_an_unknown_number() -> None:
    with pytest.raises(DataError, match=r"no index for unknown values\. Received: 7\. Correct the data, or"):
        IntegerLookup(vocabulary=[5, 6], num_oov_indices=0)([5, 7])


def test_it_learns() -> None:
    layer = IntegerLookup()
    layer.adapt(np.array([[12, 1138, 42], [42, 1000, 36]]))
    assert layer.get_vocabulary() == [-1, 42, 1138, 1000, 36, 12]
    masked = IntegerLookup(mask_token=0)
    masked.adapt([[5, 6, 5], [9, 9, 0], [-1, 3, 2]])
    assert masked.get_vocabulary() == [0, -1, 9, 5, 6, 3, 2]


@pytest.mark.parametrize(
    "given", [[5, 6], np.array([5, 6]), [5.0, 6.0], np.array([5.0, 6.0]), (np.int32(5), 6)]
)
def test_vocabularies(given: Any) -> None:
    layer = IntegerLookup(vocabulary=given)
    assert layer.get_config()["vocabulary"] == [5, 6]
    assert [type(token) for token in layer.get_vocabulary()] == [int, int, int]


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text("5\n6\n", encoding="utf-8")
    assert IntegerLookup(vocabulary=str(file)).get_vocabulary() == [-1, 5, 6]
    file.write_text("5\nsix\n", encoding="utf-8")
    with pytest.raises(
        ArgumentTypeError, match=r"vocabulary must be an integer\. Received: vocabulary='six'"
    ):
        IntegerLookup(vocabulary=file)


@pytest.mark.parametrize("name, value", [("vocabulary", [1.5]), ("vocabulary", ["a"]), ("mask_token", "a")])
def test_tokens_that_are_no_whole_numbers(name: str, value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{name} must be an integer"):
        IntegerLookup(**{name: value})


def test_large_numbers_are_looked_up_before_a_model() -> None:
    large = 2**53 + 1
    layer = IntegerLookup(vocabulary=[large, large + 1])
    assert layer([large, large + 1, large + 2]).value.tolist() == [1, 2, 0]
    model = Sequential([layer, Embedding(3, 2)])
    with pytest.raises(
        DataError,
        match=r"holds exactly up to 2 \*\* 24\. Received: .* at \(0, 0\) of the batch\. Look up such",
    ):
        model.predict(np.array([[large]]), verbose=0)


@pytest.mark.parametrize("x", [[np.nan], [np.inf]])
def test_what_is_no_number(x: Any) -> None:
    with pytest.raises(DataError, match=r"looks up integers.*Received: (nan|inf) at \(0,\)"):
        IntegerLookup(vocabulary=[5])(x)


def test_text() -> None:
    with pytest.raises(ArgumentTypeError, match="A tensor holds real numbers"):
        IntegerLookup(vocabulary=[5])(["a"])


def test_in_front_of_an_embedding() -> None:
    model = Sequential([IntegerLookup(vocabulary=[50, 60]), Embedding(3, 2)])
    y = model.predict(np.array([[50, 7], [60, 50]]), verbose=0)
    np.testing.assert_array_equal(y, model.get_weights()[0][[[1, 0], [2, 1]]])
