"""Texts in HDF5 files at the end of the process.

h5py registers converters of texts, and an exit function that removes them. Exit functions that were registered before
h5py was imported run after that one, and could save no model. And where an exit function is the first to import
h5py, nothing removes the converters: the HDF5 library calls them after the interpreter has gone.
"""

import atexit
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from minifit import interrupts

# Whether the converters are only lent: they are removed for good, or this is too late to register what removes them.
_removed = not threading.main_thread().is_alive()


@contextmanager
def converting_texts() -> Iterator[None]:
    """Let the HDF5 library convert texts while the block runs."""
    with interrupts.importing("h5py"):
        from h5py import _conv, h5t, string_dtype

    there = h5t.find(h5t.py_create(string_dtype(), logical=True), h5t.PYTHON_OBJECT) is not None
    if not there:
        _conv.register_converters()
    try:
        yield
    finally:
        if _removed or not there:
            _conv.unregister_converters()


def _remove() -> None:
    global _removed
    _removed = True
    converters = sys.modules.get("h5py._conv")
    if converters is not None:
        converters.unregister_converters()


atexit.register(_remove)
