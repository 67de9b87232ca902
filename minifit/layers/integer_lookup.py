"""`IntegerLookup`: whole numbers replaced by their places in a vocabulary."""

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
    """Replaces whole numbers by their places in a vocabulary that is given, or learned by `adapt`.

    Parameters
    ----------
    max_tokens : int, optional
        The length of the vocabulary, at most; as many as there are when None.
    num_oov_indices : int, default 1
        The places for unknown numbers, by the remainder where there are several; with 0 such a number is an error.
    mask_token : int, optional
        The number that has place 0, or counts as nothing in rows.
    oov_token : int, default -1
        What stands for unknown numbers in the vocabulary, and is returned for them with `invert`.
    vocabulary : list of int, or path of a text file, optional
    idf_weights : list of float, optional
        The weights of the vocabulary's tokens, for "tf_idf".
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
        When an argument breaks its rule.
    DataError
        When a number is unknown and there is no place for such.

    Notes
    -----
    Fractions are cut off. A model's data are float32, in which whole numbers are exact up to 2 ** 24; look larger ones
    up before the model.

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
        """Return a whole number as Python's, a whole float too."""
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
                    f"Layer {self.name!r} looks up whole numbers, which a model's data hold up to 2 ** 24. Received: "
                    f"{x[at]} at {at} of the batch. Look such numbers up before the model: layer(x)."
                )
        return x.astype(np.int64)

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the places, or the rows, of a batch of numbers that float32 holds exactly."""
        if self.invert:
            program.refuse("a lookup by places")
        self._need_vocabulary()
        program.need_column(inputs)
        program.check("check_numbers", inputs, inputs.count, -LARGEST - 1.0, LARGEST + 1.0)
        known = sorted((t, p) for t, p in self._known().items() if abs(t) <= LARGEST)
        tokens, found = (program.constant(np.array(column)) for column in zip(*known, strict=True))
        oov = len(self._mask), self.num_oov_indices
        places = program.prepare(
            "look_up", inputs.shape, inputs, inputs.count, tokens, found, len(known), *oov
        )
        if not self._makes_rows:
            return places
        mode = "count" if self.idf_weights is not None else self.output_mode
        rows = lower_encoded(program, self.name, places, self._depth, mode)
        return rows if self.idf_weights is None else rows * self.idf_weights

    def bucket(self, token: int, count: int) -> int:
        """Return the remainder."""
        return token % count

    def _tensor_of(self, value: Any) -> Any:
        return whole_tensor(value)
