"""Data for training: arrays, generators and iterables as batches."""

from collections.abc import Iterator
from typing import Any

from minifit.data.array_batches import ArrayBatches
from minifit.data.batches import Batch, Batches, weighed_classes
from minifit.data.checks import array_of, class_weights, positive, same_length
from minifit.data.iterator_batches import IteratorBatches
from minifit.data.values import check_range, in_memory
from minifit.errors import ArgumentError

__all__ = ["ArrayBatches", "Batch", "Batches", "IteratorBatches", "batches_of", "is_array_like"]


def is_array_like(x: Any) -> bool:
    """Whether `x` holds samples itself, instead of yielding batches."""
    if (
        isinstance(x, list | tuple | dict | str | bytes | type)
        or hasattr(x, "__array__")
        or hasattr(x, "nnz")
    ):
        return True  # some of these are none, and `array_of` says so
    return not hasattr(x, "__iter__") and not _is_indexed(x)


def _is_indexed(x: Any) -> bool:
    """Whether batches are had from `x` by their number, as from Keras's Sequence."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__") and not hasattr(x, "__iter__")


class _ByIndex:
    """An indexed source as an iterable of its batches."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[Any]:
        return (self._source[i] for i in range(len(self._source)))


def batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    passes: int = 1,
    shuffle: bool = False,
    class_weight: Any = None,
    called: str = "",
) -> Batches:
    """Batches from whatever a user passes as `x`.

    Parameters
    ----------
    x : array_like, or an iterator or iterable of batches
    y, sample_weight : array_like, optional
        Only with arrays; an iterable yields them together with x.
    batch_size, steps, passes, shuffle
        As for `ArrayBatches`; only `steps` for an iterable.
    class_weight : dict, optional
        From class number to weight.
    called : str, optional
        What messages call the data, if it has a name.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DataError
        For arguments and data that cannot be used.
    """
    batch_size = None if batch_size is None else positive("batch_size", batch_size)
    made: Batches
    if is_array_like(x):
        given = {"x": x, "y": y, "sample_weight": sample_weight}
        of = f" of {called}" if called else ""
        arrays = {n: array_of(n + of, a) for n, a in given.items() if a is not None or n == "x"}
        same_length(f"All arrays{of}", **arrays)
        for name, array in arrays.items():
            if in_memory(array):
                check_range(name + of, array)
        y, sample_weight = arrays.get("y"), arrays.get("sample_weight")
        made = ArrayBatches(arrays["x"], y, sample_weight, batch_size, steps, passes, shuffle)
        made.called = called
    else:
        for name, value in (("y", y), ("sample_weight", sample_weight), ("batch_size", batch_size)):
            if value is not None:
                raise ArgumentError(
                    f"{name} is only for arrays: an iterable yields (x, y) or (x, y, sample_weight), batch by batch. "
                    f"Received: {name} together with a {type(x).__name__}. Leave {name} out."
                )
        made = IteratorBatches(_ByIndex(x) if _is_indexed(x) else x, steps, called)
    if class_weight is not None and class_weight != {}:
        made.class_weight = class_weights(class_weight)
        if made.targets is not None:
            weighed_classes(made.class_weight, made.targets)
    return made
