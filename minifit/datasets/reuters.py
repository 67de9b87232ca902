"""Reuters: 11,228 messages of a news agency as word numbers, 46 topics.

Downloaded once (2 MB), then read from the cache.
"""

from minifit.checks import fraction
from minifit.datasets import texts
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split
from minifit.datasets.texts import Cut
from minifit.datasets.unpickling import lists_of

__all__ = ["get_word_index", "load_data"]

SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
WORDS_MD5 = "4d44cc38712099c9e383dc6e5f11a921"


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """Load the messages, and download them on first use.

    Parameters
    ----------
    path : str, default "reuters.npz"
        Name of the file in the cache's folder ``datasets``, or an absolute path.
    num_words : int, optional
        Words with this number or a higher one are replaced; frequent words have low numbers.
    skip_top : int, default 0
        Words with a lower number are replaced.
    maxlen : int, optional
        Messages with this many words or more are left out.
    test_split : float in [0, 1), default 0.2
        The fraction of the messages in the test part.
    seed : int, default 113
        The seed of the order of the messages.
    start_char : int or None, default 1
        The mark before each message.
    oov_char : int or None, default 2
        The mark that replaces a word; None removes the word instead.
    index_from : int, default 3
        Added to the number of each word, so that the marks have numbers of their own.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Messages: arrays of lists of int. Labels: int64, the topics from 0 to 45.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.
    ArgumentError, ArgumentTypeError
        For an argument that is not a number, and a `maxlen` that leaves no message.

    References
    ----------
    D. D. Lewis (1997), Reuters-21578, https://www.daviddlewis.com/resources/testcollections/reuters21578/.
    """
    cut = Cut(num_words, skip_top, maxlen, seed, start_char, oov_char, index_from).checked()
    share = fraction("test_split", test_split, example=0.2)
    file = get_file(path, KERAS_FILES + "reuters.npz", file_hash=SHA256)
    x, y = lists_of(file, "x", "y")
    mixed, y = texts.mixed(x, y, cut)
    x = texts.listed(texts.replaced(mixed, cut))
    at = int(len(x) * (1 - share))
    return (x[:at], y[:at]), (x[at:], y[at:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the number of each word, before `index_from` is added.

    Parameters
    ----------
    path : str, default "reuters_word_index.json"
        Name of the file in the cache's folder ``datasets``, or an absolute path.

    Raises
    ------
    DownloadError
        If the file is not in the cache and cannot be downloaded.
    """
    return texts.word_index(path, "reuters_word_index.json", WORDS_MD5)
