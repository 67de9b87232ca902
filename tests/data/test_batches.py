"""What all sources of batches have in common: weights of classes and who becomes which source."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.data import ArrayBatches, Batch, Batches, IteratorBatches, batches_of, is_array_like
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.tensor import Context
from tests.data.drawing import only

X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.arange(6) % 3


def generator(n: int = 3) -> Iterator[tuple[Array, Array]]:
    for i in range(n):
        yield X[2 * i : 2 * i + 2], Y[2 * i : 2 * i + 2]


class Reiterable:
    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return generator()


# -- weights of classes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [X, "generator", "reiterable"], ids=["arrays", "generator", "reiterable"])
def test_every_source_weighs_classes(x: Any) -> None:
    class_weight = {0: 10, 1: 20, 2: 30}
    batches = (
        batches_of(x, Y, batch_size=2, class_weight=class_weight)
        if isinstance(x, np.ndarray)
        else batches_of(generator() if x == "generator" else Reiterable(), class_weight=class_weight)
    )
    here, found = Context(), []
    while (batch := batches.next(here)) is not None:
        weight = only(batch).weight
        assert weight is not None
        found += weight.tolist()
    assert found == [10, 20, 30, 10, 20, 30]


def test_without_weights_of_classes_a_batch_is_left_alone() -> None:
    batch = batches_of(X, Y, batch_size=2).next(Context())
    assert batch is not None
    assert batch.weights == ()


def test_no_classes_no_weights() -> None:
    assert batches_of(X, Y, class_weight={}).class_weight is None


def test_weights_for_too_few_classes_are_noticed_at_once_in_arrays() -> None:
    with pytest.raises(DataError, match=r"Received: targets from 0 to 2\."):
        batches_of(X, Y, batch_size=2, class_weight={0: 1, 1: 2})


def test_and_at_the_batch_in_a_generator() -> None:
    batches, here = batches_of(generator(), class_weight={0: 1, 1: 2}), Context()
    assert batches.next(here) is not None
    with pytest.raises(DataError, match=r"Received: targets from 0 to 2\."):
        batches.next(here)


# -- the base ------------------------------------------------------------------------------------------------


class Fixed(Batches):
    def _next(self, here: Context) -> Batch | None:
        return Batch((X,))

    def peek(self) -> Batch:
        return Batch((X,))

    def _rename(self) -> None: ...


def test_a_source_of_ones_own() -> None:
    source = Fixed()
    assert source.steps is None
    assert source.ended is False
    source.begin_epoch()
    source.rewind()
    source.set_state(source.get_state())
    assert source.next(Context()) == Batch((X,))


def test_the_base_cannot_be_used_itself() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Batches()  # type: ignore[abstract]


# -- who becomes which source --------------------------------------------------------------------------------


class OnlyArray:
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return X.astype(dtype or X.dtype)


@pytest.mark.parametrize(
    "x", [X, X.tolist(), tuple(X.tolist()), [X], OnlyArray()], ids=lambda v: type(v).__name__
)
def test_arrays(x: Any) -> None:
    assert is_array_like(x)
    batches = batches_of(x, Y)
    assert isinstance(batches, ArrayBatches)
    batch = batches.next(Context())
    assert batch is not None
    np.testing.assert_array_equal(batch.inputs[0], X)


@pytest.mark.parametrize(
    "x",
    [generator(), iter([(X, Y)]), Reiterable(), iter(Reiterable()), zip([X], [Y], strict=True)],
)
def test_iterables(x: Any) -> None:
    assert not is_array_like(x)
    assert isinstance(batches_of(x), IteratorBatches)


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_what_goes_with_arrays_alone(name: str) -> None:
    arguments: dict[str, Any] = {name: Y}
    says = rf"{name} is only for arrays: .*Received: {name} together with a generator\. Leave {name} out, or pass x"
    with pytest.raises(ArgumentError, match=says):
        batches_of(generator(), **arguments)


def test_a_batch_size_beside_batches_says_nothing() -> None:
    """Data that comes in batches has sizes of its own."""
    batch = batches_of(generator(), batch_size=99).next(Context())
    assert batch is not None
    assert only(batch).x.shape == X[:2].shape


@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ArgumentError), (-1, ArgumentError), (2.5, ArgumentTypeError), ("2", ArgumentTypeError)],
)
def test_the_batch_size_is_checked(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"batch_size must be a positive integer\. Received: batch_size="):
        batches_of(X, Y, batch_size=value)


def test_lengths_are_checked() -> None:
    with pytest.raises(DataError, match="x has 6, y has 5, sample_weight has 6"):
        batches_of(X, Y[:5], np.ones(6))


def test_every_array_is_checked_under_its_name() -> None:
    for name, arguments in {"x": (["a"],), "y": (X, ["a"] * 6), "sample_weight": (X, Y, ["a"] * 6)}.items():
        with pytest.raises(DataError, match=f"^{name} must hold real numbers"):
            batches_of(*arguments)
