"""The vocabularies of lookup layers: lists of tokens that are passed and validated, or learned by counting."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minifit.arrays import FLOAT, Array
from minifit.checks import entries, number, several
from minifit.errors import ArgumentError, DataError, ShapeError, quoted
from minifit.tensor import Tensor, to_array


class Vocabulary:
    """The ordinary tokens and their indices, which follow those of the special tokens."""

    def __init__(self, tokens: list[Any], begin: int) -> None:
        self.tokens = tokens
        self.indices = {token: index for index, token in enumerate(tokens, begin)}


def listed(vocabulary: Any, read: Callable[[str], Any]) -> list[Any]:
    """Return the entries of a vocabulary: a list, an array, or the path of a text file with one token on a line."""
    if isinstance(vocabulary, str | Path):
        try:
            lines = Path(vocabulary).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ArgumentError(
                f"A vocabulary is a list or the path of a text file. Received: {quoted(str(vocabulary))}, which "
                f"cannot be read ({error.strerror}). Pass a list of tokens."
            ) from None
        tokens: list[Any] | None = [read(line) for line in lines]
    else:
        tokens = entries(to_array(vocabulary) if isinstance(vocabulary, Tensor) else vocabulary)
    if not tokens:
        raise ArgumentError(
            f"A vocabulary needs at least one token. Received: vocabulary={quoted(vocabulary)}. Pass a list of tokens."
        )
    return tokens


def begins_with(tokens: list[Any], mask: list[Any], unknown: list[Any]) -> bool:
    """Return whether a vocabulary begins with the special tokens; raise if it has only some of them."""
    size = len(mask) + len(unknown)
    has_mask = bool(mask) and tokens[:1] == mask
    has_unknown = bool(unknown) and tokens[len(mask) : size] == unknown
    if mask and unknown and has_mask != has_unknown:
        raise ArgumentError(
            f"A vocabulary begins with all special tokens, {quoted([*mask, *unknown])}, or with none. "
            f"Received: {quoted(tokens[:size])} at the beginning. Add the missing ones, or leave out all."
        )
    return has_mask or has_unknown


def check_tokens(tokens: list[Any], **special: Any) -> None:
    """Raise when a token repeats or is a special token; `special` has these by the names of their arguments."""
    counts = Counter(tokens)
    if repeated := [token for token, count in counts.items() if count > 1]:
        raise ArgumentError(
            f"A vocabulary has each token once. Received: {quoted(repeated)} several times. Remove the duplicates."
        )
    for name, token in special.items():
        if token is not None and token in counts:
            raise ArgumentError(
                f"A vocabulary has the {name} at the beginning or not at all. Received: {token!r} at index "
                f"{tokens.index(token)}. Remove it, or pass another {name} to the layer."
            )


def idf_of(idf_weights: Any, count: int) -> Array:
    """Return the inverse document frequencies as an array; raise unless there are `count`, one for each token."""
    if idf_weights is None:
        raise ArgumentError(
            "A vocabulary for output_mode='tf_idf' needs idf_weights. Received: none. Pass one number for each "
            "token, or call adapt."
        )
    idf_weights = to_array(idf_weights) if isinstance(idf_weights, Tensor) else idf_weights
    weights = several("idf_weights", idf_weights, number, "[0.5, 0.25]")
    if len(weights) != count:
        raise ShapeError(
            f"idf_weights needs one number for each of the vocabulary's {count} tokens. Received: {len(weights)}. "
            "Pass as many numbers as tokens."
        )
    return np.asarray(weights, FLOAT)


class Counting:
    """The counts of tokens in data, and of the documents that contain them.

    A row is a document; a batch with one axis is one document.
    """

    def __init__(self) -> None:
        self._counts: Counter[Any] = Counter()
        self._containing: Counter[Any] = Counter()
        self._documents = 0

    def add(self, batch: Array, documents: bool) -> None:
        """Count the tokens of a batch and, with `documents`, the documents that contain them."""
        self._counts.update(batch.ravel().tolist())
        if documents:
            rows = batch.reshape(len(batch) if batch.ndim > 1 else 1, -1).tolist()
            self._containing.update(token for row in rows for token in set(row))
            self._documents += len(rows)

    def tokens(self, *special: Any) -> list[Any]:
        """Return the tokens without special ones, by descending frequency; ties are in descending order."""
        if not self._counts:
            raise DataError("adapt needs data to learn from. Received: none. Pass at least one value.")
        return sorted(
            self._counts.keys() - set(special), key=lambda token: (self._counts[token], token), reverse=True
        )

    def idf(self, tokens: list[Any]) -> Array:
        """Return ``log(1 + documents / (1 + documents that contain the token))`` for each token."""
        ratios = [self._documents / (1 + self._containing[token]) for token in tokens]
        return np.asarray(np.log1p(ratios), FLOAT)
