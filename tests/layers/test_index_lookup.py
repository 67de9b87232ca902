"""What both lookup layers do alike: vocabularies, rows, weights; with the values of TensorFlow 2.7."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, DataError, NotBuiltError, ShapeError, UnknownNameError
from minifit.layers import Dense, IntegerLookup, Layer, StringLookup
from minifit.layers.index_lookup import IndexLookup

WORDS = [["a", "b", "c"], ["b", "", "[UNK]"], ["d", "c", ""]]


def adapted(data: Any = WORDS, **options: Any) -> StringLookup:
    layer = StringLookup(**options)
    layer.adapt(data)
    return layer


# Options and the vocabulary that TensorFlow 2.7 learns of WORDS.
LEARNED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["[UNK]", "c", "b", "", "d", "a"]),
    ({"max_tokens": 5}, ["[UNK]", "c", "b", "", "d"]),
    ({"mask_token": ""}, ["", "[UNK]", "c", "b", "d", "a"]),
    ({"mask_token": "", "max_tokens": 5}, ["", "[UNK]", "c", "b", "d"]),
    ({"mask_token": "", "output_mode": "count"}, ["[UNK]", "c", "b", "d", "a"]),
    ({"num_oov_indices": 0}, ["c", "b", "", "d", "a"]),
    ({"num_oov_indices": 2}, ["[UNK]", "[UNK]", "c", "b", "", "d", "a"]),
]


@pytest.mark.parametrize("options, expected", LEARNED)
def test_what_it_learns(options: dict[str, Any], expected: list[str]) -> None:
    layer = adapted(**options)
    assert layer.get_vocabulary() == expected
    assert layer.vocabulary_size() == len(expected)
    specials = sum(token in ("[UNK]", layer.mask_token) for token in expected)
    assert layer.get_vocabulary(include_special_tokens=False) == expected[specials:]
    again = StringLookup.from_config(layer.get_config())
    assert again.get_vocabulary() == expected
    assert again.get_config() == layer.get_config()


def test_it_forgets() -> None:
    layer = adapted()
    layer.adapt(["x", "x", "y"])
    assert layer.get_vocabulary() == ["[UNK]", "x", "y"]
    layer.set_vocabulary(["z"])
    assert layer.get_vocabulary() == ["[UNK]", "z"]
    layer.adapt(iter([["p", "q"], ["q"]]))
    assert layer.get_vocabulary() == ["[UNK]", "q", "p"]


def test_before_there_is_a_vocabulary() -> None:
    layer = StringLookup()
    assert layer.get_vocabulary() == ["[UNK]"]
    assert layer.vocabulary_size() == 1
    assert layer.get_config()["vocabulary"] is None
    with pytest.raises(NotBuiltError, match=r"needs a vocabulary to look up values\. Pass voc"):
        layer(["a"])
    with pytest.raises(NotBuiltError, match="or call adapt"):
        IntegerLookup(output_mode="count").build((None, 3))


@pytest.mark.parametrize(
    "options, vocabulary, expected",  # as TensorFlow 2.7
    [
        ({}, ["[UNK]", "a", "b"], ["[UNK]", "a", "b"]),
        ({"mask_token": ""}, ["", "[UNK]", "a"], ["", "[UNK]", "a"]),
        ({"mask_token": ""}, ["a"], ["", "[UNK]", "a"]),
        ({"num_oov_indices": 2}, ["[UNK]", "[UNK]", "a"], ["[UNK]", "[UNK]", "a"]),
        ({"num_oov_indices": 0, "mask_token": ""}, ["", "a"], ["", "a"]),
        ({"oov_token": None, "num_oov_indices": 0}, ["a"], ["a"]),
    ],
)
def test_special_tokens_may_be_given(options: Any, vocabulary: Any, expected: Any) -> None:
    assert StringLookup(vocabulary=vocabulary, **options).get_vocabulary() == expected


@pytest.mark.parametrize(
    "options, vocabulary, says",
    [
        ({}, ["a", "a"], "each token once"),
        ({}, ["a", "[UNK]"], "has the oov_token at the beginning or not at all"),
        ({"mask_token": ""}, ["a", ""], "has the mask_token at the beginning or not at all"),
        ({"mask_token": ""}, ["", "a"], "begins with all special tokens"),
        ({"mask_token": ""}, ["[UNK]", "a"], "has the oov_token at the beginning"),
        ({"max_tokens": 2}, ["a", "b"], r"at most max_tokens=2 tokens, special ones included\. Received: 3"),
        ({}, [], "at least one token"),
    ],
)
def test_vocabularies_that_cannot_be(options: Any, vocabulary: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        StringLookup(vocabulary=vocabulary, **options)
    layer = StringLookup(**options)
    layer.set_vocabulary(["x"])
    with pytest.raises(ArgumentError, match=says):
        layer.set_vocabulary(vocabulary)
    assert layer.get_vocabulary(include_special_tokens=False) == ["x"]


def test_a_vocabulary_that_was_given_is_not_learned() -> None:
    with pytest.raises(
        ArgumentError, match=r"created without one\. Received: .*, created with a vocabulary\. Leave voc"
    ):
        StringLookup(vocabulary=["a"]).adapt(["b"])


ROWS: list[
    tuple[str, Any, int, Any]
] = [  # mode, mask token, places for unknown numbers, rows of [0, 5, 6, 7]
    ("one_hot", None, 1, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    ("one_hot", 0, 1, [[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    ("one_hot", None, 3, [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 1, 0, 0, 0]]),
    ("multi_hot", None, 1, [1, 1, 1]),
    ("multi_hot", 0, 3, [0, 1, 0, 1, 1]),
    ("count", None, 1, [2, 1, 1]),
    ("count", 0, 1, [1, 1, 1]),
    ("count", 0, 3, [0, 1, 0, 1, 1]),
]


@pytest.mark.parametrize("mode, mask, unknown, expected", ROWS)
def test_rows(mode: str, mask: Any, unknown: int, expected: Any) -> None:
    layer = IntegerLookup(vocabulary=[5, 6], num_oov_indices=unknown, mask_token=mask, output_mode=mode)
    y = layer([0, 5, 6, 7])
    assert y.dtype == np.float32
    assert y.value.tolist() == expected


def test_rows_of_several_values() -> None:
    layer = StringLookup(vocabulary=["a", "b"], mask_token="", output_mode="count")
    assert layer([["a", "q", "a"], ["", "b", "b"]]).value.tolist() == [[1, 2, 0], [0, 0, 2]]
    with pytest.raises(ShapeError, match="at most two axes"):
        StringLookup(vocabulary=["a"], output_mode="one_hot")([["a", "b"]])


def test_rows_of_a_length_of_ones_own() -> None:
    options: dict[str, Any] = {"max_tokens": 6, "pad_to_max_tokens": True, "output_mode": "multi_hot"}
    layer = StringLookup(vocabulary=["a", "b"], **options)
    assert layer([["a", "b"]]).value.tolist() == [[0, 1, 1, 0, 0, 0]]
    layer.set_vocabulary(["a", "b", "c"])
    assert layer([["c", "q"]]).value.tolist() == [[1, 0, 0, 1, 0, 0]]
    assert layer.compute_output_shape((None, 2)) == (None, 6)


def test_the_length_of_rows_is_settled_when_built() -> None:
    layer = StringLookup(vocabulary=["a", "b"], output_mode="count")
    layer(["a"])
    layer.set_vocabulary(["c", "d"])
    assert layer(["d"]).value.tolist() == [0, 0, 1]
    with pytest.raises(
        ArgumentError, match=r"cannot change once a layer is built\. Received: a vocabulary of 2 .* with 3"
    ):
        layer.set_vocabulary(["c"])
    assert layer(["d"]).value.tolist() == [0, 0, 1]


# -- weights -----------------------------------------------------------------------------------------------------


def test_given_weights() -> None:
    layer = StringLookup(output_mode="tf_idf", vocabulary=["a", "b"], idf_weights=[0.5, 0.25])
    assert layer([["a", "a", "q"]]).value.tolist() == [[0.375, 1, 0]]  # as TensorFlow 2.7
    assert [w.tolist() for w in layer.get_weights()] == [[0.375, 0.5, 0.25]]
    assert layer.trainable_weights == []
    own = StringLookup(output_mode="tf_idf", vocabulary=["[UNK]", "a"], idf_weights=[0.75, 0.5])
    assert own([["a", "q"]]).value.tolist() == [[0.75, 0.5]]
    for made in (layer, own):
        again = StringLookup.from_config(made.get_config())
        np.testing.assert_array_equal(again([["a", "q"]]).value, made([["a", "q"]]).value)


def test_learned_weights() -> None:
    layer = adapted([["a", "b"], ["a", "c"]], output_mode="tf_idf")
    assert layer.get_vocabulary() == ["[UNK]", "a", "c", "b"]
    expected = [[0.63237333, 0.51082563, 0.6931472, 0]]  # as TensorFlow 2.7
    np.testing.assert_allclose(layer([["a", "q", "c"]]).value, expected, rtol=1e-6)
    padded = adapted([["a", "b"], ["a", "c"]], output_mode="tf_idf", max_tokens=6, pad_to_max_tokens=True)
    np.testing.assert_allclose(padded([["a", "q", "c"]]).value, [[*expected[0], 0, 0]], rtol=1e-6)
    again = StringLookup.from_config(layer.get_config())
    np.testing.assert_allclose(again([["a", "q", "c"]]).value, expected, rtol=1e-6)
    layer.adapt([["a", "b", "c"]])
    np.testing.assert_allclose(layer.get_weights()[0], np.full(4, np.log(1.5)), rtol=1e-6)


def test_a_batch_of_one_axis_is_a_document() -> None:
    layer = adapted(["a", "b", "a", "c"], output_mode="tf_idf")
    np.testing.assert_allclose(layer([["a", "b", "c"]]).value, [[0, 0.40547, 0.40547, 0.40547]], atol=1e-5)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"vocabulary": ["a"]}, r"needs idf_weights\. Received: none"),
        (
            {"vocabulary": ["a"], "idf_weights": [1, 2]},
            r"vocabulary's 1 tokens\. Received: 2\. Pass",
        ),
        ({"idf_weights": [1.0]}, r"need a vocabulary\. Received: idf_weights without vocabulary"),
        (
            {"vocabulary": ["a"], "idf_weights": [1.0], "output_mode": "int"},
            "allowed with output_mode='tf_idf' only",
        ),
    ],
)
def test_weights_that_do_not_fit(options: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        StringLookup(**{"output_mode": "tf_idf", **options})


# -- arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, kind, says",
    [
        ({"output_mode": "foo"}, UnknownNameError, r"'int', .* or 'tf_idf'\. Received: output_mode='foo'"),
        ({"invert": True, "output_mode": "count"}, ArgumentError, "invert=True returns tokens"),
        ({"sparse": True, "output_mode": "count"}, ArgumentError, "Sparse tensors"),
        ({"max_tokens": 1}, ArgumentError, "max_tokens must be an integer of at least 2"),
        ({"num_oov_indices": -1}, ArgumentError, "num_oov_indices must be an integer of at least 0"),
        ({"pad_to_max_tokens": True}, ArgumentError, r"needs a length\. Received: max_tokens=None"),
        ({"dtype": "float32"}, ArgumentError, r"values of dtype '\w+'\. Received: dtype='float32'"),
    ],
)
@pytest.mark.parametrize("made", [IntegerLookup, StringLookup])
def test_arguments(made: Any, options: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        made(**options)


def test_names_of_older_versions() -> None:
    assert StringLookup(output_mode="binary").output_mode == "multi_hot"
    assert StringLookup(output_mode="tf-idf").output_mode == "tf_idf"


def test_its_own_dtype() -> None:
    assert IntegerLookup(dtype="int64").get_config()["dtype"] == "int64"
    assert StringLookup(dtype="string").get_config()["dtype"] == "string"


def test_places_out_of_the_vocabulary() -> None:
    layer = StringLookup(vocabulary=["a"], oov_token=None, num_oov_indices=0, invert=True)
    assert layer([0]).value.tolist() == [b"a"]
    with pytest.raises(DataError, match=r"no oov_token for indices outside its vocabulary\. Received: 3"):
        layer([0, 3])
    with pytest.raises(DataError, match="takes indices of its vocabulary"):
        layer([np.nan])


def test_the_base_knows_no_tokens() -> None:
    base = IndexLookup(None, 1, None, None, None, None, False, "int", False, False)
    assert isinstance(base, Layer)
    for ask in (lambda: base.token("a", 1), lambda: base.tokens_of([1]), lambda: base.bucket(1, 2)):
        with pytest.raises(NotImplementedError):
            ask()


@pytest.mark.parametrize("mode, width", [("int", 2), ("count", 3), ("multi_hot", 3)])
def test_in_a_model(mode: str, width: int) -> None:
    lookup = IntegerLookup(vocabulary=[50, 60], output_mode=mode, input_shape=(2,))
    model = Sequential([lookup, Dense(1, kernel_initializer="ones")])
    assert model.layers[0].output_shape == (None, width)
    x = np.array([[50, 60], [60, 7]])
    assert model.predict(x, verbose=0).tolist() == ([[3], [2]] if mode == "int" else [[2], [2]])
    model.compile("sgd", "mse")
    before = model.get_weights()[0].copy()
    model.fit(x, np.ones(2), verbose=0)
    assert (model.get_weights()[0] != before).any()


@pytest.mark.parametrize(
    "name, value",
    [
        ("max_tokens", 9),
        ("num_oov_indices", 2),
        ("mask_token", 7),
        ("oov_token", 7),
        ("invert", True),
        ("output_mode", "count"),
        ("pad_to_max_tokens", True),
    ],
)
def test_arguments_are_settled_when_it_is_made(name: str, value: Any) -> None:
    layer = IntegerLookup(vocabulary=[50])
    with pytest.raises(ArgumentError, match=f"{name} is settled when a IntegerLookup is created"):
        setattr(layer, name, value)
    assert layer([50, 1]).value.tolist() == [1, 0]
