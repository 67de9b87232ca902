"""SpatialDropout1D drops a feature at all steps of a sample, or at none."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import SpatialDropout1D
from minifit.randomness import Streams
from minifit.tensor import Context
from minifit.utils import check_gradients

ONES = np.ones((20, 7, 30), np.float32)


def test_whole_features_are_dropped() -> None:
    with Context(streams=Streams(0)):
        y = SpatialDropout1D(0.4)(ONES, training=True).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.6)}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert (y[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.05)


def test_outside_of_training_it_is_the_input() -> None:
    np.testing.assert_array_equal(SpatialDropout1D(0.4)(ONES).value, ONES)


def test_gradients() -> None:
    layer = SpatialDropout1D(0.4)
    check_gradients(lambda x: layer(x, training=True), np.ones((2, 3, 4)))


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    config = SpatialDropout1D(0.3, name="s").get_config()
    assert list(config.items()) == [
        ("name", "s"),
        ("trainable", True),
        ("dtype", "float32"),
        ("rate", 0.3),
        ("noise_shape", None),
        ("seed", None),
    ]
    assert SpatialDropout1D.from_config(config).get_config() == config


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "a", None])
def test_arguments(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"rate must be .*\. Received: rate="):
        SpatialDropout1D(wrong)


def test_a_mask_of_another_shape() -> None:
    with pytest.raises(ArgumentError, match=r"sets the shape of its mask\. Received: noise_shape=\(1,\)"):
        SpatialDropout1D(0.3, noise_shape=(1,))  # type: ignore[arg-type]


def test_samples_without_steps() -> None:
    with pytest.raises(ShapeError, match=r"features\)\. Received: \(None, 4\)"):
        SpatialDropout1D(0.3)(np.zeros((2, 4), np.float32))
