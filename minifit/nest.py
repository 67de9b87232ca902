"""Nested values: tuples, lists and dicts of whatever a model takes or returns.

One input is the thing itself, several are a list, a tuple or a dict by name. Here they are taken apart into a flat
list of leaves, and put together again. A dict counts in the order of its sorted keys, as in TensorFlow.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def is_nested(value: Any) -> bool:
    """Return whether a value is a container and no leaf."""
    return isinstance(value, tuple | list | dict)


def flatten(value: Any) -> list[Any]:
    """Return the leaves in order; None is a leaf, an empty container has none."""
    if not is_nested(value):
        return [value]
    return [leaf for entry in _entries(value) for leaf in flatten(entry)]


def leaves(value: Any) -> Iterator[Any]:
    """Yield the leaves as they stand, where their order does not matter and keys of a dict may be anything."""
    if is_nested(value):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from leaves(entry)
    else:
        yield value


def pack(like: Any, leaves: Sequence[Any]) -> Any:
    """Return a value nested like another, with these leaves.

    Raises
    ------
    ValueError
        When there are more or fewer leaves than the other has.
    """
    remaining = iter(leaves)
    try:
        made = _packed(like, remaining)
    except StopIteration:
        raise ValueError(f"{len(leaves)} leaves are too few for {like!r}") from None
    if list(remaining):
        raise ValueError(f"{len(leaves)} leaves are too many for {like!r}")
    return made


def map_leaves(function: Callable[[Any], Any], value: Any) -> Any:
    """Return a value nested alike, with what a function makes of each leaf."""
    if not is_nested(value):
        return function(value)
    return pack(value, [function(leaf) for leaf in flatten(value)])


def _entries(value: Any) -> list[Any]:
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else list(value)


def _packed(like: Any, leaves: Iterator[Any]) -> Any:
    if not is_nested(like):
        return next(leaves)
    if isinstance(like, dict):
        made = {key: _packed(like[key], leaves) for key in sorted(like)}
        return {key: made[key] for key in like}
    entries = [_packed(entry, leaves) for entry in like]
    if isinstance(like, list):
        return entries
    return type(like)(*entries) if hasattr(like, "_fields") else tuple(entries)
