"""The arguments of `fit`, `evaluate` and `predict` in normal form: data as batches, and values of one type."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minifit.checks import entries, positive, whole
from minifit.data import Batches, Names, batches_of, halves, is_array_like
from minifit.data.checks import array_of, holds_back
from minifit.errors import ArgumentError, ArgumentTypeError

Triple: TypeAlias = tuple[Any, Any, Any]
"""x, y and sample_weight."""


class Validation(NamedTuple):
    """The arguments of `fit` for the validation data."""

    split: Any
    data: Any
    steps: Any
    batch_size: Any


def data_of_fit(
    data: Triple,
    names: Names,
    batch_size: Any,
    steps: Any,
    shuffle: Any,
    class_weight: Any,
    validation: Validation,
) -> tuple[Batches, Batches | None]:
    """Return the batches for training and for validation, or None for no validation.

    Raises
    ------
    ArgumentError, ArgumentTypeError, DataError
        For arguments and data that cannot be used.
    """
    called, held_back = "validation_data", validation.data
    if holds_back(validation.split) and held_back is None:
        called = "the validation split"
        if not is_array_like(data[0]):
            raise ArgumentError(
                "validation_split divides arrays. Received: an iterable of batches. Pass validation_data instead."
            )
        data, held_back = halves(validation.split, data, names)
    batches = batches_of(
        *data,
        batch_size=batch_size,
        steps=_size("steps_per_epoch", steps),
        shuffle=shuffle,
        class_weight=class_weight,
        names=names,
    )
    judged_on = _validation_batches(
        held_back,
        _size("validation_batch_size", validation.batch_size) or batch_size,
        _size("validation_steps", validation.steps),
        called,
        names,
    )
    return batches, judged_on


def data_of(data: Triple, names: Names, batch_size: Any, steps: Any) -> Batches:
    """Return the batches for evaluation or prediction."""
    return batches_of(*data, batch_size=batch_size, steps=_size("steps", steps), names=names)


def rows_alone(x: Any) -> Any:
    """Return the samples of one batch.

    Raises
    ------
    DataError
        For an iterable of batches.
    """
    return x if is_array_like(x) else array_of("x", x)


def _size(name: str, value: Any) -> int | None:
    return None if value is None else positive(name, value)


def verbosity(verbose: Any) -> int:
    """Return Keras's `verbose` as a number: 0 for None, 1 for "auto", and any integer unchanged.

    Raises
    ------
    ArgumentError
    """
    level = int(verbose) if isinstance(verbose, bool | np.bool_) else whole(verbose)
    if verbose is None:
        return 0
    if level is None and not (isinstance(verbose, str) and verbose == "auto"):
        raise ArgumentError(
            "verbose must be 0 (silent), 1 (a bar), 2 (a line per epoch) or 'auto'. "
            f"Received: verbose={verbose!r}. Pass one of them."
        )
    return 1 if level is None else level


def sizes(batches: Batches) -> tuple[int | None, int | None]:
    """Return the samples in a batch and in an epoch, if an epoch passes over arrays at most once; else None twice."""
    size, samples = batches.size, getattr(batches, "samples", None)
    if size is None or samples is None or batches.steps is None or (batches.steps - 1) * size >= samples:
        return None, None
    return size, min(batches.steps * size, samples)


def _validation_batches(
    data: Any, batch_size: int | None, steps: int | None, called: str, names: Names
) -> Batches | None:
    """Return the batches of `validation_data`; None if there is none."""
    if data is None or (isinstance(data, tuple | list) and not data):
        return None
    if isinstance(data, tuple | list):
        if not 1 <= len(data) <= 3:
            raise ArgumentError(
                "validation_data is (x, y) or (x, y, sample_weight), or an iterable of batches. "
                f"Received: {len(data)} parts. Pass at most three: x, y and sample_weight."
            )
        return batches_of(*data, batch_size=batch_size, steps=steps, called=called, names=names)
    if is_array_like(data):
        raise ArgumentTypeError(
            "validation_data is (x, y) or (x, y, sample_weight), or an iterable of batches. "
            f"Received: {type(data).__name__}. Put x and y into a tuple; call a function that makes batches."
        )
    return batches_of(data, steps=steps, called=called, names=names)


def due(freq: Any) -> Callable[[int], bool]:
    """Return a function of the epoch, counted from 0, that says whether to validate: Keras's `validation_freq`."""
    several = entries(freq)
    if several is not None:
        epochs = {positive("validation_freq", f, example=1) for f in several}
        return lambda epoch: epoch + 1 in epochs
    every = positive("validation_freq", freq, example=1)
    return lambda epoch: (epoch + 1) % every == 0


def returned(logs: Mapping[str, Any], names: Sequence[str], return_dict: bool) -> Any:
    """Return logs in the form of `evaluate`: one number, a list in the order of `names`, or a dict.

    Other names, from a user's step, follow in alphabetical order, as in tf.keras.
    """
    if return_dict:
        return dict(logs)
    known = [name for name in names if name in logs]
    others = sorted(logs.keys() - set(known)) if len(known) < len(logs) else ()
    values = [logs[name] for name in (*known, *others)]
    return values[0] if len(values) == 1 else values
