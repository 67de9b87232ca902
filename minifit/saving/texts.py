"""JSON out of files, whose values may take far more memory than its text."""

import json
from typing import Any

VALUES = 1_000_000
"""Values in a text of JSON, at most, unless arrays in its file hold more numbers: a configuration may repeat these."""


def parsed(text: bytes | str, numbers: int = 0) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text : bytes or str
    numbers : int, default 0
        Numbers that the arrays of the file hold.

    Raises
    ------
    ValueError, RecursionError
        When it is no JSON, or has more values than a model needs.
    """
    encoded = text.encode() if isinstance(text, str) else text
    begins = sum(encoded.count(sign) for sign in (b"[", b"{", b","))
    if begins > max(VALUES, numbers):
        raise ValueError(f"it has {begins} values, more than a model needs")
    return json.loads(text)
