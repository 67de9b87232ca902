"""Nested values: tuples, lists and dicts of a model's inputs or outputs.

A single input is passed as such; several are a list, a tuple, or a dict by name. These functions flatten a nested value
into a list of leaves and pack leaves into a nested value again. The leaves of a dict are in the order of its sorted
keys, as in TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def is_nested(value: Any) -> bool:
    """Return whether a value is a container rather than a leaf."""
    return isinstance(value, tuple | list | dict)


def flatten(value: Any) -> list[Any]:
    """Return the leaves in order; None is a leaf, and an empty container has none."""
    if not is_nested(value):
        return [value]
    return [leaf for entry in _entries(value) for leaf in flatten(entry)]


def leaves(value: Any) -> Iterator[Any]:
    """Yield the leaves in the order of the containers; unlike in `flatten`, dict keys need not be sortable."""
    if is_nested(value):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from leaves(entry)
    else:
        yield value


def pack(like: Any, leaves: Sequence[Any]) -> Any:
    """Return a value nested like another one, with these leaves.

    Raises
    ------
    ValueError
        When `like` has more or fewer leaves.
    """
    remaining = iter(leaves)
    try:
        packed = _pack(like, remaining)
    except StopIteration:
        raise ValueError(f"{len(leaves)} leaves are too few for {like!r}") from None
    if list(remaining):
        raise ValueError(f"{len(leaves)} leaves are too many for {like!r}")
    return packed


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply a function to each leaf and return the results, nested alike."""
    if not is_nested(value):
        return function(value)
    return pack(value, [function(leaf) for leaf in flatten(value)])


def _entries(value: Any) -> list[Any]:
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else list(value)


def _pack(like: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(like):
        return next(leaves)
    if isinstance(like, dict):
        packed = {key: _pack(like[key], leaves) for key in sorted(like)}
        return {key: packed[key] for key in like}
    entries = [_pack(entry, leaves) for entry in like]
    if isinstance(like, list):
        return entries
    return type(like)(*entries) if hasattr(like, "_fields") else tuple(entries)
