"""CIFAR-10: 60,000 colour images of 32 x 32 pixels, ten classes.

Downloaded once (163 MB), then read from the cache.
"""

import tarfile
import zlib
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.datasets.cache import get_file
from minifit.datasets.digits import Split
from minifit.datasets.unpickling import unpickled
from minifit.errors import DataError

__all__ = ["load_data"]

ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"
TRAINING = [f"data_batch_{i}" for i in range(1, 6)]
TESTING = "test_batch"

BATCH = 10_000
"""The number of images in each part of the archive."""

_ADVICE = "Remove it; it will be downloaded again."


def load_data() -> Split:
    """Load CIFAR-10, and download it on first use.

    The classes are 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship and 9 truck. The
    archive is in the folder ``datasets`` of the cache, which is the environment variable ``MINIFIT_HOME``, or else
    ``~/.minifit``. It is not unpacked.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Images: uint8 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), red, green and blue from 0 to 255. Labels:
        uint8 of shape (50000, 1) and (10000, 1), values from 0 to 9.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.

    References
    ----------
    A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    file = get_file(f"{FOLDER}.tar.gz", ORIGIN, file_hash=SHA256)
    names = {f"{FOLDER}/{name}": name for name in (*TRAINING, TESTING)}
    parts: dict[str, tuple[Array, Array]] = {}
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.name in names else None
                if opened is not None:
                    parts[names[member.name]] = _part(unpickled(opened, f"{member.name} in {file}"), file)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(f"{file} must be a complete archive. Received: {error}. {_ADVICE}") from error
    missing = [name for name in names.values() if name not in parts]
    if missing:
        raise DataError(
            f"{file} must contain {', '.join(names.values())}. Received: no {missing[0]}. {_ADVICE}"
        )
    x = np.concatenate([parts[name][0] for name in TRAINING])
    y = np.concatenate([parts[name][1] for name in TRAINING])
    return (x, y), parts[TESTING]


def _part(stored: Any, file: str) -> tuple[Array, Array]:
    """Return the images and labels of a part, with channels last."""
    pictures = stored.get(b"data") if isinstance(stored, dict) else None
    labels = stored.get(b"labels") if isinstance(stored, dict) else None
    if (
        not isinstance(pictures, np.ndarray)
        or pictures.shape != (BATCH, 3072)
        or not isinstance(labels, list)
    ):
        raise DataError(
            f"{file} must contain {BATCH:,} images of 3,072 bytes in each part. Received: other data. {_ADVICE}"
        )
    images = np.ascontiguousarray(pictures.reshape(BATCH, 3, 32, 32).transpose(0, 2, 3, 1))
    return images, np.array(labels, np.uint8).reshape(BATCH, 1)
