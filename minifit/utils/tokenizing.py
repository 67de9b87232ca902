"""Texts as sequences of word numbers, for use before `fit`: the number of a word is its rank by frequency."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from minifit.arrays import Array
from minifit.checks import positive
from minifit.errors import ArgumentError

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "tfidf", "freq")
Text = str | list[str]


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text.

    Parameters
    ----------
    input_text : str
    filters : str
        Characters that separate words.
    lower : bool, default True
        Whether to convert the words to lower case.
    split : str, default " "
        Separator between words.

    Examples
    --------
    >>> text_to_word_sequence("What a day!")
    ['what', 'a', 'day']

    References
    ----------
    ``tf.keras.preprocessing.text.text_to_word_sequence`` (TensorFlow 2.7).
    """
    text = input_text.lower() if lower else input_text
    gaps: dict[int, str] = {ord(character): split for character in filters}
    return [word for word in text.translate(gaps).split(split) if word]


class Tokenizer:
    """A vocabulary of the words of many texts, numbered from 1 by decreasing frequency.

    Parameters
    ----------
    num_words : int, optional
        One more than the largest number in use: only the ``num_words - 1`` most frequent words count. None means that
        all words count.
    filters, lower, split
        As for `text_to_word_sequence`.
    char_level : bool, default False
        Whether each character is a word.
    oov_token : str, optional
        Word with the number 1 that replaces unknown words. When None, unknown words are left out.
    document_count : int, default 0
        Number of texts counted before.

    Attributes
    ----------
    word_counts, word_docs : dict of str to int
        Number of occurrences of each word, and number of texts that contain it.
    word_index, index_word : dict
        The number of each word, including words beyond `num_words`, and the word of each number.
    index_docs : dict of int to int
        Number of texts that contain the word of each number.
    document_count : int
        Number of texts counted.

    Examples
    --------
    >>> words = Tokenizer(num_words=3)
    >>> words.fit_on_texts(["the cat and the dog", "the cat"])
    >>> words.texts_to_sequences(["The dog and the cat."])
    [[1, 1, 2]]

    References
    ----------
    ``tf.keras.preprocessing.text.Tokenizer`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
    ) -> None:
        self.num_words = None if num_words is None else positive("num_words", num_words)
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level, self.oov_token, self.document_count = char_level, oov_token, document_count
        self.word_counts: Counter[str] = Counter()
        self.word_docs: defaultdict[str, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: defaultdict[int, int] = defaultdict(int)

    def fit_on_texts(self, texts: Iterable[Text]) -> None:
        """Count the words of texts, and number them; a text may be a list of words."""
        for words in map(self._words, texts):
            self.document_count += 1
            self.word_counts.update(words)
            for word in set(words):
                self.word_docs[word] += 1
        ordered = [] if self.oov_token is None else [self.oov_token]
        ordered += [word for word, _ in self.word_counts.most_common()]
        self.word_index = {word: number for number, word in enumerate(ordered, 1)}
        self.index_word = dict(enumerate(ordered, 1))
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count the texts that contain each number, for `sequences_to_matrix` with ``mode="tfidf"``."""
        self.document_count += len(sequences)
        for numbers in sequences:
            for number in set(numbers):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Text]) -> list[list[int]]:
        """Return the numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Text]) -> Iterator[list[int]]:
        """Yield the numbers of the words of each text."""
        other = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for words in map(self._words, texts):
            numbers = (self._used(self.word_index.get(word), other) for word in words)
            yield [number for number in numbers if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Return the words of each sequence of numbers, separated by spaces."""
        other = None if self.oov_token is None else self.word_index.get(self.oov_token)
        texts = []
        for numbers in sequences:
            used = (self._used(n if n in self.index_word else None, other) for n in numbers)
            texts.append(" ".join(self.index_word[n] for n in used if n is not None))
        return texts

    def texts_to_matrix(self, texts: Iterable[Text], mode: str = "binary") -> Array:
        """Return a row for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Array:
        """Return a row for each text, with a column for each number.

        Parameters
        ----------
        sequences : list of lists of int
        mode : {"binary", "count", "tfidf", "freq"}
            Value of a column: 1 if the word occurs, its count, its tf-idf, or its share of the text.

        Returns
        -------
        ndarray of float64, shape (n_texts, num_words)

        Raises
        ------
        ArgumentError
            For any other mode, without a number of words, and for tfidf before any text was counted.
        """
        columns = self.num_words or (len(self.word_index) + 1 if self.word_index else 0)
        if mode not in MODES or not columns or (mode == "tfidf" and not self.document_count):
            raise ArgumentError(
                f"A matrix needs a mode of {MODES}, a number of words and, for tfidf, counted texts. "
                f"Received: mode={mode!r}, num_words={self.num_words}, {self.document_count} counted texts. "
                "Set num_words, or call fit_on_texts first."
            )
        counts = np.zeros((len(sequences), columns))
        for row, numbers in zip(counts, sequences, strict=True):
            np.add.at(row, [n for n in numbers if n < columns], 1)
        if mode == "binary":
            return (counts > 0).astype(float)
        if mode == "freq":
            return counts / np.maximum([[len(numbers)] for numbers in sequences], 1)
        return counts if mode == "count" else self._weighed(counts)

    def _weighed(self, counts: Array) -> Array:
        """Return counts as tf-idf: (1 + ln count) * ln(1 + texts / (1 + texts with the word)), 0 without the word."""
        texts = np.array([self.index_docs.get(number, 0) for number in range(counts.shape[1])])
        rarity = np.log(1 + self.document_count / (1 + texts))
        return np.where(counts > 0, (1 + np.log(np.maximum(counts, 1))) * rarity, 0.0)

    def _words(self, text: Text) -> Sequence[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def _used(self, number: int | None, other: int | None) -> int | None:
        beyond = number is None or (self.num_words is not None and number >= self.num_words)
        return other if beyond else number
