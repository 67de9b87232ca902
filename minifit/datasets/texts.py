"""Texts as word numbers, prepared as in Keras: the functions that IMDB and Reuters share.

The number of a word is its rank by frequency. Texts are shuffled with a seed, `index_from` is added to their numbers to
make room for marks, and a mark replaces words that are too rare or too frequent.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minifit.arrays import Array
from minifit.checks import integer, positive
from minifit.checks import seed as checked_seed
from minifit.datasets.cache import KERAS_FILES, get_file
from minifit.errors import ArgumentError, DataError


class Cut(NamedTuple):
    """The settings for the preparation of texts; the fields are arguments of ``load_data``.

    Attributes
    ----------
    num_words, skip_top : int or None
        Only word numbers below `num_words` and from `skip_top` on are kept.
    maxlen : int or None
        Only texts with fewer words are kept.
    seed : int
        The seed of the order of the texts.
    start_char : int or None
        The mark before each text.
    oov_char : int or None
        The mark that replaces each word that is not kept; None removes these words instead.
    index_from : int
        Added to each word number.
    """

    num_words: int | None = None
    skip_top: int = 0
    maxlen: int | None = None
    seed: int = 113
    start_char: int | None = 1
    oov_char: int | None = 2
    index_from: int = 3

    def checked(self) -> "Cut":
        """Return the settings as Python integers, after checking them.

        Raises
        ------
        ArgumentError, ArgumentTypeError
        """
        return Cut(
            None if self.num_words is None else positive("num_words", self.num_words, least=0),
            positive("skip_top", self.skip_top, least=0, example=0),
            None if self.maxlen is None else positive("maxlen", self.maxlen, least=0),
            checked_seed("seed", self.seed, 2**32),
            None if self.start_char is None else integer("start_char", self.start_char, 1),
            None if self.oov_char is None else integer("oov_char", self.oov_char, 2),
            integer("index_from", self.index_from, 3),
        )


def mixed(texts: Sequence[Any], labels: Array, cut: Cut) -> tuple[list[list[int]], Array]:
    """Return texts and labels in the order of the seed, with marks; texts of `maxlen` words or more are left out.

    Raises
    ------
    ArgumentError
        If no text is left.
    """
    order = np.arange(len(texts))
    np.random.RandomState(cut.seed).shuffle(order)
    labels, start, shift = labels[order], cut.start_char, cut.index_from
    prefix = [] if start is None else [start]
    shuffled = [prefix + [word + shift for word in texts[i]] for i in order.tolist()]
    if cut.maxlen:
        kept = [i for i, text in enumerate(shuffled) if len(text) < cut.maxlen]
        shuffled, labels = [shuffled[i] for i in kept], labels[kept]
    if not shuffled:
        raise ArgumentError(
            f"maxlen must leave at least one text. Received: maxlen={cut.maxlen}, but all are longer. Pass more."
        )
    return shuffled, labels


def replaced(texts: list[list[int]], cut: Cut) -> list[list[int]]:
    """Return texts in which the mark replaces words that are not kept, or without these words."""
    most = cut.num_words or max(max(text, default=0) for text in texts)
    least, mark = cut.skip_top, cut.oov_char
    if mark is None:
        return [[word for word in text if least <= word < most] for text in texts]
    return [[word if least <= word < most else mark for word in text] for text in texts]


def listed(texts: list[list[int]]) -> Array:
    """Return texts as an array of lists."""
    array = np.empty(len(texts), object)
    for i, text in enumerate(texts):
        array[i] = text
    return array


def word_index(path: str, name: str, md5: str) -> dict[str, int]:
    """Return the number of each word from a file of Keras.

    Raises
    ------
    DataError
        If the file contains anything else.
    """
    file = get_file(path, KERAS_FILES + name, file_hash=md5)
    with open(file, encoding="utf-8") as opened:
        numbers = json.load(opened)
    if not isinstance(numbers, dict):
        raise DataError(
            f"{file} must contain a dict of word numbers. Received: a {type(numbers).__name__}. "
            "Remove it; it will be downloaded again."
        )
    return numbers
