"""What `fit` and its like are given, as batches and in one way of writing."""

from typing import Any

import numpy as np
import pytest

from minifit.data import Names, StoredBatches
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, MinifitWarning
from minifit.training import arguments
from minifit.training.arguments import Validation
from tests.data.drawing import context, dataset, taken

A, B = np.arange(20.0).reshape(10, 2), np.arange(10.0)
Y, Z = np.arange(10), np.arange(10) / 2
NAMES = Names(["a", "b"], ["y", "z"])
NONE = Validation(None, None, None, None)


def data(*given: Any, validation: Validation = NONE, names: Names = NAMES, **options: Any) -> Any:
    x, y, weight = (*given, None, None)[:3]
    settings = {"batch_size": 4, "steps": None, "shuffle": False, "class_weight": None} | options
    return arguments.data_of_fit((x, y, weight), names, **settings, validation=validation)


def values(batches: Any, part: int) -> list[Any]:
    """All numbers of each column of a part."""
    batches.rewind()
    return [
        np.concatenate(of).tolist() for of in zip(*(b[part] for b in taken(batches, context())), strict=True)
    ]


@pytest.mark.parametrize("stored", [False, True], ids=["memory", "files"])
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([A, B], [Y, Z]),
        ((A, B), {"z": Z, "y": Y}),
        ({"b": B, "a": A}, (Y, Z)),
    ],
    ids=["lists", "tuple and dict", "dict and tuple"],
)
def test_a_split_of_several_arrays(x: Any, y: Any, stored: bool) -> None:
    if stored:
        x = {"a": dataset(A), "b": B} if isinstance(x, dict) else type(x)([dataset(A), B])
    weight = {"z": Z}
    train, judge = data(x, y, weight, validation=Validation(0.3, None, None, None))
    assert (train.samples, judge.samples) == (7, 3)
    assert isinstance(train, StoredBatches) is stored
    assert isinstance(judge, StoredBatches) is stored
    assert values(train, 0) == [A[:7].tolist(), B[:7].tolist()]
    assert values(judge, 0) == [A[7:].tolist(), B[7:].tolist()]
    assert values(train, 1) == [Y[:7].tolist(), Z[:7].tolist()]
    judge.rewind()
    batch = judge.next(context())
    assert batch.weights[0] is None
    np.testing.assert_array_equal(batch.weights[1], Z[7:])
    assert judge.called == "the validation split"


def test_a_split_of_one_array_for_all_outputs() -> None:
    train, judge = data([A, B], Y, validation=Validation(0.5, None, None, None))
    assert values(train, 1) == [Y[:5].tolist()] * 2
    assert values(judge, 1) == [Y[5:].tolist()] * 2


def test_validation_data_is_taken_by_name() -> None:
    held_back = ({"b": B[:3], "a": A[:3]}, {"y": Y[:3]}, {"z": Z[:3]})
    _, judge = data([A, B], [Y, Z], validation=Validation(0.0, held_back, None, 2))
    assert values(judge, 0) == [A[:3].tolist(), B[:3].tolist()]
    assert [t is None for t in judge.peek().targets] == [False, True]
    assert judge.size == 2
    with pytest.raises(DataError, match=r"x\['a'\] has 3, x\['b'\] has 2") as caught:
        data([A, B], [Y, Z], validation=Validation(0.0, ({"b": B[:2], "a": A[:3]},), None, None))
    assert "All arrays of validation_data" in str(caught.value)


@pytest.mark.parametrize("nothing", [None, (), []])
def test_no_validation(nothing: Any) -> None:
    assert data([A, B], Y, validation=Validation(None, nothing, None, None))[1] is None


@pytest.mark.parametrize(
    ("validation", "error", "says"),
    [
        (Validation(0.5, None, None, None), ArgumentError, "divides arrays"),
        (Validation(0, (1, 2, 3, 4), None, None), ArgumentError, "Received: 4 parts"),
        (Validation(0, A, None, None), ArgumentTypeError, "Received: ndarray"),
        (Validation(0, None, 0, None), ArgumentError, "validation_steps"),
    ],
    ids=range(4),
)
def test_validation_that_cannot_be(validation: Validation, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        data(iter([([A, B], Y)]), validation=validation, batch_size=None)


def test_lengths_that_differ_are_called_by_name() -> None:
    with pytest.raises(DataError, match=r"x\['a'\] has 10, x\['b'\] has 9, y\['y'\] has 10, y\['z'\] has 8"):
        data({"a": A, "b": B[:9]}, {"y": Y, "z": Z[:8]})


def test_samples_of_one_batch() -> None:
    assert arguments.rows_alone([A, B]) == [A, B]
    with pytest.raises(DataError, match="a list_iterator"):
        arguments.rows_alone(iter([A]))


@pytest.mark.parametrize(
    ("given", "level"), [("auto", 1), (0, 0), (True, 1), (np.int64(2), 2), (None, 0), (3, 3), (-1, -1)]
)
def test_verbosity(given: Any, level: int) -> None:
    assert arguments.verbosity(given) == level


@pytest.mark.parametrize("given", ["loud", 0.5, [1]])
def test_no_verbosity(given: Any) -> None:
    with pytest.raises(ArgumentError, match="verbose must be 0"):
        arguments.verbosity(given)


@pytest.mark.parametrize(("freq", "epochs"), [(1, [0, 1, 2, 3]), (2, [1, 3]), ([1, 4], [0, 3]), ({3}, [2])])
def test_when_validation_is_due(freq: Any, epochs: list[int]) -> None:
    assert [epoch for epoch in range(4) if arguments.due(freq)(epoch)] == epochs


def test_what_is_returned() -> None:
    assert arguments.returned({"loss": 1.0}, ["loss"], False) == 1.0
    assert arguments.returned({"a": 2.0, "loss": 1.0}, ["loss", "a"], False) == [1.0, 2.0]
    assert arguments.returned({"z": 3.0, "loss": 1.0, "b": 2.0}, ["loss"], False) == [1.0, 2.0, 3.0]
    assert arguments.returned({"loss": 1.0}, ["loss"], True) == {"loss": 1.0}


def test_the_sizes_of_an_epoch() -> None:
    batches, _ = data([A, B], Y)
    assert arguments.sizes(batches) == (4, 10)
    batches, _ = data(iter([([A, B], Y)]), batch_size=None)
    assert arguments.sizes(batches) == (None, None)


def test_what_no_input_takes_is_told_of_a_split_too() -> None:
    x = {"a": A, "b": B, "c": B}
    with pytest.warns(MinifitWarning, match=r"Received: also 'c', which no input uses") as told:
        train, judge = data(x, Y, validation=Validation(0.5, None, None, None))
    assert len(told) == 1
    assert len(train.inputs) == len(judge.inputs) == 2
