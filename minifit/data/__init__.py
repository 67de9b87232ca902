"""Data for training: arrays in memory and in files, sequences, generators and iterables as batches."""

from collections.abc import Mapping, Set
from typing import Any

from minifit.checks import positive
from minifit.data.array_batches import ArrayBatches
from minifit.data.batches import PARTS, Batch, Batches, weighed_classes
from minifit.data.checks import class_weights, same_length
from minifit.data.iterator_batches import IteratorBatches
from minifit.data.row_batches import RowBatches, Shuffle, column
from minifit.data.sequence import Sequence
from minifit.data.sequence_batches import SequenceBatches
from minifit.data.stored import Stored, is_stored, rows_of
from minifit.data.stored_batches import StoredBatches
from minifit.data.values import check_range, in_memory
from minifit.errors import ArgumentError

__all__ = [
    "ArrayBatches",
    "Batch",
    "Batches",
    "IteratorBatches",
    "Sequence",
    "SequenceBatches",
    "StoredBatches",
    "batches_of",
    "is_array_like",
    "rows_of",
]


def is_array_like(x: Any) -> bool:
    """Whether `x` holds samples itself, or is a mistake, instead of giving batches."""
    if isinstance(x, list | tuple | Mapping | Set | str | bytes | type) or is_stored(x):
        return True  # some of these are no arrays, and `array_of` says so
    if hasattr(x, "__array__") or hasattr(x, "nnz"):
        return True
    return not hasattr(x, "__iter__") and not _is_indexed(x)


def _is_indexed(x: Any) -> bool:
    """Whether batches are had from `x` by their number, as from a `Sequence`."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


def batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    passes: int = 1,
    shuffle: Any = False,
    class_weight: Any = None,
    called: str = "",
) -> Batches:
    """Batches from whatever a user passes as `x`.

    Parameters
    ----------
    x : array_like, h5py.Dataset, Sequence, or an iterator or iterable of batches
    y, sample_weight : array_like or h5py.Dataset, optional
        Only with arrays; whatever gives batches gives them together with x.
    batch_size, steps, passes, shuffle
        As for `RowBatches`; only `steps` and `shuffle` for a Sequence, only `steps` for an iterable.
    class_weight : dict or array_like, optional
        From class number to weight.
    called : str, optional
        What messages call the data, if it has a name.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DataError
        For arguments and data that cannot be used.
    """
    batch_size = None if batch_size is None else positive("batch_size", batch_size)
    shuffle = _shuffling(shuffle)
    made: Batches
    if is_array_like(x):
        made = _rows(x, y, sample_weight, batch_size, steps, passes, shuffle, called)
    else:
        for name, value in (("y", y), ("sample_weight", sample_weight), ("batch_size", batch_size)):
            if value is not None:
                raise ArgumentError(
                    f"{name} is only for arrays: an iterable yields (x, y) or (x, y, sample_weight), batch by batch. "
                    f"Received: {name} together with a {type(x).__name__}. Leave {name} out, or pass x as an array."
                )
        indexed = _is_indexed(x)
        made = (
            SequenceBatches(x, steps, bool(shuffle), called) if indexed else IteratorBatches(x, steps, called)
        )
    if class_weight is not None:
        weights = made.class_weight = class_weights(class_weight)
        for targets in made.targets:
            if targets is not None and weights is not None:
                weighed_classes(weights, targets)
    return made


def _rows(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    passes: int,
    shuffle: Shuffle,
    called: str,
) -> RowBatches:
    """Batches of the rows of arrays; through blocks where one of them is in a file."""
    of = f" of {called}" if called else ""
    columns = [
        column(name, name, rows_of(name + of, value))
        for name, value in zip(PARTS, (x, y, sample_weight), strict=True)
        if name == "x" or value is not None
    ]
    same_length(f"All arrays{of}", **{c.name: c.rows for c in columns})
    for name, _, rows, _ in columns:
        if in_memory(rows):
            check_range(name + of, rows)
    in_files = any(isinstance(c.rows, Stored) for c in columns)
    kind = StoredBatches if in_files else ArrayBatches
    made = kind(columns, batch_size, steps, passes, shuffle)
    made.called = called
    return made


def _shuffling(shuffle: Any) -> Shuffle:
    """Keras's `shuffle`: a bool, or "batch" in any case of letters."""
    if not isinstance(shuffle, str):
        return bool(shuffle)
    if shuffle.lower() != "batch":
        raise ArgumentError(
            f"shuffle must be True, False or 'batch'. Received: shuffle={shuffle!r}. Pass one of these."
        )
    return "batch"
