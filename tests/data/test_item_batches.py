"""Items of several inputs and outputs: from generators, iterables and Sequences alike."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.arrays import Array
from minifit.data import Batches, Names, Sequence, batches_of
from minifit.errors import ArgumentError, DataError, MinifitWarning, UnknownNameError
from tests.data.drawing import context, dataset, taken

NAMES = Names(["image", "age"], ["class", "score"])


def image(number: int, rows: int = 2) -> Array:
    return np.full((rows, 3), number, np.float32)


def item(number: int, rows: int = 2) -> tuple[Any, Any]:
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


class Iterable:
    """Begins again each time it is asked."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


def generator(items: list[Any]) -> Iterator[Any]:
    yield from items


each_source = pytest.mark.parametrize("source", [generator, Items, Iterable])


def source_of(source: Any, items: list[Any], names: Names = NAMES, **options: Any) -> Batches:
    return batches_of(source(items), names=names, **options)


def lists(part: Any) -> list[Any]:
    """The numbers of each column; None where there are none."""
    return [None if column is None else column.tolist() for column in part]


@each_source
def test_dicts_are_put_in_the_order_of_the_model(source: Any) -> None:
    batches = source_of(source, [item(0), item(1, rows=5)])
    found: Any = taken(batches, context())
    assert [a.shape for a in found[1].inputs] == [(5, 3), (5,)]
    assert [a.dtype for a in found[1].inputs] == [np.float32, np.float32]
    assert [a.dtype for a in found[1].targets] == [np.int64, np.float32]
    assert found[1].inputs[1].tolist() == [10] * 5
    assert lists(found[1].targets) == [[1] * 5, [0.5] * 5]
    assert (found[0].weights, found[1].weights) == ((), ())
    x, y = batches.form.pack(found[1])
    assert list(x) == ["age", "image"]
    np.testing.assert_array_equal(x["image"], image(1, 5))
    np.testing.assert_array_equal(y["score"], [0.5] * 5)


@each_source
@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_and_tuples_count_by_place(source: Any, kind: Any) -> None:
    one = (kind([image(3), np.arange(2)]), kind([np.arange(2), np.ones(2)]), kind([None, np.ones(2)]))
    [batch] = taken(source_of(source, [one]), context())
    assert lists(batch.inputs) == [image(3).tolist(), [0, 1]]
    assert lists(batch.targets) == [[0, 1], [1, 1]]
    assert lists(batch.weights) == [None, [1, 1]]


@each_source
def test_parts_of_files(source: Any) -> None:
    one = ({"image": dataset(image(3)), "age": dataset(np.arange(2))}, [dataset(np.arange(2)), [0.5, 1.0]])
    [batch] = taken(source_of(source, [one]), context())
    assert lists(batch.inputs) == [image(3).tolist(), [0, 1]]
    assert lists(batch.targets) == [[0, 1], [0.5, 1]]


@each_source
def test_inputs_alone(source: Any) -> None:
    for one in ((item(0)[0],), item(0)[0], ([image(0), np.zeros(2)],)):
        [batch] = taken(source_of(source, [one]), context())
        assert lists(batch.inputs) == [image(0).tolist(), [0, 0]]
        assert batch[1:] == ((), ())


@each_source
def test_one_array_of_targets_and_of_weights_counts_for_every_output(source: Any) -> None:
    one = ([image(0), image(1)], np.arange(2), np.array([1.0, 3.0]))
    [batch] = taken(source_of(source, [one]), context())
    assert lists(batch.targets) == [[0, 1], [0, 1]]
    assert lists(batch.weights) == [[1, 3], [1, 3]]


@each_source
def test_an_output_may_have_no_targets_and_no_weights(source: Any) -> None:
    one = (item(0)[0], {"score": np.ones(2)}, {"class": np.ones(2)})
    [batch] = taken(source_of(source, [one]), context())
    assert lists(batch.targets) == [None, [1, 1]]
    assert lists(batch.weights) == [[1, 1], None]


X, Y = item(0)


