"""Discretization sorts and learns as in TensorFlow 2.7."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.layers import Dense, Discretization

X = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]])
WAVE = np.sin(np.arange(200.0)).reshape(100, 2) * 3


@pytest.mark.parametrize(
    "boundaries, x, expected",  # as TensorFlow 2.7
    [
        ([0.0, 1.0, 2.0], X, [[0, 2, 3, 1], [1, 3, 2, 1]]),
        ([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1, 2, 3]),
        ([0.0, 1.0, 2.0], [np.inf, -np.inf], [3, 0]),
        ([0.0, 1.0, 2.0], 1.5, 2),
        ([0.5, 1.5], np.array([0, 1, 2]), [0, 1, 2]),
        ([1.0, 1.0], [0.5, 1.0], [0, 2]),
        ([], [0.0, 1.5], [0, 0]),
        (None, [0.0, 1.5], [0, 0]),
    ],
)
def test_ranges(boundaries: Any, x: Any, expected: Any) -> None:
    y = Discretization(boundaries)(x)
    assert y.dtype == np.int64
    assert y.value.tolist() == expected


# Ranges, epsilon, data, size of batches and boundaries, as TensorFlow 2.7 learns them.
LEARNED: list[tuple[int, float, Any, int | None, list[float]]] = [
    (4, 0.01, X, None, [0.0, 0.5, 1.3]),
    (3, 0.01, X, 7, [0.0, 1.1]),
    (3, 0.3, X, 7, [0.0, 1.0]),
    (10, 0.01, X, None, [-1.5, 0.0, 0.0, 0.5, 1.0, 1.3, 3.0]),
    (3, 0.1, WAVE, None, [-1.43419, 1.26793]),
    (3, 0.01, WAVE, 7, [-1.48037, 1.48226]),
    (3, 0.1, WAVE, 7, [-0.53664, 2.01893]),
    (10, 0.3, WAVE, 7, [-0.28821, 2.18951, 2.90576]),
    (3, 0.01, np.arange(10.0), 7, [2.33333, 5.66667]),
    (3, 0.01, np.arange(10.0), None, [2.33333, 5.66667]),
    (2, 0.01, np.arange(10.0), None, [4.0]),
    (1, 0.01, np.arange(10.0), None, []),
    (5, 0.01, [1.0, 1.0, 1.0, 2.0], None, [1.0, 1.0, 1.0]),
]


@pytest.mark.parametrize("num_bins, epsilon, data, batch_size, expected", LEARNED)
def test_what_it_learns(
    num_bins: int, epsilon: float, data: Any, batch_size: int | None, expected: Any
) -> None:
    layer = Discretization(num_bins=num_bins, epsilon=epsilon)
    layer.adapt(data, batch_size=batch_size)
    np.testing.assert_allclose(layer.bin_boundaries, expected, atol=6e-6)


def test_learned_ranges_hold_as_many_values() -> None:
    data = np.random.default_rng(0).exponential(size=(2000, 2)).astype(np.float32)
    layer = Discretization(num_bins=5, epsilon=0.01)
    layer.adapt(iter(np.split(data, 10)))
    counts = np.bincount(layer(data).value.ravel())
    assert np.abs(counts / data.size - 0.2).max() < 0.02


def test_it_forgets() -> None:
    layer, fresh = Discretization(num_bins=3), Discretization(num_bins=3)
    layer.adapt(X)
    layer.adapt(WAVE)
    fresh.adapt(WAVE)
    assert layer.bin_boundaries == fresh.bin_boundaries
    assert layer.weights == []


def test_the_configuration_holds_what_it_learned() -> None:
    layer = Discretization(num_bins=4, name="mine")
    own = {"bin_boundaries": None, "num_bins": 4, "epsilon": 0.01}
    assert own.items() <= layer.get_config().items()
    layer.adapt(X)
    again = Discretization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(X).value, layer(X).value)
    assert again.get_config() == layer.get_config()
    boundaries: Any = np.array([1, 2])
    assert Discretization(boundaries).get_config()["bin_boundaries"] == [1.0, 2.0]


@pytest.mark.parametrize(
    "arguments, kind, says",
    [
        (
            {"bin_boundaries": [2.0, 1.0]},
            ArgumentError,
            r"must ascend\. Received: bin_boundaries=\[2\.0, 1\.0\]",
        ),
        ({"bin_boundaries": [1.0, "a"]}, ArgumentTypeError, "bin_boundaries must be a number"),
        ({"bin_boundaries": 1.0}, ArgumentTypeError, "bin_boundaries must be a list of numbers"),
        (
            {"bin_boundaries": [1.0], "num_bins": 3},
            ArgumentError,
            r"Received: num_bins=3, bin_boundaries=\[1\.0\]",
        ),
        ({"num_bins": 0}, ArgumentError, "num_bins must be a positive integer"),
        ({"num_bins": 2, "epsilon": 0}, ArgumentError, "epsilon must be above 0"),
    ],
)
def test_arguments(arguments: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        Discretization(**arguments)


@pytest.mark.parametrize(
    "arguments", [{}, {"bin_boundaries": [1.0]}, {"bin_boundaries": [1.0], "num_bins": 2}]
)
def test_nothing_to_learn(arguments: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"learns boundaries for num_bins ranges\. Received: bin_boundaries="
    ):
        Discretization(**arguments).adapt(X)


def test_data_to_learn_from() -> None:
    with pytest.raises(DataError, match="needs data to learn from"):
        Discretization(num_bins=2).adapt(np.zeros((0, 2)))
    with pytest.raises(DataError, match=r"Received: NaN\. Leave it out"):
        Discretization(num_bins=2).adapt([[1.0, np.nan]])
    with pytest.raises(DataError, match=r"sorts numbers into ranges\. Received: NaN"):
        Discretization([1.0])([1.0, np.nan])


def test_in_a_model() -> None:
    model = Sequential([Discretization([0.0, 1.0], input_shape=(4,)), Dense(1, kernel_initializer="ones")])
    assert model.predict(X, verbose=0).tolist() == [[5], [6]]
    model.compile("sgd", "mse")
    model.fit(X, np.ones(2), verbose=0)


def test_arguments_that_are_changed() -> None:
    layer = Discretization(num_bins=2)
    layer.num_bins, layer.epsilon = 3, 0.1
    layer.adapt(WAVE)
    np.testing.assert_allclose(layer.bin_boundaries, [-1.43419, 1.26793], atol=6e-6)
    layer.bin_boundaries = [0.0]
    assert layer([-1.0, 1.0]).value.tolist() == [0, 1]
    with pytest.raises(ArgumentError, match="bin_boundaries must ascend"):
        layer.bin_boundaries = [1.0, 0.0]
