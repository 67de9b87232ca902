"""Images: PNG files made with zlib, and weights as images.

A PNG consists of its signature and chunks: ``length, name, content, CRC-32 of name and content``, all big-endian. IHDR
holds the width, height, bit depth and colour type, IDAT the rows compressed with zlib (each after a byte 0: "not
filtered"), IEND nothing. Source: https://www.w3.org/TR/png.
"""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.arrays import Array
from minifit.errors import ShapeError
from minifit.tensorboard.events import Value

Pixels = NDArray[np.uint8]

_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}
"""The colour type of PNG by the number of channels: grey, grey and alpha, RGB, RGB and alpha."""


def png(pixels: Pixels) -> bytes:
    """Return the PNG file of pixels of shape (height, width, channels), with 1 to 4 channels."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def pixels_of(images: Array) -> Pixels:
    """Return numbers as pixels: floats from 0 (black) to 1 (white), integers from 0 to 255; others are clipped."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind in "iub":
        return np.clip(images, 0, 255).astype(np.uint8)
    scaled = np.nan_to_num(images.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0) * 255.5
    return np.clip(scaled, 0, 255).astype(np.uint8)


def image_value(tag: str, images: Any, most: int = 3, description: str = "") -> Value:
    """Return images of shape (n, height, width, channels) as a value of an event.

    Raises
    ------
    ShapeError
        For another shape.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in _COLOUR or 0 in images.shape:
        raise ShapeError(
            "Images must have the shape (n, height, width, channels), with 1 to 4 channels. "
            f"Received: {images.shape}. Add the missing axes, as in image[None, :, :, None]."
        )
    height, width = images.shape[1:3]
    files = tuple(png(p) for p in pixels_of(images[:most]))
    return Value(tag, "images", (b"%d" % width, b"%d" % height, *files), description=description)


def weight_as_images(weight: Array) -> Array | None:
    """Return a weight as images of shape (n, height, width, 1), in the layout of Keras.

    A bias is a column. A kernel is at least as wide as it is high. A weight of rank 3 makes one image for each index of
    its last axis. A single number, or another rank, makes no image: the result is None.
    """
    squeezed = weight.squeeze()
    if squeezed.ndim == 1:
        return squeezed.reshape(1, -1, 1, 1)
    if squeezed.ndim == 2:
        return (squeezed.T if squeezed.shape[0] > squeezed.shape[1] else squeezed)[None, :, :, None]
    return squeezed.transpose(2, 0, 1)[:, :, :, None] if squeezed.ndim == 3 else None
