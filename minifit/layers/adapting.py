"""The batches of the data that is passed to `adapt`, from which layers learn before training."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from minifit.arrays import Array
from minifit.errors import ArgumentError, DataError
from minifit.tensor import Tensor, to_array


def batches_of(
    data: Any,
    batch_size: int | None = None,
    steps: int | None = None,
    array_of: Callable[[Any], Array] = to_array,
) -> Iterator[Array]:
    """Return batches of an array, a list, a dataset in a file, or an iterable of batches.

    Parameters
    ----------
    data : array or h5py.Dataset of shape (n, ...), nested list, or iterable of batches
    batch_size : int, default 32
        The number of rows in a batch of an array.
    steps : int, optional
        The maximum number of batches; all when None.
    array_of : callable
        Returns a batch as an array, or raises.

    Raises
    ------
    DataError
        When `data` is a single value, or batches have targets.
    ArgumentError
        When `data` repeats endlessly and `steps` is None.
    """
    cardinality = getattr(data, "cardinality", None)
    if steps is None and callable(cardinality) and cardinality() == -1:
        raise ArgumentError(
            "adapt needs finite data. Received: a dataset that repeats endlessly. Pass steps, or leave repeat() out."
        )
    return islice(_all_batches(data, batch_size or 32, array_of), steps)


def _inputs_only(batch: Any) -> Any:
    """Return a batch of inputs; raise if it also has targets."""
    if isinstance(batch, tuple | dict):
        raise DataError(
            f"adapt takes batches of one array of inputs. Received: a {type(batch).__name__} of {len(batch)}. "
            "Leave the targets out: dataset.map(lambda x, y: x)."
        )
    return batch


def _all_batches(data: Any, batch_size: int, array_of: Callable[[Any], Array]) -> Iterator[Array]:
    # An array, in memory or in a file, is sliced.
    has_rows = hasattr(data, "shape") and hasattr(data, "__getitem__")
    if not has_rows and not isinstance(data, Tensor | list | tuple | str) and isinstance(data, Iterable):
        yield from (array_of(_inputs_only(batch)) for batch in data)
        return
    rows = data if has_rows else array_of(data)
    if not rows.shape:
        raise DataError(
            "adapt needs data of shape (n, ...). Received: a single value. Pass an array or a list."
        )
    yield from (array_of(rows[i : i + batch_size]) for i in range(0, len(rows), batch_size))
