"""Data for training: arrays in memory and in files, data sets, sequences, generators and iterables as batches."""

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
    """Return whether `x` holds samples itself, or is a mistake, instead of giving batches."""
    if (
        type(x) is np.ndarray
        or isinstance(x, list | tuple | Mapping | Set | str | bytes | type)
        or is_stored(x)
    ):
        return True  # some of these are no arrays, and `array_of` says so
    if hasattr(x, "__array__") or hasattr(x, "nnz"):
        return True
    return not hasattr(x, "__iter__") and not _is_indexed(x)


def _is_indexed(x: Any) -> bool:
    """Return whether `x` gives batches by their number, as a `Sequence` does."""
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
        Or `Distributed` of those that give batches.
    y, sample_weight : array_like or h5py.Dataset, or a list, tuple or dict of them, optional
        Only with arrays; whatever gives batches gives them together with x.
    batch_size, steps, passes, shuffle
        As for `RowBatches`; only `steps` and `shuffle` for a Sequence, only `steps` for a Dataset or an iterable.
    class_weight : dict or array_like, optional
        From class number to weight.
    called : str, optional
        What messages call the data, if it has a name.
    names : Names, optional
        Those of the model's inputs and outputs, as far as it has any.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DataError
        For arguments and data that cannot be used.
    """
    made: Batches
    if isinstance(x, Distributed):
        if x.own and (is_array_like(x.dataset) or _is_indexed(x.dataset)):
            raise DataError(
                "A function that makes the data of one worker returns a Dataset, or another iterable of batches. "
                f"Received: a {type(x.dataset).__name__}. Return Dataset.from_tensor_slices(arrays).batch(size), or "
                "pass arrays and Sequences to fit as they are: each worker takes its rows of them."
            )
        made = batches_of(
            *(x.dataset, y, sample_weight),
            steps=steps,
            passes=passes,
            shuffle=shuffle,
            class_weight=class_weight,
            called=called,
            names=names,
        )
        return ShardBatches(made) if x.own else made
    batch_size = None if batch_size is None else positive("batch_size", batch_size)
    shuffle = _shuffling(shuffle)
    if is_array_like(x):
        made = _rows(x, y, sample_weight, batch_size, steps, passes, shuffle, called, names)
    else:
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ArgumentError(
                    f"{name} is only for arrays: an iterable yields (x, y) or (x, y, sample_weight), batch by batch. "
                    f"Received: {name} together with a {type(x).__name__}. Leave {name} out, or pass x as an array."
                )
        if isinstance(x, Dataset):
            made = batches_of_dataset(x, steps, called, names)
        elif _is_indexed(x):
            made = SequenceBatches(x, steps, bool(shuffle), called, names)
        else:
            made = IteratorBatches(x, steps, called, names)
    if class_weight is not None:
        weights = made.class_weight = class_weights(class_weight)
        if weights is not None and len(made.labels[1]) > 1:
            raise ArgumentError(
                "class_weight weighs the targets of a single output. "
                f"Received: class_weight with targets for {len(made.labels[1])}: {', '.join(made.labels[1])}. "
                "Pass a sample_weight for each output instead."
            )
        for targets in made.targets:
            if targets is not None and weights is not None:
                weighed_classes(weights, targets)
    return made


def halves(fraction: float, given: tuple[Any, Any, Any], names: Names = ANY) -> tuple[Any, Any]:
    """Divide x, y and sample_weight in two, nested as they are: the first rows, and the last `fraction` of them.

    Raises
    ------
    ArgumentError, DataError
        For a fraction that is none, and for data that cannot be used.
    """
    normal = normal_form(*given, names)
    warn_of_extra(normal)
    columns = columns_of(normal)
    parts = split(fraction, *(c.rows for c in columns))
    ends = list(accumulate(map(len, normal.parts)))
    first, last = (
        normal.form.given(
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
    """Batches of the rows of arrays; through blocks where one of them is in a file."""
    of = f" of {called}" if called else ""
    given = normal_form(x, y, sample_weight, names, of)
    columns = columns_of(given, of)
    in_files = Stored in [type(c.rows) for c in columns]
    kind = StoredBatches if in_files else ArrayBatches
    made = kind(columns, batch_size, steps, passes, shuffle)
    made.names, made.called = names, called
    made._note(given)
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
