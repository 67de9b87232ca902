"""Reuters: 11,228 messages of a news agency as numbers of words, 46 topics.

Downloaded once (2 MB), then read from the cache.
"""

from minifit.checks import fraction
from minifit.datasets import texts
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.datasets.digits import Split
from minifit.datasets.texts import Cut
from minifit.datasets.unpickling import lists_of

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
    """Load the messages, downloading them when they are used for the first time.

    Parameters
    ----------
    path : str, default "reuters.npz"
        Name of the file in the cache's folder ``datasets``, or an absolute path.
    num_words : int, optional
        Words of this number and above are replaced; the lower the number, the more frequent the word.
    skip_top : int, default 0
        Words below this number are replaced.
    maxlen : int, optional
        Messages of so many words and more are left out.
    test_split : float in [0, 1), default 0.2
        The part of the messages that is for testing.
    seed : int, default 113
        What the order of the messages follows from.
    start_char : int or None, default 1
        The mark in front of each message.
    oov_char : int or None, default 2
        The mark in place of a word; None leaves it out.
    index_from : int, default 3
        Added to the number of each word, so that marks are none.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of two pairs of arrays
        Messages: arrays of lists of int. Labels: int64, the topics from 0 to 45.

    Raises
    ------
    DownloadError
        When it is not in the cache and cannot be downloaded.
    ArgumentError, ArgumentTypeError
        For numbers that are none, and a `maxlen` that leaves no message.

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
        When it is not in the cache and cannot be downloaded.
    """
    return texts.word_index(path, "reuters_word_index.json", WORDS_MD5)
