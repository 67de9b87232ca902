"""Data out of Python's pickles, of which nothing is called that the file names.

Some of Keras's files hold lists of numbers and arrays in that form. Of all that a pickle may name only NumPy's array is
known here, and in its place stands a class of this module that takes numbers and nothing else.
"""

import pickle
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from minifit.arrays import Array
from minifit.errors import DataError

ARRAYS = {"numpy.core.multiarray", "numpy._core.multiarray"}
"""Modules that NumPy makes arrays by, in its two generations."""


class _Dtype:
    """In the place of ``numpy.dtype``: its code, such as ``u1`` and ``O8``."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode() if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: Any) -> None:
        pass


class _Array:
    """In the place of ``numpy.ndarray``: what it was made of."""

    values: Any = None

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, values = state
        if fortran or not isinstance(dtype, _Dtype):
            raise ValueError("an array in another order")
        if dtype.code in ("O8", "O") and isinstance(values, list) and shape == (len(values),):
            self.values = values
        elif dtype.code == "u1" and isinstance(values, bytes):
            self.values = np.frombuffer(values, np.uint8).reshape(shape)
        else:
            raise ValueError(f"an array of dtype {dtype.code}")


class _Unpickler(pickle.Unpickler):
    """Knows NumPy's array and no other name."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name.

        Raises
        ------
        ValueError
            For any other.
        """
        known: dict[str, Any] = {"_reconstruct": _Array} if module in ARRAYS else {}
        if module == "numpy":
            known = {"ndarray": _Array, "dtype": _Dtype}
        if name not in known:
            raise ValueError(f"the name {module}.{name}, which is no array")
        return known[name]


def unpickled(file: IO[bytes], path: str) -> Any:
    """Return the numbers, lists, dicts and arrays of a pickle; a text of Python 2 is bytes.

    Parameters
    ----------
    file : binary file
    path : str
        What messages call it.

    Raises
    ------
    DataError
        When it holds anything else, or is no whole pickle.
    """
    with _blaming(path):
        found = _Unpickler(file, encoding="bytes").load()
        return _plain(found)


def lists_of(path: str, *names: str) -> list[Any]:
    """Return arrays of a file of ``np.savez`` by their names; of an array of objects, the list of them.

    Raises
    ------
    DataError
        When it holds none of such a name, or anything but numbers and lists.
    """
    with _blaming(path), zipfile.ZipFile(path) as stored:
        return [_read(stored, name) for name in names]


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged pickle may raise anything
        raise DataError(
            f"{path} must hold arrays and lists of numbers. Received: {type(error).__name__}: {error}. "
            "Remove it, so that it will be downloaded again."
        ) from error


def _read(stored: zipfile.ZipFile, name: str) -> Any:
    """Return an array, or the list of its objects."""
    with stored.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        _, _, dtype = header(file)
        if dtype.kind == "O":
            return _plain(_Unpickler(file, encoding="bytes").load())
    with stored.open(f"{name}.npy") as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
        return array


def _plain(value: Any) -> Any:
    """Return a value with arrays in the places of what stood for them."""
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value
