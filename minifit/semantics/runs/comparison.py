"""The comparison of what happened with what was recorded.

Numbers may differ as float32 sums in another order do. Everything else is equal or is a difference: hooks and
their order, indices, keys, epochs, files, messages.
"""

from collections.abc import Iterator
from typing import Any

RELATIVE, ABSOLUTE = 2e-4, 2e-5


def differences(expected: Any, found: Any) -> list[str]:
    """Return every difference, as ``path: expected != found``; an empty list when the two agree."""
    return list(_walk(expected, found, ""))


def _walk(expected: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        yield from (f"{path}.{key}: missing: {_short(expected[key])}" for key in expected if key not in found)
        yield from (
            f"{path}.{key}: not expected: {_short(found[key])}" for key in found if key not in expected
        )
        for key in (k for k in expected if k in found):
            yield from _walk(expected[key], found[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: {len(expected)} items != {len(found)}: {_first_apart(expected, found)}"
            return
        for index, (one, other) in enumerate(zip(expected, found)):
            yield from _walk(one, other, f"{path}[{index}]")
    elif not _agree(expected, found):
        yield f"{path}: {_short(expected)} != {_short(found)}"


def _agree(expected: Any, found: Any) -> bool:
    if _is_number(expected) and _is_number(found):
        allowed = ABSOLUTE + RELATIVE * max(abs(expected), abs(found))
        return bool(abs(expected - found) <= allowed)
    return type(expected) is type(found) and bool(expected == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _first_apart(expected: list[Any], found: list[Any]) -> str:
    """Return the place at which two lists of unequal length part."""
    for index, (one, other) in enumerate(zip(expected, found)):
        if differences(one, other):
            return f"from [{index}] on, {_short(one)} != {_short(other)}"
    longer = max(expected, found, key=len)
    at = min(len(expected), len(found))
    return f"{'missing' if longer is expected else 'too many'}, from [{at}] on: {_short(longer[at])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
