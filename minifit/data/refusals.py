"""The errors for data that is not an array of real numbers.

`array_of` calls these functions only for such data.
"""

from collections.abc import Mapping, Set
from reprlib import repr as short
from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.checks import real
from minifit.errors import DataError
from minifit.signatures import name_of


def refuse(name: str, value: Any) -> None:
    """Refuse data that NumPy would convert to something that the user does not mean.

    Raises
    ------
    DataError
        For None, text, a dict, a set, a function, a class, an iterator, a sparse matrix, and masked values.
    """
    mistake = _mistake(name, value)
    if mistake is not None:
        raise DataError(f"{name} must be one array of numbers. Received: {mistake}")


def _mistake(name: str, value: Any) -> str | None:
    """Return a description of an invalid value and the advice for it; None for other values."""
    bare = name.split(maxsplit=1)[0]
    if value is None:
        return "None. Pass the data."
    if isinstance(value, str | bytes):
        return f"the text {short(value)}. Read the data first and pass what was read."
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} in place of an array. Pass one of its arrays."
    if isinstance(value, Set):
        return f"a {type(value).__name__}, which has no order. Pass a list or an array."
    if hasattr(value, "__next__"):
        return f"a {type(value).__name__}. Pass the arrays that it yields; fit, evaluate and predict take it as x."
    if hasattr(value, "nnz") and (hasattr(value, "toarray") or hasattr(value, "todense")):
        return f"a sparse {type(value).__name__}. Pass {bare}.toarray()."
    if isinstance(value, type):
        return f"the class {value.__name__}. Make an object of it and pass that."
    if not hasattr(value, "__array__") and not hasattr(value, "__len__") and callable(value):
        return f"the function {name_of(value)}. Call it and pass what it returns."
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        masked = int(np.ma.getmaskarray(value).sum())
        return f"a masked array with {masked} masked values. Fill them in with {bare}.filled(0), or drop such rows."
    return None


def several(name: str, arrays: Any) -> DataError:
    """Return the error for a list of arrays in place of one."""
    shapes = ", ".join(str(np.shape(a)) for a in arrays[:3])
    todo = "Pass one; np.concatenate joins features, np.stack joins samples."
    if len(arrays) in (2, 3) and len({len(a) for a in arrays}) == 1 and arrays[1].ndim == 1:
        todo = "Pass x, y and the weights as separate arguments."
    return DataError(
        f"{name} must be one array of numbers. Received: a {type(arrays).__name__} of {len(arrays)} arrays, of shapes "
        f"{shapes}{', ...' if len(arrays) > 3 else ''}. {todo}"
    )


def ragged(name: str, rows: Any) -> DataError:
    """Return the error for rows of different lengths."""
    sizes = [len(row) if hasattr(row, "__len__") else 1 for row in rows]
    odd = next((i for i, size in enumerate(sizes) if size != sizes[0]), None)
    where = "" if odd is None else f": row 0 has {sizes[0]} values, row {odd} has {sizes[odd]}"
    return DataError(
        f"{name} must have rows of equal length. Received: a ragged {type(rows).__name__}{where}. Pad the short rows."
    )


def not_numbers(name: str, value: Any, array: Array) -> DataError:
    """Return the error for an array that holds anything but real numbers."""
    kind, bare = array.dtype.kind, name.split(maxsplit=1)[0]
    received, todo = f"dtype {array.dtype} from {type(value).__name__}", "Encode it as numbers first."
    if kind == "O":
        if array.ndim == 0:
            return DataError(
                f"{name} must be one array of numbers. Received: a value of type {type(value).__name__}. "
                "Pass a NumPy array, or a value that np.asarray can convert."
            )
        return _objects(name, array, received)
    if kind in "US":
        received += f", such as {str(array.flat[0])!r}" if array.size else ""
        if bare == "y":
            todo = "Encode it as numbers; np.unique(y, return_inverse=True)[1] numbers classes."
    elif kind == "c":
        todo = f"Pass {bare}.real, or both parts as features."
    elif kind == "V":
        todo = "Pass its fields as columns of one array."
    elif kind in "mM":
        todo = "Pass the time that has passed as a number: divide a difference by np.timedelta64(1, 's')."
    return DataError(f"{name} must hold real numbers. Received: {received}. {todo}")


def _objects(name: str, array: Array, received: str) -> DataError:
    """Return the error for an array of Python objects, which names the first bad one."""
    bare = name.split(maxsplit=1)[0]
    for place, entry in np.ndenumerate(array):
        if isinstance(entry, list | tuple | np.ndarray):
            return ragged(name, array)
        if isinstance(entry, bool | np.bool_) or real(entry) is not None:
            continue
        return DataError(
            f"{name} must hold real numbers. Received: {received}, with {short(entry)} at {_at(place)}. "
            "Encode text as numbers and fill in missing values."
        )
    large = next(v for v in array.flat if isinstance(v, int) and not -(2**63) <= v < 2**64)
    return DataError(
        f"{name} must hold numbers of at most 64 bits. "
        f"Received: {received}, since {large} does not fit beside the others. "
        f"Scale them down, or pass floats: np.array({bare}, float)."
    )


def _at(place: tuple[int, ...]) -> str:
    return f"row {place[0]}" if len(place) == 1 else str(place)
