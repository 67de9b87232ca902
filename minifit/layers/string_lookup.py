"""`StringLookup`: words replaced by their indices in a vocabulary."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, quoted
from minifit.layers.fingerprint import fingerprint
from minifit.layers.index_lookup import IndexLookup
from minifit.tensor import Tensor, constant, to_array


class StringLookup(IndexLookup):
    """Replaces words by their indices in a vocabulary, which is passed or learned by `adapt`.

    Call it on text before the model, since a model's data must be numbers: ``model.fit(lookup(words), y)``.

    Parameters
    ----------
    max_tokens : int, optional
        The maximum size of the vocabulary; unlimited when None.
    num_oov_indices : int, default 1
        The number of indices for unknown words. Of several, a hash selects one; with 0 such a word is an error.
    mask_token : str, optional
        The word that has index 0, or is ignored in rows.
    oov_token : str, default "[UNK]"
        The token for unknown words in the vocabulary, also returned for them with `invert`.
    vocabulary : list of str, or path of a text file, optional
    idf_weights : list of float, optional
        The weights of the vocabulary's tokens, for "tf_idf".
    encoding : str, default "utf-8"
        The encoding of words that are bytes.
    invert : bool, default False
        Whether to replace indices by tokens instead.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}
        Indices; rows as those of `CategoryEncoding`; or counts times `idf_weights`.
    sparse : bool, default False
        Only False: sparse tensors are not supported.
    pad_to_max_tokens : bool, default False
        Whether to pad rows to length `max_tokens`.
    **kwargs
        As for `Layer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When an argument breaks its rule, or an input is not text.
    DataError
        When a word is unknown and there is no index for unknown words.

    Notes
    -----
    With `invert` the result is an array of bytes with dtype object, as TensorFlow returns text.

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
        """Return a word as a Python string."""
        if isinstance(value, bytes):
            return value.decode(self.encoding)
        if not isinstance(value, str):
            raise ArgumentTypeError(
                f"{name} must be text. Received: {quoted(value)}. Convert it, or use an IntegerLookup for numbers."
            )
        return str(value)

    def tokens_of(self, value: Any) -> Array:
        """Return text as an array of Python strings."""
        array = _as_array(value)
        if array.dtype.kind == "U":
            return array
        words = np.empty(array.shape, object)
        for i, value in enumerate(array.ravel().tolist()):
            words.flat[i] = self._word(value)
        return words

    def _word(self, value: Any) -> str:
        if isinstance(value, list | tuple | np.ndarray):
            raise ShapeError(
                "Rows of words must have equal lengths. Received: a ragged list. Pad the short rows with ''."
            )
        if not isinstance(value, str | bytes):
            raise self._no_text(quoted(value))
        return value.decode(self.encoding) if isinstance(value, bytes) else value

    def _no_text(self, received: str) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"Layer {self.name!r} looks up text, whereas a model's data is numbers. Received: {received}. Look up "
            "words before the model: model.fit(lookup(words), y)."
        )

    def bucket(self, token: str, count: int) -> int:
        """Return the remainder of TensorFlow's hash divided by `count`."""
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
        raise self._no_text("a symbol, which represents numbers")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, with the vocabulary it has learned."""
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
            f"encoding must be the name of a text encoding. Received: encoding={quoted(encoding)}. "
            "Leave it out for utf-8."
        ) from None
    return str(encoding)
