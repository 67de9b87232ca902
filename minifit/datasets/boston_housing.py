"""Boston housing: 506 districts described by 13 numbers, with the price of a house there.

Downloaded once (57 kB), then read from the cache.
"""

import numpy as np

from minifit.checks import fraction
from minifit.checks import seed as checked_seed
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split

__all__ = ["load_data"]

SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """Load the districts, and download them on first use.

    Parameters
    ----------
    path : str, default "boston_housing.npz"
        Name of the file in the cache's folder ``datasets``, or an absolute path.
    test_split : float in [0, 1), default 0.2
        The fraction of the districts in the test part.
    seed : int, default 113
        The seed of their order.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Districts: float64 of shape (404, 13) and (102, 13). Prices: float64 of shape (404,) and (102,), in thousands
        of dollars of 1978.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.
    ArgumentError, ArgumentTypeError
        For a `test_split` or `seed` that is not a number or out of range.

    Notes
    -----
    One of the numbers is computed from the share of Black residents, on the assumption that it lowers prices. Use the
    data only to reproduce earlier work.

    References
    ----------
    D. Harrison and D. L. Rubinfeld (1978), Hedonic prices and the demand for clean air, Journal of Environmental
    Economics and Management 5, 81-102.
    """
    share = fraction("test_split", test_split, example=0.2)
    random = np.random.RandomState(checked_seed("seed", seed, 2**32))
    file = get_file(path, KERAS_FILES + "boston_housing.npz", file_hash=SHA256)
    with np.load(file, allow_pickle=False) as stored:
        x, y = stored["x"], stored["y"]
    order = np.arange(len(x))
    random.shuffle(order)
    at = int(len(x) * (1 - share))
    return (x[order[:at]], y[order[:at]]), (x[order[at:]], y[order[at:]])
