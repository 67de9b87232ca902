"""`LoadStatus`: the weights that `load_weights` did not load."""

from collections.abc import Sequence

from minifit.errors import PartialLoadError, quoted


class LoadStatus:
    """The result of `load_weights`, for programs that check whether all weights were loaded.

    Loading a file that does not fit raises. So the checks matter only with `by_name` or `skip_mismatch`, which skip
    weights.

    Parameters
    ----------
    missing : list of str
        The weights of the model that were not loaded.
    unread : int
        The number of arrays in the file that were not used.

    References
    ----------
    ``tf.train.Checkpoint.restore`` (TensorFlow 2.7), whose status ``tf.keras.Model.load_weights`` returns.
    """

    def __init__(self, missing: Sequence[str] = (), unread: int = 0) -> None:
        self._missing = list(missing)
        self._unread = unread

    def expect_partial(self) -> "LoadStatus":
        """Return the status itself; there are no later warnings to silence."""
        return self

    def assert_existing_objects_matched(self) -> "LoadStatus":
        """Raise `PartialLoadError`, which is an `AssertionError`, if a weight of the model was not loaded."""
        if self._missing:
            raise PartialLoadError(
                f"All weights of the model must be loaded. Received: a file without {len(self._missing)} of them, "
                f"{quoted(self._missing)}. Load a file that fits, or call expect_partial() instead."
            )
        return self

    def assert_consumed(self) -> "LoadStatus":
        """Raise `PartialLoadError` if a weight of the model was not loaded or an array of the file was not used."""
        self.assert_existing_objects_matched()
        if self._unread:
            raise PartialLoadError(
                f"All arrays of the file must be used. Received: {self._unread} of layers that the model does "
                "not have. Load a file that fits, or call expect_partial() instead."
            )
        return self

    assert_nontrivial_match = assert_existing_objects_matched
