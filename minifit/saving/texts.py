"""JSON from files, whose values may take far more memory than its text."""

import json
from typing import Any

VALUES = 1_000_000
"""The maximum number of values in a JSON text, unless the arrays of its file hold more numbers, which it may repeat."""


def parsed(text: bytes | str, numbers: int = 0) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text : bytes or str
    numbers : int, default 0
        The total size of the arrays in the file.

    Raises
    ------
    ValueError, RecursionError
        When the text is not JSON, or has more values than a model needs.
    """
    encoded = text.encode() if isinstance(text, str) else text
    values = sum(encoded.count(sign) for sign in (b"[", b"{", b","))
    if values > max(VALUES, numbers):
        raise ValueError(f"it has {values} values, more than a model needs")
    return json.loads(text)
