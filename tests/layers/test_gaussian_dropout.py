"""GaussianDropout is noisy in training alone, and draws from a stream of its own."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Dense, GaussianDropout
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor
from minifit.utils import check_gradients

ONES = np.ones((200, 100), np.float32)


def noisy(layer: GaussianDropout, streams: Streams | int = 0, x: Array = ONES) -> Any:
    """The output in training, drawn from these streams."""
    with Context(streams=Streams(streams) if isinstance(streams, int) else streams):
        return layer(x, training=True).numpy()


def test_mean_and_spread() -> None:
    y = noisy(GaussianDropout(0.3))
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert y.std() == pytest.approx((0.3 / 0.7) ** 0.5, rel=0.02)  # TensorFlow 2.7: 0.653
    assert y.dtype == np.float32


def test_the_noise_is_a_factor() -> None:
    np.testing.assert_allclose(
        noisy(GaussianDropout(0.5), x=ONES * 3), noisy(GaussianDropout(0.5)) * 3, rtol=1e-6
    )


@pytest.mark.parametrize("rate", [0, 1, 1.0])
def test_rates_without_noise(rate: float) -> None:
    np.testing.assert_array_equal(noisy(GaussianDropout(rate)), ONES)  # as TensorFlow 2.7


def test_outside_of_training_it_is_the_input() -> None:
    x = Tensor(ONES)
    assert GaussianDropout(0.3)(x) is x


def test_whole_numbers_become_noisy_too() -> None:
    whole = np.arange(1, 9).reshape(2, 4)
    made = GaussianDropout(0.3, seed=1)(Tensor(whole), training=True).numpy()
    assert (made % 1 != 0).all()


def test_the_gradient() -> None:
    layer = GaussianDropout(0.3)
    check_gradients(lambda x: layer(x, training=True), np.ones((3, 4)))


def test_every_call_has_noise_of_its_own() -> None:
    streams, layer = Streams(0), GaussianDropout(0.3)
    assert not np.array_equal(noisy(layer, streams), noisy(layer, streams))


def test_the_root_seed_decides() -> None:
    np.testing.assert_array_equal(noisy(GaussianDropout(0.3), 1), noisy(GaussianDropout(0.3), 1))
    assert not np.array_equal(noisy(GaussianDropout(0.3), 1), noisy(GaussianDropout(0.3), 2))


def test_a_seed_makes_it_independent_of_the_root() -> None:
    first = noisy(GaussianDropout(0.3, seed=7), 1)
    np.testing.assert_array_equal(noisy(GaussianDropout(0.3, seed=7), 2), first)
    assert not np.array_equal(noisy(GaussianDropout(0.3, seed=8), 1), first)
    layer, streams = GaussianDropout(0.3, seed=7), Streams(0)
    assert not np.array_equal(noisy(layer, streams), noisy(layer, streams))  # it goes on


@pytest.mark.parametrize("seed", [None, 7])
def test_the_stream_can_be_put_back(seed: int | None) -> None:
    streams, layer = Streams(3), GaussianDropout(0.3, seed=seed)
    noisy(layer, streams)
    state = streams.get_state()
    expected = noisy(layer, streams)
    resumed = Streams(99)
    resumed.set_state(state)
    np.testing.assert_array_equal(noisy(GaussianDropout(0.3, seed=seed), resumed), expected)


def test_in_a_model() -> None:
    model = Sequential([GaussianDropout(0.3, input_shape=(3,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(ONES[:2, :3]), [[3], [3]])
    assert model.evaluate(ONES[:4, :3], np.full((4, 1), 3), verbose=0) == 0
    assert model.train_on_batch(ONES[:4, :3], np.full((4, 1), 3)) > 0


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = GaussianDropout(0.3, seed=3, name="g").get_config()
    assert list(config.items()) == [
        ("name", "g"),
        ("trainable", True),
        ("dtype", "float32"),
        ("rate", 0.3),
        ("seed", 3),
    ]
    assert GaussianDropout.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "a", None, True, float("nan")])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"rate must be .*\. Received: rate="):
        GaussianDropout(wrong)
