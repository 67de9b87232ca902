"""`StringLookup`: words replaced by their places in a vocabulary."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, quoted
from minifit.layers.fingerprint import fingerprint
from minifit.layers.index_lookup import IndexLookup
from minifit.tensor import Tensor, constant, to_array


class StringLookup(IndexLookup):
    """Replaces words by their places in a vocabulary that is given, or learned by `adapt`.

    It is called on text before a model, whose data are numbers: ``model.fit(lookup(words), y)``.

    Parameters
    ----------
    max_tokens : int, optional
        The length of the vocabulary, at most; as many as there are when None.
    num_oov_indices : int, default 1
        The places for unknown words, by a hash where there are several; with 0 such a word is an error.
    mask_token : str, optional
        The word that has place 0, or counts as nothing in rows.
    oov_token : str, default "[UNK]"
        What stands for unknown words in the vocabulary, and is returned for them with `invert`.
    vocabulary : list of str, or path of a text file, optional
    idf_weights : list of float, optional
        The weights of the vocabulary's tokens, for "tf_idf".
    encoding : str, default "utf-8"
        Of words that are bytes.
    invert : bool, default False
        Whether places are replaced by tokens.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}
        Places; rows as those of `CategoryEncoding`; or counts times `idf_weights`.
    sparse : bool, default False
        There are no sparse tensors here, so only False.
    pad_to_max_tokens : bool, default False
        Whether rows have length `max_tokens`.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When an argument breaks its rule, or an input is no text.
    DataError
        When a word is unknown and there is no place for such.

    Notes
    -----
    With `invert` the words come as bytes in an array of dtype object, as TensorFlow hands out text.

    Examples
    --------
    >>> layer = StringLookup()
    >>> layer.adapt(["red", "blue", "red"])
    >>> layer.get_vocabulary()
    ['[UNK]', 'red', 'blue']
    >>> layer(["blue", "green"]).numpy()
    array([2, 0])

    References
    ----------
    ``tf.keras.layers.StringLookup`` (TensorFlow 2.7).
    """

    kind = "string"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        encoding: str | None = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        self.encoding = _known_encoding(encoding or "utf-8")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            sparse,
            pad_to_max_tokens,
            **kwargs,
        )

    def token(self, name: str, value: Any) -> str:
        """Return a word as Python's text."""
        if isinstance(value, bytes):
            return value.decode(self.encoding)
        if not isinstance(value, str):
            raise ArgumentTypeError(
                f"{name} holds text. Received: {quoted(value)}. Convert it, or take an IntegerLookup for numbers."
            )
        return str(value)

    def tokens_of(self, value: Any) -> Array:
        """Return text as an array of Python's."""
        array = _as_array(value)
        if array.dtype.kind == "U":
            return array
        found = np.empty(array.shape, object)
        for place, each in enumerate(array.ravel().tolist()):
            found.flat[place] = self._word(each)
        return found

    def _word(self, value: Any) -> str:
        if isinstance(value, list | tuple | np.ndarray):
            raise ShapeError(
                "Rows of words have equal lengths. Received: a ragged list. Pad the short rows with ''."
            )
        if not isinstance(value, str | bytes):
            raise self._no_text(quoted(value))
        return value.decode(self.encoding) if isinstance(value, bytes) else value

    def _no_text(self, received: str) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"Layer {self.name!r} looks up text, and a model's data are numbers. Received: {received}. Look words up "
            "before the model: model.fit(lookup(words), y)."
        )

    def bucket(self, token: str, count: int) -> int:
        """Return the remainder of the hash that TensorFlow takes."""
        return fingerprint(token.encode()) % count

    def tokens_array(self, tokens: list[Any]) -> Array:
        """Return words as bytes."""
        return np.array([token.encode(self.encoding) for token in tokens], object)

    def _tensors_of(self, inputs: Any) -> Any:
        return self._tensor_of(inputs)

    def _tensor_of(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return value
        return constant(to_array(value) if self.invert else _as_array(value))

    def _on_symbols(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        raise self._no_text("a symbol, which stands for numbers")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, with the vocabulary that it learned."""
        return {**super().get_config(), "encoding": self.encoding}


def _as_array(value: Any) -> Array:
    if isinstance(value, Tensor):
        return value.value
    return value if isinstance(value, np.ndarray) else np.array(value, object)


def _known_encoding(encoding: Any) -> str:
    try:
        "".encode(encoding)
    except (LookupError, TypeError):
        raise ArgumentError(
            f"encoding is the name of an encoding of text. Received: encoding={quoted(encoding)}. "
            "Leave it out for utf-8."
        ) from None
    return str(encoding)
