"""Batches for training, from arrays in memory and in files, data sets, sequences, generators and iterables."""

from collections.abc import Mapping, Set
from itertools import accumulate
from typing import Any

import numpy as np

from minifit.checks import positive
from minifit.data.array_batches import ArrayBatches as ArrayBatches
from minifit.data.batch import Batch as Batch
from minifit.data.batches import Batches as Batches
from minifit.data.checks import split
from minifit.data.class_weights import class_weights, weighed_classes
from minifit.data.csv_dataset import make_csv_dataset
from minifit.data.dataset import (
    AUTOTUNE,
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    Dataset,
    Options,
    cardinality,
)
from minifit.data.dataset_batches import batches_of_dataset
from minifit.data.elements import DatasetSpec, TensorSpec
from minifit.data.forms import ANY, normal_form, warn_of_extra
from minifit.data.forms import Form as Form
from minifit.data.forms import Names as Names
from minifit.data.iterator_batches import IteratorBatches as IteratorBatches
from minifit.data.row_batches import RowBatches, Shuffle, columns_of
from minifit.data.sequence import Sequence as Sequence
from minifit.data.sequence_batches import SequenceBatches as SequenceBatches
from minifit.data.shards import Distributed as Distributed
from minifit.data.shards import ShardBatches as ShardBatches
from minifit.data.stored import Stored, is_stored
from minifit.data.stored import rows_of as rows_of
from minifit.data.stored_batches import StoredBatches as StoredBatches
from minifit.errors import ArgumentError, DataError

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "Options",
    "TensorSpec",
    "cardinality",
    "make_csv_dataset",
]


def is_array_like(x: Any) -> bool:
    """Return whether `x` itself holds samples, instead of yielding batches; invalid data counts as arrays."""
    if (
        type(x) is np.ndarray
        or isinstance(x, list | tuple | Mapping | Set | str | bytes | type)
        or is_stored(x)
    ):
        # some of these are not arrays: `array_of` raises for them
        return True
    if hasattr(x, "__array__") or hasattr(x, "nnz"):
        return True
    return not hasattr(x, "__iter__") and not _is_indexed(x)


def _is_indexed(x: Any) -> bool:
    """Return whether `x` returns batches by number, like a `Sequence`."""
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
    names: Names = ANY,
) -> Batches:
    """Return batches from any kind of `x`.

    Parameters
    ----------
    x : array_like, h5py.Dataset, a list, tuple or dict of them, Dataset, Sequence, iterator or iterable of batches
        Or a `Distributed` one that yields batches.
    y, sample_weight : array_like or h5py.Dataset, or a list, tuple or dict of them, optional
        Only with arrays; an iterable of batches yields them together with x.
    batch_size, steps, passes, shuffle
        As in `RowBatches`; only `steps` and `shuffle` for a Sequence, only `steps` for a Dataset or an iterable.
    class_weight : dict or array_like, optional
        From class number to weight.
    called : str, optional
        The name of the data in messages.
    names : Names, optional
        The names of the model's inputs and outputs, as far as it has any.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DataError
        For invalid arguments and data.
    """
    batches: Batches
    if isinstance(x, Distributed):
        if x.own and (is_array_like(x.dataset) or _is_indexed(x.dataset)):
            raise DataError(
                "A function that makes the data of one worker must return a Dataset or another iterable of batches. "
                f"Received: a {type(x.dataset).__name__}. Return Dataset.from_tensor_slices(arrays).batch(size), or "
                "pass arrays and Sequences to fit directly: each worker takes its rows of them."
            )
        batches = batches_of(
            *(x.dataset, y, sample_weight),
            steps=steps,
            passes=passes,
            shuffle=shuffle,
            class_weight=class_weight,
            called=called,
            names=names,
        )
        return ShardBatches(batches) if x.own else batches
    batch_size = None if batch_size is None else positive("batch_size", batch_size)
    shuffle = _shuffling(shuffle)
    if is_array_like(x):
        batches = _rows(x, y, sample_weight, batch_size, steps, passes, shuffle, called, names)
    else:
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ArgumentError(
                    f"{name} is only for arrays: an iterable yields (x, y) or (x, y, sample_weight), batch by batch. "
                    f"Received: {name} together with a {type(x).__name__}. Leave {name} out, or pass x as an array."
                )
        if isinstance(x, Dataset):
            batches = batches_of_dataset(x, steps, called, names)
        elif _is_indexed(x):
            batches = SequenceBatches(x, steps, bool(shuffle), called, names)
        else:
            batches = IteratorBatches(x, steps, called, names)
    if class_weight is not None:
        weights = batches.class_weight = class_weights(class_weight)
        if weights is not None and len(batches.labels[1]) > 1:
            raise ArgumentError(
                "class_weight weighs the targets of a single output. "
                f"Received: class_weight with targets for {len(batches.labels[1])}: {', '.join(batches.labels[1])}. "
                "Pass a sample_weight for each output instead."
            )
        for targets in batches.targets:
            if targets is not None and weights is not None:
                weighed_classes(weights, targets)
    return batches


def halves(fraction: float, data: tuple[Any, Any, Any], names: Names = ANY) -> tuple[Any, Any]:
    """Split x, y and sample_weight into the first rows and the last `fraction` of the rows, each nested as before.

    Raises
    ------
    ArgumentError, DataError
        For an invalid fraction or invalid data.
    """
    normal = normal_form(*data, names)
    warn_of_extra(normal)
    columns = columns_of(normal)
    parts = split(fraction, *(c.rows for c in columns))
    ends = list(accumulate(map(len, normal.parts)))
    first, last = (
        normal.form.nest(
            [rows[end - len(leaves) : end] for end, leaves in zip(ends, normal.parts, strict=True)]
        )
        for rows in parts
    )
    return first, last


def _rows(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    passes: int,
    shuffle: Shuffle,
    called: str,
    names: Names,
) -> RowBatches:
    """Return batches of the rows of arrays, read in blocks if one of them is in a file."""
    suffix = f" of {called}" if called else ""
    normal = normal_form(x, y, sample_weight, names, suffix)
    columns = columns_of(normal, suffix)
    in_files = Stored in [type(c.rows) for c in columns]
    kind = StoredBatches if in_files else ArrayBatches
    batches = kind(columns, batch_size, steps, passes, shuffle)
    batches.names, batches.called = names, called
    batches._keep_form(normal)
    return batches


def _shuffling(shuffle: Any) -> Shuffle:
    """Return Keras's `shuffle` as a bool or "batch", in any case of letters."""
    if not isinstance(shuffle, str):
        return bool(shuffle)
    if shuffle.lower() != "batch":
        raise ArgumentError(
            f"shuffle must be True, False or 'batch'. Received: shuffle={shuffle!r}. Pass one of these."
        )
    return "batch"
