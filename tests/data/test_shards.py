"""Data that each worker makes for itself: shares of any size, which end when they end."""

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit.data import Batches, Dataset, Names, batches_of
from minifit.data.shards import Distributed, ShardBatches
from minifit.errors import DataError, UnknownNameError
from minifit.workers import Share
from tests.data.drawing import context, numbered, rows_of
from tests.data.shares import one_by_one
from tests.distribute.threads import ThreadWorkers, run_threads

Make = Callable[[int], Any]


def shards(make: Make, workers: ThreadWorkers, **options: Any) -> Batches:
    """Return batches of what this worker makes."""
    batches = batches_of(Distributed(make(workers.rank), own=True), **options)
    batches.divide(workers)
    return batches


Rows = tuple[list[int], Share]


def numbers(batches: Batches, most: int = 1000) -> list[Rows]:
    """The numbers of the rows in the next batches, and their shares."""
    return [
        (batch.inputs[0][:, 0].astype(int).tolist(), share) for batch, share in one_by_one(batches, most=most)
    ]


def uneven(rank: int) -> Dataset:
    """Three batches of two rows and one of one; on worker 1, a batch of three rows."""
    rows = Dataset.from_tensor_slices(10 * rank + numbered(7 if rank == 0 else 3))
    return rows.batch(2 if rank == 0 else 3)


def by_function(make: Make) -> Make:
    """The same, through iterations and not through arrays."""
    return lambda rank: make(rank).map(lambda x: x)


def generator(rank: int) -> Any:
    return (np.asarray(batch) for batch in uneven(rank))


MAKES = pytest.mark.parametrize("make", [uneven, by_function(uneven), generator])


@MAKES
def test_shares_of_any_size(make: Make) -> None:
    first, second = run_threads(2, lambda workers: numbers(shards(make, workers)))
    assert first == [
        ([0, 1], (0, 2, 5)),
        ([2, 3], (0, 2, 2)),
        ([4, 5], (0, 2, 2)),
        ([6], (0, 1, 1)),
    ]
    assert second == [
        ([10, 11, 12], (2, 3, 5)),
        ([10], (2, 0, 2)),  # a row that does not count
        ([10], (2, 0, 2)),
        ([10], (1, 0, 1)),
    ]
    assert (second[1][1].held, second[1][1].part) == (1, 0.0)


@pytest.mark.parametrize("make", [uneven, by_function(uneven)])
def test_the_next_epoch_begins_for_all(make: Make) -> None:
    def epochs(workers: ThreadWorkers) -> tuple[int | None, list[list[Rows]]]:
        batches = shards(make, workers)
        batches.passes = 2
        found = []
        for _ in range(2):
            batches.begin_epoch()
            found.append(numbers(batches, 4))
            batches.end_epoch()
        return batches.steps, found

    for steps, (first, second) in run_threads(2, epochs):
        assert steps == 4
        assert first == second


def test_steps_that_are_given() -> None:
    """An epoch goes on where the last one ended."""

    def epochs(workers: ThreadWorkers) -> list[list[int]]:
        batches = shards(lambda rank: uneven(rank).repeat(), workers, steps=3)
        assert batches.steps == 3
        found = []
        for _ in range(2):
            batches.begin_epoch()
            found += [rows for rows, _ in numbers(batches, 3)]
        return found

    first, second = run_threads(2, epochs)
    assert first == [[0, 1], [2, 3], [4, 5], [6], [0, 1], [2, 3]]
    assert second == [[10, 11, 12]] * 6


def shuffled(rank: int) -> Dataset:
    rows = Dataset.from_tensor_slices(10 * rank + numbered(9 - 4 * rank))
    return rows.shuffle(9, seed=rank).batch(2)


