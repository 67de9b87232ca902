"""`IntegerLookup`: integers replaced by their indices in a vocabulary."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import integer, real
from minifit.errors import DataError
from minifit.layers.category_encoding import lower_encoded, whole_tensor
from minifit.layers.embedding import LARGEST
from minifit.layers.index_lookup import IndexLookup
from minifit.tensor import as_tensor


class IntegerLookup(IndexLookup):
    """Replaces integers by their indices in a vocabulary, which is passed or learned by `adapt`.

    Parameters
    ----------
    max_tokens : int, optional
        The maximum size of the vocabulary; unlimited when None.
    num_oov_indices : int, default 1
        The number of indices for unknown numbers. Of several, the remainder selects one; with 0 such a number is an
        error.
    mask_token : int, optional
        The number that has index 0, or is ignored in rows.
    oov_token : int, default -1
        The token for unknown numbers in the vocabulary, also returned for them with `invert`.
    vocabulary : list of int, or path of a text file, optional
    idf_weights : list of float, optional
        The weights of the vocabulary's tokens, for "tf_idf".
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
        When an argument breaks its rule.
    DataError
        When a number is unknown and there is no index for unknown numbers.

    Notes
    -----
    Fractions are truncated. A model's data is float32, which holds integers exactly up to 2 ** 24; look up larger
    numbers before the model.

    Examples
    --------
    >>> layer = IntegerLookup()
    >>> layer.adapt([[12, 1138, 42], [42, 1000, 36]])
    >>> layer.get_vocabulary()
    [-1, 42, 1138, 1000, 36, 12]
    >>> layer([42, 7]).numpy()
    array([1, 0])

    References
    ----------
    ``tf.keras.layers.IntegerLookup`` (TensorFlow 2.7).
    """

    kind = "int64"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
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

    def token(self, name: str, value: Any) -> int:
        """Return an integer, or a float without a fraction, as a Python int."""
        number = real(value)
        return int(number) if isinstance(number, float) and number.is_integer() else integer(name, value, 1)

    def read_token(self, line: str) -> Any:
        """Return the number on a line of a vocabulary file."""
        try:
            return int(line)
        except ValueError:
            return line

    def tokens_of(self, value: Any) -> Array:
        """Return the numbers as integers."""
        x = as_tensor(value).value
        if x.dtype.kind == "f":
            exact = np.abs(x) <= LARGEST if x.dtype == np.float32 else np.isfinite(x)
            if not exact.all():
                at = tuple(int(i) for i in np.argwhere(~exact)[0])
                raise DataError(
                    f"Layer {self.name!r} looks up integers, which a model's data holds exactly up to 2 ** 24. "
                    f"Received: {x[at]} at {at} of the batch. Look up such numbers before the model: layer(x)."
                )
        return x.astype(np.int64)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the indices, or the rows, for a batch of numbers that float32 holds exactly."""
        if self.invert:
            program.refuse("a lookup by places")
        self._need_vocabulary()
        program.need_column(inputs)
        program.check("check_numbers", inputs, inputs.count, -LARGEST - 1.0, LARGEST + 1.0)
        known = sorted((t, p) for t, p in self._known().items() if abs(t) <= LARGEST)
        tokens, token_indices = (program.constant(np.array(column)) for column in zip(*known, strict=True))
        oov = len(self._mask), self.num_oov_indices
        indices = program.prepare(
            "look_up", inputs.shape, inputs, inputs.count, tokens, token_indices, len(known), *oov
        )
        if not self._makes_rows:
            return indices
        mode = "count" if self.idf_weights is not None else self.output_mode
        rows = lower_encoded(program, self.name, indices, self._depth, mode)
        return rows if self.idf_weights is None else rows * self.idf_weights

    def bucket(self, token: int, count: int) -> int:
        """Return the remainder of the number divided by `count`."""
        return token % count

    def _tensor_of(self, value: Any) -> Any:
        return whole_tensor(value)
