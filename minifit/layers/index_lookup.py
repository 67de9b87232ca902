"""`IndexLookup`: the base of the layers that replace values by their indices in a vocabulary.

A vocabulary begins with the mask token, if there is one, followed by `num_oov_indices` indices for unknown values and
then the ordinary tokens. If the output is rows instead of indices, the mask token has no index and is ignored.
"""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import optional_of, positive
from minifit.errors import ArgumentError, DataError, NotBuiltError, quoted
from minifit.layers.adapting import batches_of
from minifit.layers.base import Layer, ShapeLike
from minifit.layers.category_encoding import dense, encoded, encoded_shape, mode_among
from minifit.layers.vocabulary import Counting, Vocabulary, begins_with, check_tokens, idf_of, listed
from minifit.parameters import Parameter, Variable
from minifit.settings import Fixed, flag
from minifit.tensor import Tensor, constant

NOWHERE = -1
"""The index of the mask token where it is ignored."""


class IndexLookup(Layer):
    """The base of `IntegerLookup` and `StringLookup`, which define the kind of tokens.

    A subclass defines `kind`, `token`, `read_token`, `tokens_of`, `bucket` and `tokens_array`.
    """

    kind = ""
    """The dtype of tokens in configurations."""

    max_tokens = Fixed(optional_of(lambda name, value: positive(name, value, 2)))
    num_oov_indices = Fixed(lambda name, value: positive(name, value, 0, 1))
    output_mode = Fixed(mode_among("int", "one_hot", "multi_hot", "count", "tf_idf"))
    invert, pad_to_max_tokens = Fixed(flag), Fixed(flag)
    sparse = Fixed(dense)
    mask_token, oov_token = Fixed(), Fixed()

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if dtype is not None and getattr(dtype, "name", dtype) != self.kind:
            raise ArgumentError(
                f"{type(self).__name__} looks up values of dtype {self.kind!r}. Received: dtype={dtype!r}. "
                "Leave dtype out."
            )
        super().__init__(**kwargs)
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token = None if mask_token is None else self.token("mask_token", mask_token)
        self.oov_token = None if oov_token is None else self.token("oov_token", oov_token)
        self.output_mode, self.invert, self.pad_to_max_tokens = output_mode, invert, pad_to_max_tokens
        self.sparse = sparse
        self._check_together(vocabulary, idf_weights)
        self._fixed = vocabulary is not None
        self._vocabulary = Vocabulary([], 0)
        self.idf_weights: Parameter | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _check_together(self, vocabulary: Any, idf_weights: Any) -> None:
        if self.invert and self.output_mode != "int":
            raise ArgumentError(
                "invert=True returns tokens, which is output_mode='int'. "
                f"Received: output_mode={self.output_mode!r}. Leave one of them out."
            )
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ArgumentError(
                "pad_to_max_tokens=True needs a length. Received: max_tokens=None. Pass max_tokens, or leave it out."
            )
        if idf_weights is not None and vocabulary is None:
            raise ArgumentError(
                "idf_weights need a vocabulary. Received: idf_weights without vocabulary. Pass vocabulary too."
            )

    @property
    def dtype(self) -> Any:
        """The dtype of tokens."""
        return self.kind

    # -- tokens -----------------------------------------------------------------------------------------

    def token(self, name: str, value: Any) -> Any:
        """Return a token passed as an argument; raise for another kind of value."""
        raise NotImplementedError

    def read_token(self, line: str) -> Any:
        """Return the token on a line of a vocabulary file."""
        return line

    def tokens_of(self, value: Any) -> Array:
        """Return values to look up as an array whose `tolist` gives tokens; raise for other values."""
        raise NotImplementedError

    def bucket(self, token: Any, count: int) -> int:
        """Return which of several indices for unknown values a token gets, from 0."""
        raise NotImplementedError

    def tokens_array(self, tokens: list[Any]) -> Array:
        """Return tokens as an array that a tensor can hold."""
        return np.asarray(tokens)

    # -- the vocabulary ---------------------------------------------------------------------------------

    @property
    def _mask(self) -> list[Any]:
        """The mask token, if it has an index."""
        return [] if self.mask_token is None or self.output_mode != "int" else [self.mask_token]

    @property
    def _specials(self) -> list[Any]:
        """The special tokens, which precede the ordinary ones."""
        return self._mask + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens in order, with or without the mask token and those for unknown values."""
        return [*(self._specials if include_special_tokens else []), *self._vocabulary.tokens]

    def vocabulary_size(self) -> int:
        """Return the number of tokens, including special tokens."""
        return len(self._specials) + len(self._vocabulary.tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Parameters
        ----------
        vocabulary : list, array, or path of a text file with a token on each line
            Beginning with all special tokens, or without any.
        idf_weights : list of float, optional
            One for each entry, with ``output_mode="tf_idf"``.

        Raises
        ------
        ArgumentError
            When tokens are repeated, too many or misplaced special ones; when weights are missing or do not fit.
        """
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ArgumentError(
                f"idf_weights are allowed with output_mode='tf_idf' only. Received: output_mode={self.output_mode!r}. "
                "Leave them out."
            )
        entries = listed(vocabulary, self.read_token)
        tokens = [self.token("vocabulary", each) for each in entries]
        has_specials = begins_with(tokens, self._mask, self._specials[len(self._mask) :])
        ordinary = tokens[len(self._specials) :] if has_specials else tokens
        check_tokens(ordinary, mask_token=self.mask_token, oov_token=self.oov_token)
        size = len(self._specials) + len(ordinary)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ArgumentError(
                f"A vocabulary has at most max_tokens={self.max_tokens} tokens, special ones included. "
                f"Received: {size}. Shorten it, or raise max_tokens."
            )
        weights = idf_of(idf_weights, len(entries)) if self.output_mode == "tf_idf" else None
        self._adopt(ordinary, weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from data, the most frequent tokens first, replacing the one learned before.

        Parameters
        ----------
        data : array, nested list, or iterable of batches
            With "tf_idf" each row is a document; a batch with one axis is one document.
        batch_size : int, default 32
        steps : int, optional
            The number of batches to use; all when None.

        Raises
        ------
        ArgumentError
            When `vocabulary` was passed to the constructor.
        DataError
            When there is no data.
        """
        if self._fixed:
            raise ArgumentError(
                f"adapt() learns the vocabulary of a layer that was created without one. Received: {self.name!r}, "
                "created with a vocabulary. Leave vocabulary out."
            )
        counting, with_idf = Counting(), self.output_mode == "tf_idf"
        for batch in batches_of(data, batch_size, steps, self.tokens_of):
            counting.add(batch, with_idf)
        most = None if self.max_tokens is None else max(self.max_tokens - len(self._specials), 0)
        tokens = counting.tokens(self.mask_token, self.oov_token)[:most]
        self._adopt(tokens, counting.idf(tokens) if with_idf else None)

    def _adopt(self, tokens: list[Any], weights: Array | None) -> None:
        """Set a valid vocabulary; the weight of unknown values defaults to the mean of the weights."""
        size = len(self._specials) + len(tokens)
        if self._makes_rows and self.built and not self.pad_to_max_tokens and size != self.vocabulary_size():
            raise ArgumentError(
                f"The length of rows cannot change once a layer is built. Received: a vocabulary of {size} for "
                f"{self.name!r}, built with {self.vocabulary_size()}. Create another layer, or pass max_tokens and "
                "pad_to_max_tokens=True."
            )
        self._vocabulary = Vocabulary(tokens, len(self._specials))
        if weights is None:
            return
        front = size - len(weights)
        weights = np.pad(weights, (front, self._depth - size), constant_values=(weights.mean(), 0))
        if self.idf_weights is not None and self.idf_weights.shape == weights.shape:
            self.idf_weights.assign(weights)
        else:
            self.idf_weights = Variable(weights, trainable=False)

    # -- the lookup -------------------------------------------------------------------------------------

    @property
    def _makes_rows(self) -> bool:
        return bool(self.output_mode != "int")

    @property
    def _depth(self) -> int:
        """The length of a row."""
        return int(self.max_tokens) if self.pad_to_max_tokens else self.vocabulary_size()

    def build(self, input_shape: ShapeLike) -> None:
        """Check that there is a vocabulary for rows, and that they fit."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Tensor:
        """Return the indices, or the rows of `output_mode`; the tokens with `invert`."""
        self._need_vocabulary()
        if self.invert:
            return constant(self._tokens_at(inputs.value))
        indices = self._indices_of(self.tokens_of(inputs))
        if not self._makes_rows:
            return constant(indices)
        mode = "count" if self.idf_weights is not None else self.output_mode
        rows = encoded(self.name, indices, self._depth, mode)
        return constant(rows if self.idf_weights is None else rows * self.idf_weights.value)

    def _need_vocabulary(self) -> None:
        if not self._vocabulary.tokens:
            raise NotBuiltError(
                f"Layer {self.name!r} needs a vocabulary to look up values. Pass vocabulary, or call adapt with data."
            )

    def _known(self) -> dict[Any, int]:
        """Return the indices of tokens."""
        masked = {} if self.mask_token is None else {self.mask_token: NOWHERE if self._makes_rows else 0}
        return {**self._vocabulary.indices, **masked}

    def _indices_of(self, values: Array) -> Array:
        first, count, flat = len(self._mask), self.num_oov_indices, values.ravel().tolist()
        known = self._known()
        if count == 1:
            indices = [known.get(token, first) for token in flat]
        elif count:
            indices = [known[t] if t in known else first + self.bucket(t, count) for t in flat]
        else:
            if unknown := [token for token in flat if token not in known]:
                raise DataError(
                    f"Layer {self.name!r} has no index for unknown values. Received: {quoted(unknown[0])}. Correct the "
                    "data, or create a layer with num_oov_indices=1."
                )
            indices = [known[token] for token in flat]
        return np.asarray(indices, np.int64).reshape(values.shape)

    def _tokens_at(self, indices: Array) -> Array:
        if indices.dtype.kind not in "fiub" or not np.isfinite(indices).all():
            raise DataError(
                f"Layer {self.name!r} with invert=True takes indices of its vocabulary. Received: values of dtype "
                f"{indices.dtype}. Pass integers."
            )
        vocabulary, flat_indices = self.get_vocabulary(), indices.ravel().tolist()
        tokens = [vocabulary[int(i)] if 0 <= i < len(vocabulary) else self.oov_token for i in flat_indices]
        if None in tokens:
            raise DataError(
                f"Layer {self.name!r} has no oov_token for indices outside its vocabulary. Received: "
                f"{flat_indices[tokens.index(None)]}. Correct the indices, or create a layer with an oov_token."
            )
        return self.tokens_array(tokens).reshape(indices.shape)

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape, or ``(None, vocabulary_size)`` for rows."""
        if not self._makes_rows:
            return input_shape
        self._need_vocabulary()
        return encoded_shape(self.name, tuple(input_shape), self._depth, self.output_mode)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer, with the vocabulary it has learned."""
        config = {
            **super().get_config(),
            "dtype": self.kind,
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary": self._vocabulary.tokens or None,
            "idf_weights": None,
        }
        # The special tokens are included, since their weights may be set separately.
        if self.idf_weights is not None:
            specials = None not in self._specials
            start = 0 if specials else len(self._specials)
            config["vocabulary"] = self.get_vocabulary(specials)
            config["idf_weights"] = self.idf_weights.value[start : self.vocabulary_size()].tolist()
        return config
