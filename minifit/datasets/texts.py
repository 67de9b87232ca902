"""Texts as numbers of words, as Keras cuts them: what IMDB and Reuters have in common.

A word's number is its rank by how often it occurs. Texts are mixed by a seed, their words moved up by `index_from` to
leave room for marks, and rare and all too frequent words replaced by one of these.
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
    """The choices by which texts become data; the fields are arguments of ``load_data``.

    Attributes
    ----------
    num_words, skip_top : int or None
        Only numbers below the one, and from the other on, are kept.
    maxlen : int or None
        Only texts of fewer words are kept.
    seed : int
        What the order of the texts follows from.
    start_char : int or None
        Put in front of each text.
    oov_char : int or None
        Put in place of each word that is not kept; None leaves these out.
    index_from : int
        Added to each number.
    """

    num_words: int | None = None
    skip_top: int = 0
    maxlen: int | None = None
    seed: int = 113
    start_char: int | None = 1
    oov_char: int | None = 2
    index_from: int = 3

    def checked(self) -> "Cut":
        """Return it in Python's integers.

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
    """Return texts and labels in the order of the seed, marked and moved up; those that are too long left out.

    Raises
    ------
    ArgumentError
        When none is left.
    """
    order = np.arange(len(texts))
    np.random.RandomState(cut.seed).shuffle(order)
    labels, start, up = labels[order], cut.start_char, cut.index_from
    front = [] if start is None else [start]
    made = [front + [word + up for word in texts[i]] for i in order.tolist()]
    if cut.maxlen:
        kept = [i for i, text in enumerate(made) if len(text) < cut.maxlen]
        made, labels = [made[i] for i in kept], labels[kept]
    if not made:
        raise ArgumentError(
            f"maxlen must leave a text of fewer words. Received: maxlen={cut.maxlen}, and all are longer. Pass more."
        )
    return made, labels


def replaced(texts: list[list[int]], cut: Cut) -> list[list[int]]:
    """Return texts with the mark in place of words that are not kept, or without them."""
    most = cut.num_words or max(max(text, default=0) for text in texts)
    least, mark = cut.skip_top, cut.oov_char
    if mark is None:
        return [[word for word in text if least <= word < most] for text in texts]
    return [[word if least <= word < most else mark for word in text] for text in texts]


def listed(texts: list[list[int]]) -> Array:
    """Return texts as an array of lists."""
    made = np.empty(len(texts), object)
    for i, text in enumerate(texts):
        made[i] = text
    return made


def word_index(path: str, name: str, md5: str) -> dict[str, int]:
    """Return the number of each word, out of one of Keras's files.

    Raises
    ------
    DataError
        When the file holds anything else.
    """
    file = get_file(path, KERAS_FILES + name, file_hash=md5)
    with open(file, encoding="utf-8") as opened:
        found = json.load(opened)
    if not isinstance(found, dict):
        raise DataError(
            f"{file} must hold the numbers of words. Received: a {type(found).__name__}. "
            "Remove it, so that it will be downloaded again."
        )
    return found