@each_source
@pytest.mark.parametrize(
    ("broken", "error", "says"),
    [
        (({"image": image(0)},), DataError, r"x of batch 1 must .*Received: none for 'age'"),
        (({"imgae": image(0), "age": image(1)},), UnknownNameError, "'imgae'. Did you mean 'image'"),
        ((X, {"clas": [1, 2]}), UnknownNameError, "y of batch 1 .* outputs.* 'clas'. Did you mean 'class'"),
        (([image(0)] * 3, [1, 2]), DataError, r"x of batch 1 must .*which has 2: .*Received: a list of 3"),
        ((image(0), Y), DataError, r"x of batch 1 must .*which has 2: 'image', 'age'\. Received: one"),
        (
            (X, {"class": [0, 1, 2], "score": [0.5] * 2}),
            DataError,
            r"In batch 1: all arrays .*x\['image'\] has 2, x\['age'\] has 2, y\['class'\] has 3, y\['score'\] has 2",
        ),
        (
            (X, {"class": [0, 1], "score": ["a"] * 2}),
            DataError,
            r"y\['score'\] of batch 1 must hold real numb",
        ),
        ((X, {"class": [0, 1], "score": [1e300] * 2}), DataError, r"y\['score'\] of batch 1 .* float32 can"),
        ((X,), DataError, r"Received: y missing in batch 1, of rank 1 in the first"),
        ((X, {"class": [0, 1]}), DataError, r"Received: y\['score'\] missing in batch 1, of rank 1 in the"),
        (({**X, "age": image(0)}, Y), DataError, r"Received: x\['age'\] of rank 2 in batch 1, of rank 1 in"),
        ((X, Y, [1, 2]), DataError, r"Received: sample_weight of rank 1 in batch 1, missing in the first"),
    ],
    ids=range(12),
)
def test_a_later_batch_that_does_not_match(source: Any, broken: Any, error: Any, says: str) -> None:
    batches = source_of(source, [item(0), broken])
    with pytest.raises(error, match=f"(?s){says}"):
        taken(batches, context())


@each_source
def test_what_no_input_takes_is_told_once(source: Any) -> None:
    items = [({**item(i)[0], "place": image(9)}, item(i)[1]) for i in range(3)]
    with pytest.warns(MinifitWarning, match=r"Received: also 'place', which no input uses") as told:
        batches = source_of(source, items)
        assert len(taken(batches, context())) == 3
    assert len(told) == 1


@each_source
def test_outputs_may_be_named_late(source: Any) -> None:
    names = Names(["image", "age"])
    batches = source_of(source, [item(0), item(1)], names)
    batches.name_outputs(["score", "class"])
    found: Any = [batches.peek(), *taken(batches, context())]
    for batch in found:
        assert [a.dtype for a in batch.targets] == [np.float32, np.int64]
    with pytest.raises(UnknownNameError, match=r"Received: 'score'\. Did you mean 'scores'"):
        source_of(source, [item(0)], names).name_outputs(["scores", "class"])


@each_source
def test_names_that_are_known_stay(source: Any) -> None:
    batches = source_of(source, [item(0)])
    batches.name_outputs(["other"])
    assert batches.names == NAMES


@each_source
def test_class_weight_is_for_one_array_of_targets(source: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"single output\. Received: .* for 2: y\['class'\], y\['score'\]\."
    ):
        source_of(source, [item(0)], class_weight={0: 1.0})
    batches = source_of(source, [(X, np.array([0, 1]))], class_weight={0: 2.0, 1: 3.0})
    [batch] = taken(batches, context())
    assert lists(batch.weights) == [[2, 3], [2, 3]]
    _, _, weight = batches.form.pack(batch)
    assert weight.tolist() == [2, 3]


@each_source
def test_nan_is_found_in_every_array(source: Any) -> None:
    x, y = item(0)
    broken = x, {**y, "score": np.array([0.5, np.nan])}
    batches = source_of(source, [broken])
    [batch] = taken(batches, context())
    with pytest.warns(MinifitWarning, match=r"Received: nan in row 1 of y\['score'\] of batch 0\."):
        batches.explain(batch)


@each_source
def test_a_state_is_put_back(source: Any) -> None:
    items = [item(i) for i in range(5)]
    batches = source_of(source, items)
    taken(batches, context(), 2)
    state, rest = copy.deepcopy(batches.get_state()), taken(batches, context())
    again = source_of(source, items)
    again.set_state(state)
    assert repr(taken(again, context())) == repr(rest)
    assert len(rest) == 3


@each_source
def test_the_columns_are_described(source: Any) -> None:
    assert source_of(source, [item(0)]).describe()["columns"] == [
        ["x['image']", "x['age']"],
        ["y['class']", "y['score']"],
        [],
    ]
    assert "columns" not in source_of(source, [(image(0), [1, 2])], Names()).describe()
