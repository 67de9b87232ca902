"""Converters of texts in HDF5 files, also while the process exits.

h5py registers converters of texts and an exit function that removes them. Exit functions registered before h5py was
imported run after that one, and without converters they could not save a model. If an exit function is the first to
import h5py, nothing removes the converters, and the HDF5 library calls them after the interpreter has ended.
"""

import atexit
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from minifit import interrupts

# Whether converters are registered only temporarily: they were removed, or it is too late for an exit function.
_removed = not threading.main_thread().is_alive()


@contextmanager
def converting_texts() -> Iterator[None]:
    """Register the converters of texts while the block runs."""
    with interrupts.importing("h5py"):
        from h5py import _conv, h5t, string_dtype

    registered = h5t.find(h5t.py_create(string_dtype(), logical=True), h5t.PYTHON_OBJECT) is not None
    if not registered:
        _conv.register_converters()
    try:
        yield
    finally:
        if _removed or not registered:
            _conv.unregister_converters()


def _remove() -> None:
    global _removed
    _removed = True
    converters = sys.modules.get("h5py._conv")
    if converters is not None:
        converters.unregister_converters()


atexit.register(_remove)
