"""Images: the PNG files, read by another program, and how weights are laid out."""

import io

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifit.errors import ShapeError
from minifit.tensorboard.images import Pixels, image_value, pixels_of, png, weight_as_images

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4))


@given(arrays.arrays("u1", SHAPES))
def test_matplotlib_reads_the_pixels(pixels: Pixels) -> None:
    read = np.rint(255 * matplotlib.image.imread(io.BytesIO(png(pixels)), format="png")).astype(np.uint8)
    channels = pixels.shape[2]
    if channels == 2:  # which matplotlib makes RGBA of
        pixels = np.concatenate([pixels[:, :, :1].repeat(3, axis=2), pixels[:, :, 1:]], axis=2)
    np.testing.assert_array_equal(read.reshape(pixels.shape), pixels)


def test_pixels_are_those_of_tensorflow() -> None:
    numbers = np.linspace(-0.5, 1.5, 12)
    assert pixels_of(numbers).tobytes() == bytes.fromhex("0000000b3a6896c5f3ffffff")
    assert pixels_of(np.array([np.nan, -np.inf, np.inf])).tolist() == [0, 0, 255]
    assert pixels_of(np.array([-5, 7, 300])).tolist() == [0, 7, 255]
    assert pixels_of(np.array([9], np.uint8)).tolist() == [9]


@pytest.mark.rule("TB-2")
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((7,), (1, 7, 1, 1)),
        ((3, 5), (1, 3, 5, 1)),
        ((5, 3), (1, 3, 5, 1)),
        ((3, 3), (1, 3, 3, 1)),
        ((1, 4), (1, 4, 1, 1)),
        ((2, 3, 4), (4, 2, 3, 1)),
        ((1,), None),
        ((2, 2, 2, 2), None),
    ],
)
def test_the_layout_of_weights(shape: tuple[int, ...], expected: tuple[int, ...] | None) -> None:
    weight = np.arange(np.prod(shape), dtype=float).reshape(shape)
    made = weight_as_images(weight)
    assert (None if made is None else made.shape) == expected
    if made is not None and len(shape) == 2 and min(shape) > 1:
        np.testing.assert_array_equal(made[0, :, :, 0], weight.T if shape[0] > shape[1] else weight)


def test_a_value_holds_the_size_and_at_most_three() -> None:
    value = image_value("x", np.zeros((5, 2, 4, 3)))
    assert isinstance(value.tensor, tuple)
    assert value.tensor[:2] == (b"4", b"2")
    assert len(value.tensor) == 2 + 3


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4, 5), (0, 4, 4, 1)])
def test_what_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="height"):
        image_value("x", np.zeros(shape))
