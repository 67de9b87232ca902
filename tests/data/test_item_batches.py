"""Items of several inputs and outputs: from generators, iterables and Sequences alike."""

from typing import Any

import numpy as np

from minifit.arrays import Array
from minifit.data import Names, Sequence

NAMES = Names(["image", "age"], ["class", "score"])


def image(number: int, rows: int = 2) -> Array:
    return np.full((rows, 3), number, np.float32)


def item(number: int, rows: int = 2) -> tuple[Any, ...]:
    """Inputs and targets by name, in another order than that of the model."""
    x = {"age": np.full(rows, 10 * number), "image": image(number, rows)}
    return x, {"score": np.full(rows, 0.5), "class": np.full(rows, number, np.uint8)}


class Items(Sequence):
    """A Sequence of given items."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]
