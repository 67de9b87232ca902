"""Fashion-MNIST: 70,000 images of clothes, 28 x 28 pixels, ten classes.

A harder replacement for MNIST with the same format. Downloaded once (31 MB), then read from the cache.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from minifit.arrays import Array
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split
from minifit.errors import DataError

__all__ = ["load_data"]

FILES = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
"""The SHA-256 of each file."""

_ADVICE = "Remove it; it will be downloaded again."

SHAPES = [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]


def load_data() -> Split:
    """Load Fashion-MNIST, and download it on first use.

    The classes are 0 T-shirt/top, 1 Trouser, 2 Pullover, 3 Dress, 4 Coat, 5 Sandal, 6 Shirt, 7 Sneaker, 8 Bag and
    9 Ankle boot. The files are in ``datasets/fashion-mnist`` of the cache, which is the environment variable
    ``MINIFIT_HOME``, or else ``~/.minifit``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Images: uint8 of shape (60000, 28, 28) and (10000, 28, 28), values from 0 (background) to 255. Labels: uint8
        of shape (60000,) and (10000,), values from 0 to 9.

    Raises
    ------
    DownloadError
        If a file is not in the cache and cannot be downloaded.

    References
    ----------
    H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms, https://arxiv.org/abs/1708.07747. The data is licensed MIT, copyright Zalando SE.
    """
    paths = [
        get_file(name, KERAS_FILES + name, file_hash=sha256, cache_subdir="datasets/fashion-mnist")
        for name, sha256 in FILES.items()
    ]
    x_train, y_train, x_test, y_test = (read_idx(p, s) for p, s in zip(paths, SHAPES, strict=True))
    return (x_train, y_train), (x_test, y_test)


def read_idx(path: str | Path, shape: tuple[int, ...]) -> Array:
    """Read a gzip file in LeCun's IDX format that must contain an array of bytes of this shape.

    The file begins with two zeros, 8 for unsigned bytes and the number of dimensions, one byte each; then the size of
    each dimension in four bytes, big-endian; then the numbers in C order. No more is unpacked than an array of this
    shape needs.

    Raises
    ------
    DataError
        If the file contains anything else.
    """
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    values = np.empty(math.prod(shape), np.uint8)
    try:
        with gzip.open(path) as file:
            start = file.read(len(header))
            count = file.readinto(values.data)
            # gzip verifies its checksum when the end is reached
            more = file.read(1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} must be a complete gzip file. Received: {error}. {_ADVICE}") from error
    if start != header:
        raise DataError(
            f"{path} must begin with {header.hex(' ', -4)}: bytes in an array of shape {shape}. "
            f"Received: {start.hex(' ', -4)}. {_ADVICE}"
        )
    if count != values.size or more:
        raise DataError(
            f"{path} must contain {values.size:,} bytes. Received: {'more' if more else f'{count:,}'}. {_ADVICE}"
        )
    return values.reshape(shape)
