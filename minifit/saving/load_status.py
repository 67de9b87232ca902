"""`LoadStatus`: which weights `load_weights` has loaded, and which it has not."""

from collections.abc import Sequence

from minifit.errors import PartialLoadError, quoted


class LoadStatus:
    """Returned by `load_weights`, for programs that ask whether all weights were loaded.

    A file that does not fit raises when it is loaded. So there is something to ask only with `by_name` or
    `skip_mismatch`, which leave weights out.

    Parameters
    ----------
    missing : list of str
        The model's weights that were left as they are.
    unread : int
        Arrays of the file that were not used.

    References
    ----------
    ``tf.train.Checkpoint.restore`` (TensorFlow 2.7), whose status ``tf.keras.Model.load_weights`` returns.
    """

    def __init__(self, missing: Sequence[str] = (), unread: int = 0) -> None:
        self._missing = list(missing)
        self._unread = unread

    def expect_partial(self) -> "LoadStatus":
        """Return the status itself: nothing is reported later that this would silence."""
        return self

    def assert_existing_objects_matched(self) -> "LoadStatus":
        """Raise `PartialLoadError`, which is an `AssertionError`, if a weight of the model was left as it is."""
        if self._missing:
            raise PartialLoadError(
                f"All weights of the model are to be loaded. Received: a file without {len(self._missing)} of them, "
                f"{quoted(self._missing)}. Load a file that fits, or call expect_partial() instead."
            )
        return self

    def assert_consumed(self) -> "LoadStatus":
        """Raise `PartialLoadError` if a weight of the model, or an array of the file, was left out."""
        self.assert_existing_objects_matched()
        if self._unread:
            raise PartialLoadError(
                f"All arrays of the file are to be used. Received: {self._unread} of layers that the model does "
                "not have. Load a file that fits, or call expect_partial() instead."
            )
        return self

    assert_nontrivial_match = assert_existing_objects_matched
