"""These functions give the results that TensorFlow recorded."""

import numpy as np
import pytest

from minifit import Sequential
from minifit.data import Dataset
from minifit.errors import ArgumentError
from minifit.functions import shaping
from minifit.layers import Dense, StringLookup
from tests.functions.playing import each, play


@each("shaping")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("shaping", expression)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Received: x alone"):
        shaping.where([True], [1.0])
    for axis in (2, -2):
        with pytest.raises(ArgumentError, match=rf"from 0 to 1\. Received: axis={axis}"):
            shaping.one_hot([0], 2, axis=axis)
    with pytest.raises(ArgumentError, match=r"length of the last axis, 2\. Received: k=3"):
        shaping.top_k([1.0, 2.0], k=3)
    with pytest.raises(ArgumentError, match="batch_dims=1"):
        shaping.gather([[1.0]], [[0]], batch_dims=1)
    with pytest.raises(ArgumentError, match=r"from 0 to 1\. Received: indices from -1 to 1"):
        shaping.gather([1.0, 2.0], [-1, 1])
    with pytest.raises(ArgumentError, match="batch_dims=1"):
        shaping.gather_nd([[1.0]], [[0]], batch_dims=1)
    with pytest.raises(ArgumentError, match=r"length of the axis, 2\. Received: num=3"):
        shaping.unstack([1.0, 2.0], num=3)
    with pytest.raises(ArgumentError, match="mode='REFLECT'"):
        shaping.pad([1.0], [[1, 1]], "REFLECT")
    with pytest.raises(ArgumentError, match="Received: 'x'"):
        shaping.meshgrid([1.0], indexing="x")
    with pytest.raises(ArgumentError, match=r"of shape \(3,\)"):
        shaping.ensure_shape([1.0], (3,))


def test_a_tensor_is_cut_at_places_or_into_equal_parts() -> None:
    numbers = np.arange(6.0).reshape(2, 3)
    for places, axis in (([1], 1), ([0, 2], 1), (3, 1), (2, 0)):
        for part, expected in zip(
            shaping.split_at(numbers, places, axis), np.split(numbers, places, axis), strict=True
        ):
            np.testing.assert_array_equal(part, expected)


def test_text_in_another_shape() -> None:
    words = np.array(["red", "blue"])
    for made in (shaping.expand_dims(words, -1), shaping.reshape(["red", "blue"], [-1, 1])):
        assert made.tolist() == [["red"], ["blue"]]
        for axis in (-1, [1], None):
            assert shaping.squeeze(made, axis).tolist() == ["red", "blue"]


def test_words_are_looked_up_in_a_pipeline() -> None:
    colours, kinds = np.array(["red", "blue", "red", "grey"]), np.array([0.0, 1.0, 0.0, 1.0])
    data = Dataset.from_tensor_slices(({"colour": colours}, kinds)).batch(2)
    lookup = StringLookup(output_mode="one_hot")
    lookup.adapt(data.map(lambda x, y: shaping.expand_dims(x["colour"], -1)))
    assert lookup.get_vocabulary() == ["[UNK]", "red", "grey", "blue"]
    ready = data.map(lambda x, y: (lookup(shaping.expand_dims(x["colour"], -1)), y))
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    assert list(model.fit(ready, epochs=2, verbose=0).history) == ["loss"]
    rows = np.eye(4)[[1, 3, 1, 2]]
    assert np.array_equal(np.concatenate([x.numpy() for x, _ in ready]), rows)