@pytest.mark.parametrize("make", [shuffled, by_function(shuffled), lambda rank: shuffled(rank).repeat(2)])
@pytest.mark.parametrize("taken", [0, 1, 3, 4])
def test_a_run_goes_on(make: Make, taken: int) -> None:
    """All workers go on from what was kept on the first one."""
    epoch = make(0).cardinality()

    def the_rest(batches: Batches) -> list[Rows]:
        found = numbers(batches, epoch - taken)
        batches.begin_epoch()
        return found + numbers(batches, epoch)

    def uninterrupted(workers: ThreadWorkers) -> tuple[str, list[Rows]]:
        batches = shards(make, workers)
        batches.passes = 3
        batches.begin_epoch()
        numbers(batches, epoch)
        batches.begin_epoch()
        numbers(batches, taken)
        kept = json.dumps(batches.get_state())
        return kept, the_rest(batches)

    def resumed(workers: ThreadWorkers) -> list[Rows]:
        batches = shards(make, workers)
        batches.set_state(copy.deepcopy(state))
        batches.passes = 3
        return the_rest(batches)

    (kept, first), (_, second) = run_threads(2, uninterrupted)
    state = json.loads(kept)
    assert run_threads(2, resumed) == [first, second]


def test_one_worker_alone_has_the_batches_as_they_are() -> None:
    inner, batches = batches_of(uneven(0)), batches_of(Distributed(uneven(0), own=True))
    assert isinstance(batches, ShardBatches)
    assert (batches.steps, batches.share, batches.passes) == (inner.steps, None, inner.passes)
    for each in (inner, batches):
        each.passes = 2
    assert rows_of(batches, context(), 5) == rows_of(inner, context(), 5)
    again = batches_of(Distributed(uneven(0), own=True))
    again.passes = 2
    again.set_state(batches.get_state())
    stretch = again.ahead(context(), 10)
    assert stretch is not None
    assert (stretch.begin, stretch.whole) == (1, None)
    again.took(2)
    assert rows_of(again, context()) == [[6]]
    again.rewind()
    assert len(rows_of(again, context())) == 8


def test_data_of_which_all_have_the_same_is_taken_as_it_is() -> None:
    batches = batches_of(Distributed(uneven(0), own=False))
    assert type(batches) is type(batches_of(uneven(0)))


def test_weights_of_classes() -> None:
    def weights(workers: ThreadWorkers) -> list[list[float]]:
        rows = Dataset.from_tensor_slices((numbered(5), np.array([0, 1, 2, 1, workers.rank])))
        batches = shards(lambda rank: rows.batch(3 + rank), workers, class_weight={0: 1, 1: 2, 2: 4})
        return [batch.weights[0].tolist() for batch, _ in one_by_one(batches)]  # type: ignore[union-attr]

    assert run_threads(2, weights) == [[[1, 2, 4], [2, 1]], [[1, 2, 4, 2], [2]]]


def test_outputs_that_are_named_later() -> None:
    x = numbered(4)
    rows = Dataset.from_tensor_slices((x, {"b": x + 1, "a": x + 2})).batch(2)
    batches = batches_of(Distributed(rows, own=True), names=Names(("x",), None))
    batches.name_outputs(["a", "b"])
    assert [y[0, 0] for y in batches.peek().targets if y is not None] == [2, 1]
    assert list(batches.labels[1]) == ["y['a']", "y['b']"]
    with pytest.raises(UnknownNameError):
        batches_of(Distributed(rows, own=True), names=Names(("x",), ("a", "c")))


def test_what_is_described_is_what_all_have() -> None:
    def described(workers: ThreadWorkers) -> dict[str, Any]:
        return shards(uneven, workers).describe()

    first, second = run_threads(2, described)
    assert first == second
    assert first["workers"] == 2
    assert [each["samples"] for each in first["own"]] == [7, 3]


def test_errors_name_the_batch_of_the_worker() -> None:
    def weighed(workers: ThreadWorkers) -> None:
        y = np.array([0, 1, 1, 3])
        rows = Dataset.from_tensor_slices((numbered(4), y)).map(lambda x, y: (x, y)).batch(2)
        batches = shards(lambda rank: rows.take(2 - rank), workers, class_weight={0: 1, 1: 2})
        one_by_one(batches)

    with pytest.raises(DataError, match="In batch 1: class_weight must have"):
        run_threads(2, weighed)


@pytest.mark.parametrize("made", [numbered(3), (numbered(3), numbered(3)), [numbered(3)], {"x": numbered(3)}])
def test_arrays_are_no_batches(made: Any) -> None:
    with pytest.raises(DataError, match=f"Received: a {type(made).__name__}. Return Dataset"):
        batches_of(Distributed(made, own=True))
