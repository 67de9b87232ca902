"""AlphaDropout keeps mean and variance, and drops to what selu saturates at."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import AlphaDropout
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor
from minifit.utils import check_gradients

ONES = np.ones((30, 40), np.float32)


def noisy(layer: AlphaDropout, x: Any = ONES, seed: int = 0) -> Any:
    """The output in training, drawn from streams of this seed."""
    with Context(streams=Streams(seed)):
        return layer(x, training=True).numpy()


def test_its_two_values() -> None:
    # What TensorFlow 2.7 makes of ones with a rate of 0.3.
    np.testing.assert_allclose(np.unique(noisy(AlphaDropout(0.3))), [-1.0595481, 1.3150446], rtol=1e-6)


def test_mean_and_variance_stay() -> None:
    x = np.random.default_rng(0).standard_normal((500, 400)).astype(np.float32)
    y = noisy(AlphaDropout(0.2), x)
    assert y.mean() == pytest.approx(0, abs=0.01)
    assert y.std() == pytest.approx(1, abs=0.01)
    assert y.dtype == np.float32


@pytest.mark.parametrize("rate", [0, 1])
def test_rates_without_noise(rate: float) -> None:
    np.testing.assert_array_equal(noisy(AlphaDropout(rate)), ONES)  # as TensorFlow 2.7


def test_outside_of_training_it_is_the_input() -> None:
    x = Tensor(ONES)
    assert AlphaDropout(0.3)(x) is x


def test_a_mask_that_is_shared() -> None:
    y = noisy(AlphaDropout(0.5, noise_shape=(None, 1)))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert len(np.unique(y)) == 2


def test_gradients() -> None:
    layer = AlphaDropout(0.3)
    check_gradients(lambda x: layer(x, training=True), np.ones((3, 4)))


def test_seeds() -> None:
    np.testing.assert_array_equal(noisy(AlphaDropout(0.3), seed=1), noisy(AlphaDropout(0.3), seed=1))
    assert not np.array_equal(noisy(AlphaDropout(0.3), seed=1), noisy(AlphaDropout(0.3), seed=2))
    own = noisy(AlphaDropout(0.3, seed=7), seed=1)
    np.testing.assert_array_equal(noisy(AlphaDropout(0.3, seed=7), seed=2), own)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = AlphaDropout(0.3, seed=3, name="a").get_config()
    assert list(config.items()) == [
        ("name", "a"),
        ("trainable", True),
        ("dtype", "float32"),
        ("rate", 0.3),
        ("seed", 3),
    ]
    assert AlphaDropout.from_config(config).get_config() == config
    shared = AlphaDropout(0.3, (None, 1)).get_config()
    assert AlphaDropout.from_config(shared).noise_shape == (None, 1)


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "a", None])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"rate must be .*\. Received: rate="):
        AlphaDropout(wrong)
