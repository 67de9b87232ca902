"""The default of `save_format` for names that do not end with ``.h5``, ``.hdf5`` or ``.keras``.

"h5" is one file of that name. "tf" is a folder for a whole model and a checkpoint for weights, which is the default of
TensorFlow 2, and of the stand-in.
"""

_NOW = ["h5"]


def now() -> str:
    """Return the current default."""
    return _NOW[0]


def choose(save_format: str) -> None:
    """Set the default to "h5" or "tf"."""
    _NOW[:] = [save_format]
