"""Default names of layers and models."""

import re
from collections import Counter

used_names: Counter[str] = Counter()


def unique_name(base: str) -> str:
    """Return ``dense``, then ``dense_1``, ``dense_2``, ... counted over the whole process, as in Keras."""
    count = used_names[base]
    used_names[base] += 1
    return f"{base}_{count}" if count else base


def clear_names() -> None:
    """Reset the counters of names."""
    used_names.clear()


def snake_case(name: str) -> str:
    """Return ``batch_normalization`` for ``BatchNormalization``, as Keras names layers."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
