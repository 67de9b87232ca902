"""Sources yield elements, and stages change each of them."""

from typing import Any

import numpy as np
import pytest

from minifit.data import stages
from minifit.data.dataset import Dataset
from minifit.data.elements import TensorSpec
from minifit.errors import ArgumentError, ArgumentTypeError, DataError


def numbers(n: int) -> stages.Stage:
    return stages.Range(range(n), np.dtype(np.int64))


def listed(stage: stages.Stage) -> list[Any]:
    return [np.asarray(e).tolist() if not isinstance(e, tuple | dict) else e for e in stage]


def test_slices() -> None:
    made = stages.Slices(([[1.0, 2.0], [3.0, 4.0]], {"n": [5, 6]}))
    assert [(e[0].tolist(), e[1]["n"].item()) for e in made] == [([1, 2], 5), ([3, 4], 6)]
    assert made.length() == 2
    assert made.spec() == (TensorSpec((2,)), {"n": TensorSpec((), np.int32)})
    assert [n.tolist() for n in made.numbers()] == [[0, 1]]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([1, 2], [1, 2, 3]), "array 1 has 2, array 2 has 3"),
        (3.0, "a part without axes"),
        (([1], 2), "a part without axes"),
        ({}, "nothing"),
    ],
)
def test_slices_of_what_has_no_common_rows(given: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        stages.Slices(given)


def test_an_iteration_begins_again() -> None:
    stage = stages.Mapped(numbers(3), lambda x: x + 1)
    assert listed(stage) == listed(stage) == [1, 2, 3]


def test_a_function_gets_the_entries_of_a_tuple() -> None:
    pairs = stages.Slices(([1, 2], [10, 20]))
    assert listed(stages.Mapped(pairs, lambda a, b: a + b)) == [11, 22]
    named = stages.Slices({"a": [1, 2]})
    assert listed(stages.Mapped(named, lambda e: e["a"] * 2)) == [2, 4]


def test_elements_are_made_when_they_are_asked_for() -> None:
    seen: list[int] = []

    def noted(x: Any) -> Any:
        seen.append(int(x))
        return x

    elements = stages.Mapped(numbers(3), noted).elements()
    next(elements)
    assert seen == [0]


def test_a_function_that_returns_nothing() -> None:
    with pytest.raises(ArgumentTypeError, match="Received: None from"):
        listed(stages.Mapped(numbers(1), lambda x: None))


def test_the_kind_of_what_a_function_returns() -> None:
    spec = stages.Mapped(numbers(3), lambda x: (x, np.ones(2))).spec()
    assert spec == (TensorSpec((), np.int64), TensorSpec((2,), np.float64))
    with pytest.raises(DataError, match="an empty data set"):
        stages.Mapped(numbers(0), lambda x: x).spec()


@pytest.mark.parametrize("again", [True, False])
def test_a_look_at_the_kind_changes_no_order(again: bool) -> None:
    def order(look: bool) -> list[int]:
        mixed = Dataset.range(9).shuffle(4, seed=1, reshuffle_each_iteration=again)
        for made in (mixed.map(lambda n: n), mixed.flat_map(lambda n: Dataset.range(n, n + 1))):
            if look:
                assert made.element_spec == TensorSpec((), np.int64)
        return [int(n) for n in (*mixed, *mixed)]

    assert order(True) == order(False)


def test_a_filter() -> None:
    stage = stages.Filtered(numbers(6), lambda x: x % 2 == 0)
    assert listed(stage) == [0, 2, 4]
    assert stage.length() == stages.UNKNOWN


@pytest.mark.parametrize("answer", [1, "yes", np.ones(2, bool), np.int64(1), None])
def test_a_filter_needs_a_single_truth_value(answer: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="single truth value"):
        listed(stages.Filtered(numbers(1), lambda x: answer))


def test_data_sets_that_a_function_makes() -> None:
    stage = stages.Flattened(numbers(3), lambda n: Dataset.range(int(n)))
    assert listed(stage) == [0, 0, 1]
    assert stage.spec() == TensorSpec((), np.int64)
    with pytest.raises(ArgumentTypeError, match="must return a data set"):
        listed(stages.Flattened(numbers(1), lambda n: n))


def test_numbered() -> None:
    assert listed(stages.Numbered(stages.Slices([7, 8]), 3)) == [(3, 7), (4, 8)]


def test_side_by_side_as_far_as_all_go() -> None:
    stage = stages.Zipped({"a": numbers(3), "b": (numbers(2),)})
    assert listed(stage) == [{"a": 0, "b": (0,)}, {"a": 1, "b": (1,)}]
    assert stage.length() == 2


def test_one_behind_another() -> None:
    stage = stages.Concatenated(stages.Slices(np.ones((2, 3))), stages.Slices(np.ones((1, 4))))
    assert stage.length() == len(listed(stage)) == 3
    assert stage.spec() == TensorSpec((None,), np.float64)
    with pytest.raises(ArgumentTypeError, match="of the same nesting and dtypes"):
        stages.Concatenated(numbers(2), stages.Slices([1.0]))


SIGNATURE = (TensorSpec((2,)), TensorSpec((), np.int64))


def test_a_generator_is_called_for_every_iteration() -> None:
    calls: list[int] = []

    def generator(n: int) -> Any:
        calls.append(n)
        yield from ([[i, i], i] for i in range(n))

    stage = stages.Generated(generator, (2,), SIGNATURE)
    assert [e[0].tolist() for e in stage] == [[0, 0], [1, 1]]
    assert next(iter(stage))[0].dtype == np.float32
    assert calls == [2, 2]


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ([1, 2], r"shape in its signature, \(2,\)\. Received: \(\) in element 0"),
        (([1, 2], 3, 4), r"Received: a tuple of 3 in element 0, in place of \('\*', '\*'\)"),
        (np.ones(2), "Received: a ndarray in element 0"),
        ((["a", "b"], 1), "dtype in its signature, float32"),
    ],
)
def test_a_generator_that_yields_something_else(element: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        listed(stages.Generated(lambda: [element], (), SIGNATURE))


def test_a_data_set_without_end_is_refused_where_one_is_needed() -> None:
    with pytest.raises(ArgumentError, match="reduce needs a data set with an end"):
        Dataset.range(3).repeat().reduce(0, lambda s, x: s + x)
