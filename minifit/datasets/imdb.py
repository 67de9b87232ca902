"""IMDB: 50,000 film reviews as word numbers, half of them positive.

Downloaded once (17 MB), then read from the cache.
"""

import numpy as np

from minifit.datasets import texts
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split
from minifit.datasets.texts import Cut
from minifit.datasets.unpickling import lists_of

__all__ = ["get_word_index", "load_data"]

SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
WORDS_MD5 = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """Load the reviews, and download them on first use.

    Parameters
    ----------
    path : str, default "imdb.npz"
        Name of the file in the cache's folder ``datasets``, or an absolute path.
    num_words : int, optional
        Words with this number or a higher one are replaced; frequent words have low numbers.
    skip_top : int, default 0
        Words with a lower number are replaced.
    maxlen : int, optional
        Reviews with this many words or more are left out.
    seed : int, default 113
        The seed of the order of the reviews.
    start_char : int or None, default 1
        The mark before each review.
    oov_char : int or None, default 2
        The mark that replaces a word; None removes the word instead.
    index_from : int, default 3
        Added to the number of each word, so that the marks have numbers of their own.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Reviews: arrays of lists of int, of shape (25000,) each. Labels: int64 of that shape, 1 for positive.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.
    ArgumentError, ArgumentTypeError
        For an argument that is not a number, and a `maxlen` that leaves no review.

    References
    ----------
    A. L. Maas et al. (2011), Learning Word Vectors for Sentiment Analysis, https://ai.stanford.edu/~amaas/data/sentiment/.
    """
    cut = Cut(num_words, skip_top, maxlen, seed, start_char, oov_char, index_from).checked()
    file = get_file(path, KERAS_FILES + "imdb.npz", file_hash=SHA256)
    x_train, y_train, x_test, y_test = lists_of(file, "x_train", "y_train", "x_test", "y_test")
    train, y_train = texts.mixed(x_train, y_train, cut)
    test, y_test = texts.mixed(x_test, y_test, cut)
    both = texts.listed(texts.replaced(train + test, cut))
    return (both[: len(train)], np.asarray(y_train)), (both[len(train) :], np.asarray(y_test))


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the number of each word, before `index_from` is added.

    Parameters
    ----------
    path : str, default "imdb_word_index.json"
        Name of the file in the cache's folder ``datasets``, or an absolute path.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.
    """
    return texts.word_index(path, "imdb_word_index.json", WORDS_MD5)
