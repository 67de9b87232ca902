"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, ten classes.

The first data set of most courses. Downloaded once (11 MB), then read from the cache.
"""

import numpy as np

from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split

__all__ = ["load_data"]

SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> Split:
    """Load MNIST, and download it on first use.

    Parameters
    ----------
    path : str, default "mnist.npz"
        Name of the file in the cache's folder ``datasets``, or an absolute path. The cache is the environment
        variable ``MINIFIT_HOME``, or else ``~/.minifit``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Images: uint8 of shape (60000, 28, 28) and (10000, 28, 28), values from 0 (background) to 255. Labels: uint8
        of shape (60000,) and (10000,), values from 0 to 9.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86(11), https://doi.org/10.1109/5.726791. The data is licensed CC BY-SA 3.0.
    """
    file = get_file(path, KERAS_FILES + "mnist.npz", file_hash=SHA256)
    with np.load(file, allow_pickle=False) as stored:
        return (stored["x_train"], stored["y_train"]), (stored["x_test"], stored["y_test"])
