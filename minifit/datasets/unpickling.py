"""Safe reading of data in Python's pickle format: nothing that the file names is ever called.

Some files of Keras contain lists of numbers and arrays in this format. The only name that is accepted is NumPy's array,
and a class of this module, which accepts only numbers, is used in its place.
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
"""The modules from which pickles of NumPy 1 and 2 take arrays."""


class _Dtype:
    """A replacement for ``numpy.dtype``, which holds its code, such as ``u1`` and ``O8``."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode() if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: Any) -> None:
        pass


class _Array:
    """A replacement for ``numpy.ndarray``, which holds its values."""

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
    """An unpickler that accepts NumPy's array and no other name."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the replacement for a name.

        Raises
        ------
        ValueError
            For any other name.
        """
        known: dict[str, Any] = {"_reconstruct": _Array} if module in ARRAYS else {}
        if module == "numpy":
            known = {"ndarray": _Array, "dtype": _Dtype}
        if name not in known:
            raise ValueError(f"the name {module}.{name}, which is not an array")
        return known[name]


def unpickled(file: IO[bytes], path: str) -> Any:
    """Return the numbers, lists, dicts and arrays of a pickle; strings of Python 2 become bytes.

    Parameters
    ----------
    file : binary file
    path : str
        The name of the file in error texts.

    Raises
    ------
    DataError
        If the file contains anything else, or is not a complete pickle.
    """
    with _blaming(path):
        return _plain(_Unpickler(file, encoding="bytes").load())


def lists_of(path: str, *names: str) -> list[Any]:
    """Return the named arrays of a file of ``np.savez``; an array of objects becomes a list.

    Raises
    ------
    DataError
        If an array is missing, or contains anything but numbers and lists.
    """
    with _blaming(path), zipfile.ZipFile(path) as stored:
        return [_read(stored, name) for name in names]


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    try:
        yield
    # a damaged pickle may raise any exception
    except Exception as error:
        raise DataError(
            f"{path} must contain arrays and lists of numbers. Received: {type(error).__name__}: {error}. "
            "Remove it; it will be downloaded again."
        ) from error


def _read(stored: zipfile.ZipFile, name: str) -> Any:
    """Return an array, or the list of its objects if it has dtype object."""
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
    """Return a value with its `_Array` objects replaced by their values."""
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value
