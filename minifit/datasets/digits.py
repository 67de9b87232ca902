"""Handwritten digits: 1,797 images of 8 x 8 pixels, ten classes.

The images are part of the package, so that examples and tests train on real data without a download. Thirteen people
wrote the digits; each pixel is the number of inked points in a square of 4 x 4 points, from 0 to 16.
"""

from pathlib import Path
from typing import TypeAlias

import numpy as np

from minifit.arrays import Array
from minifit.checks import fraction
from minifit.randomness import checked_seed

__all__ = ["load_data"]

Split: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]

_FILE = Path(__file__).with_name("digits.npz")


def load_data(test_split: float = 0.2, seed: int = 113) -> Split:
    """Load the digits, shuffled and split into a training and a test part.

    Parameters
    ----------
    test_split : float, default 0.2
        The fraction of the images in the test part: at least 0 and less than 1.
    seed : int, default 113
        The seed of the order, and thus of the split: from 0 to 2**32 - 1. The same seed gives the same split on every
        machine and every version of NumPy. Other random number generators are neither used nor changed.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Images: uint8 of shape (n_samples, 8, 8), values from 0 (paper) to 16 (ink). Labels: int64 of shape
        (n_samples,), values from 0 to 9.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a `test_split` or `seed` that is not a number or out of range.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, licensed CC BY 4.0.

    Examples
    --------
    >>> from minifit.datasets import digits
    >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
    >>> x_train.shape, y_train.shape, x_test.shape
    ((1437, 8, 8), (1437,), (360, 8, 8))
    """
    fraction("test_split", test_split)
    with np.load(_FILE, allow_pickle=False) as stored:
        x, y = stored["x"], stored["y"].astype(np.int64)
    # RandomState instead of default_rng: only its numbers are guaranteed not to change between versions of NumPy.
    order = np.random.RandomState(checked_seed(seed)).permutation(len(x))
    train, test = np.split(order, [int(len(x) * (1 - test_split))])
    return (x[train], y[train]), (x[test], y[test])
