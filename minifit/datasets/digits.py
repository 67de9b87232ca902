"""Handwritten digits: 1,797 images of 8 x 8 pixels, ten classes.

Small enough to lie in the package, so that examples and tests train on real data without a download.
Thirteen people wrote them; each pixel counts the ink in a square of 4 x 4 points, from 0 to 16.
"""

from pathlib import Path
from typing import TypeAlias

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError

Split: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]

_FILE = Path(__file__).with_name("digits.npz")


def load_data(test_split: float = 0.2, seed: int = 113) -> Split:
    """Load the digits, shuffled and split into a training and a test part.

    Parameters
    ----------
    test_split : float, default 0.2
        Share of the images that goes to the test part: at least 0 and less than 1.
    seed : int, default 113
        Decides the order, and so the split: from 0 to 2**32 - 1. The same seed gives the same split on every
        machine and every version of NumPy. Random numbers drawn elsewhere do not matter and are not moved.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Images: uint8 of shape (n_samples, 8, 8), values from 0 (paper) to 16 (ink). Labels: int64 of shape
        (n_samples,), values from 0 to 9.

    Raises
    ------
    ArgumentError
        When `test_split` or `seed` is out of its range.

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
    _check(test_split, seed)
    with np.load(_FILE, allow_pickle=False) as stored:
        x, y = stored["x"], stored["y"].astype(np.int64)
    # RandomState and not default_rng: only its numbers are promised to stay the same over NumPy's versions.
    order = np.random.RandomState(seed).permutation(len(x))
    train, test = np.split(order, [int(len(x) * (1 - test_split))])
    return (x[train], y[train]), (x[test], y[test])


def _check(test_split: float, seed: int) -> None:
    numeric = isinstance(test_split, int | float | np.integer | np.floating)
    if not numeric or isinstance(test_split, bool) or not 0 <= test_split < 1:
        raise ArgumentError(
            "test_split must be a number of at least 0 and less than 1. "
            f"Received: test_split={test_split!r}. Pass for example test_split=0.2."
        )
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ArgumentError(
            f"seed must be an integer from 0 to 2**32 - 1. Received: seed={seed!r}. Pass for example seed=1."
        )
