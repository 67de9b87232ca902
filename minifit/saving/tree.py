"""Nested plain data, such as a training state, packed into JSON and one stretch of memory for a file.

Lists, dicts, numbers and strings go to the JSON text; all arrays go to the stretch, one after the other, and the text
has their offsets. So a state with a hundred small arrays is written as two datasets. Neither can run code: unpacking
builds only the kinds of values defined here and refuses anything else.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from math import isfinite, prod
from typing import Any

import numpy as np

from minifit.arrays import ALIGNMENT, Array
from minifit.errors import ArgumentTypeError, FileFormatError
from minifit.numbers import Number
from minifit.saving.groups import Joined

NUMBERS = "biufc"
"""The kinds of dtype that can be stored: booleans, integers, and real and complex numbers."""


def pack(tree: Any, place: str = "the state") -> tuple[str, Joined]:
    """Return the tree as JSON text and the bytes of its arrays, which are not copied.

    Parameters
    ----------
    tree : dict, list, tuple, set, array, number, string, bytes or None, nested
    place : str
        The term for the tree in errors.

    Raises
    ------
    ArgumentTypeError
        For a value of another kind, with its position in the tree.
    """
    packer = _Packer()
    text = json.dumps(packer.value(tree, place), separators=(",", ":"), allow_nan=False)
    return text, Joined(packer.parts)


def unpack(text: str, memory: Array) -> Any:
    """Return the tree that was passed to `pack`; its arrays are copies.

    Raises
    ------
    FileFormatError
        When text and memory do not match.
    """
    try:
        return _Unpacker(memory).value(json.loads(text))
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FileFormatError(
            f"A state must be as it was written. Received: one that makes no sense ({error}). Use another backup."
        ) from error


class _Packer:
    """Converts values to JSON's types; a dict with a single key that begins with $ represents any other type."""

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self.size = 0

    def value(self, value: Any, place: str) -> Any:
        if value is None or isinstance(value, bool | str) or type(value) is int:
            return value
        if type(value) is float or isinstance(value, Number):
            value = float(value)
            return value if isfinite(value) else {"$float": repr(value)}
        if isinstance(value, Mapping):
            return self.mapping(value, place)
        if isinstance(value, list | tuple | set | frozenset):
            return self.sequence(value, place)
        if isinstance(value, bytes):
            return {"$bytes": b64encode(value).decode()}
        if isinstance(value, np.generic):
            return {"$number": self.array(np.asarray(value), place)}
        if hasattr(value, "__array__"):
            return {"$array": self.array(np.asarray(value), place)}
        raise _unfit(f"{value!r} of type {type(value).__name__}", place)

    def mapping(self, value: Mapping[Any, Any], place: str) -> Any:
        if all(isinstance(k, str) and not k.startswith("$") for k in value):
            return {k: self.value(v, f"{place}: {k}") for k, v in value.items()}
        return {"$dict": [[self.value(k, place), self.value(v, f"{place}: {k}")] for k, v in value.items()]}

    def sequence(self, value: Any, place: str) -> Any:
        members = [self.value(v, f"{place}, number {i}") for i, v in enumerate(value, 1)]
        if isinstance(value, list):
            return members
        return {"$tuple" if isinstance(value, tuple) else "$set": members}

    def array(self, array: Array, place: str) -> list[Any]:
        """Add an array to the stretch and return its offset, shape and dtype."""
        if array.dtype.kind not in NUMBERS:
            raise _unfit(f"an array of dtype {array.dtype}", place)
        offset = self.size
        gap = -array.nbytes % ALIGNMENT
        self.parts += [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, bytes(gap)]
        self.size += array.nbytes + gap
        return [offset, list(array.shape), array.dtype.str]


def _unfit(received: str, place: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        "A state is made of dicts, lists, arrays of numbers, numbers, strings and None. "
        f"Received: {received} in {place}. Let get_state return plain data."
    )


class _Unpacker:
    """Converts JSON's types back to values. Arrays do not share memory, so their total size is at most the memory's."""

    def __init__(self, memory: Array) -> None:
        self._memory = memory
        self._left = len(memory)

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))).startswith("$"):
            return _READERS[name](self, value[name])
        return {k: self.value(v) for k, v in value.items()}

    def array(self, place: Any) -> Array:
        offset, shape, name = place
        dtype = np.dtype(str(name))
        if dtype.kind not in NUMBERS or offset < 0 or any(n < 0 for n in shape):
            raise ValueError(f"an array of {name} with shape {shape} at {offset}")
        size = prod(shape) * dtype.itemsize
        part = self._memory[offset : offset + size]
        self._left -= size
        if len(part) < size or self._left < 0:
            raise ValueError(f"an array of {size} bytes at {offset} of {len(self._memory)}")
        return part.view(dtype).reshape(shape).copy()


_READERS: Mapping[str, Callable[[_Unpacker, Any], Any]] = {
    "$float": lambda _, v: float(v),
    "$bytes": lambda _, v: b64decode(v, validate=True),
    "$array": _Unpacker.array,
    "$number": lambda self, v: self.array(v)[()],
    "$tuple": lambda self, v: tuple(self.value(x) for x in v),
    "$set": lambda self, v: {self.value(x) for x in v},
    "$dict": lambda self, v: {self.value(k): self.value(x) for k, x in v},
}
