"""Lists of tokens for lookup layers: those that are given are checked, others are learned by counting."""

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
    """Tokens and their places, which begin behind those of special tokens."""

    def __init__(self, tokens: list[Any], begin: int) -> None:
        self.tokens = tokens
        self.places = {token: place for place, token in enumerate(tokens, begin)}


def listed(vocabulary: Any, read: Callable[[str], Any]) -> list[Any]:
    """Return the entries of a vocabulary: a list, an array, or what is read on the lines of a text file."""
    if isinstance(vocabulary, str | Path):
        try:
            lines = Path(vocabulary).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ArgumentError(
                f"A vocabulary is a list, or the path of a text file. Received: {quoted(str(vocabulary))}, which "
                f"cannot be read ({error.strerror}). Pass a list of tokens."
            ) from None
        found: list[Any] | None = [read(line) for line in lines]
    else:
        found = entries(to_array(vocabulary) if isinstance(vocabulary, Tensor) else vocabulary)
    if not found:
        raise ArgumentError(
            f"A vocabulary has at least one token. Received: vocabulary={quoted(vocabulary)}. Pass a list of tokens."
        )
    return found


def begins_with(tokens: list[Any], mask: list[Any], unknown: list[Any]) -> bool:
    """Return whether a vocabulary begins with the special tokens; refuse one that has half of them."""
    size = len(mask) + len(unknown)
    has_mask = bool(mask) and tokens[:1] == mask
    has_unknown = bool(unknown) and tokens[len(mask) : size] == unknown
    if mask and unknown and has_mask != has_unknown:
        raise ArgumentError(
            f"A vocabulary begins with all special tokens, {quoted([*mask, *unknown])}, or with none. "
            f"Received: {quoted(tokens[:size])} in front. Add what is missing, or leave all out."
        )
    return has_mask or has_unknown


def check_tokens(tokens: list[Any], **special: Any) -> None:
    """Raise when a token repeats, or is one of the special tokens, given by the names of their arguments."""
    counts = Counter(tokens)
    if repeated := [token for token, count in counts.items() if count > 1]:
        raise ArgumentError(
            f"A vocabulary has each token once. Received: {quoted(repeated)} several times. Remove the repetitions."
        )
    for name, token in special.items():
        if token is not None and token in counts:
            raise ArgumentError(
                f"A vocabulary has the {name} in front, or not at all. Received: {token!r} at place "
                f"{tokens.index(token)}. Remove it, or give the layer another {name}."
            )


def idf_of(given: Any, count: int) -> Array:
    """Return the inverse document frequencies of so many tokens."""
    if given is None:
        raise ArgumentError(
            "A vocabulary for output_mode='tf_idf' needs idf_weights. Received: none. Pass one number for each "
            "token, or call adapt."
        )
    given = to_array(given) if isinstance(given, Tensor) else given
    weights = several("idf_weights", given, number, "[0.5, 0.25]")
    if len(weights) != count:
        raise ShapeError(
            f"idf_weights are one number for each of the vocabulary's {count} tokens. Received: {len(weights)}. "
            "Give as many numbers as tokens."
        )
    return np.asarray(weights, FLOAT)


class Counting:
    """The counts of tokens in data, and of the documents that they occur in.

    A row is a document; a batch of one axis is one.
    """

    def __init__(self) -> None:
        self._counts: Counter[Any] = Counter()
        self._containing: Counter[Any] = Counter()
        self._documents = 0

    def add(self, batch: Array, documents: bool) -> None:
        """Count the tokens of a batch, and the documents that have them if so wished."""
        self._counts.update(batch.ravel().tolist())
        if documents:
            rows = batch.reshape(len(batch) if batch.ndim > 1 else 1, -1).tolist()
            self._containing.update(token for row in rows for token in set(row))
            self._documents += len(rows)

    def tokens(self, *special: Any) -> list[Any]:
        """Return all tokens but the special ones, the most frequent first, equally frequent ones from the last."""
        if not self._counts:
            raise DataError("adapt needs data to learn from. Received: none. Pass at least one value.")
        return sorted(
            self._counts.keys() - set(special), key=lambda token: (self._counts[token], token), reverse=True
        )

    def idf(self, tokens: list[Any]) -> Array:
        """Return ``log(1 + documents / (1 + documents that contain the token))`` for each token."""
        shares = [self._documents / (1 + self._containing[token]) for token in tokens]
        return np.asarray(np.log1p(shares), FLOAT)
