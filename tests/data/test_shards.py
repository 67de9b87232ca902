"""Data that each worker makes for itself: shares of any size, which end when they end."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.data import Batches, Dataset, Names, batches_of
from minifit.data.shards import Distributed, ShardBatches
from minifit.errors import ArgumentError, DataError, FileFormatError, UnknownNameError
from minifit.initializers import GlorotUniform
from minifit.layers import Dense, Dropout
from minifit.randomness import Streams
from minifit.workers import ALONE, Share, Workers
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
    again.advance(2)
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
    assert [first[f"data of worker {rank}"]["samples"] for rank in range(2)] == [7, 3]


def test_errors_name_the_batch_of_the_worker() -> None:
    def weighed(workers: ThreadWorkers) -> None:
        y = np.array([0, 1, 1, 3])
        rows = Dataset.from_tensor_slices((numbered(4), y)).map(lambda x, y: (x, y)).batch(2)
        batches = shards(lambda rank: rows.take(2 - rank), workers, class_weight={0: 1, 1: 2})
        one_by_one(batches)

    with pytest.raises(DataError, match="In batch 1: class_weight must have"):
        run_threads(2, weighed)


# -- in fit ----------------------------------------------------------------------------------------------------


X, Y = np.random.default_rng(0).random((23, 3), np.float32), np.arange(23) % 3


def labelled(rank: int) -> Dataset:
    rows = Dataset.from_tensor_slices((X, Y)).shard(2, rank).shuffle(23, seed=rank)
    return rows.map(lambda x, y: (x, y)).batch(3 - rank)


class Watch(Callback):
    """Puts back a state when training begins, and captures another one behind a batch of the second epoch."""

    acts_last = True

    def __init__(self, state: Any = None) -> None:
        super().__init__()
        self.state, self.epoch = state, 0
        self.captured: dict[str, Any] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        if self.state is not None:
            self.model.training_state.restore(copy.deepcopy(self.state))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == (1, 2):
            self.captured = copy.deepcopy(self.model.training_state.capture())


def fitted(workers: Workers, make: Make, state: Any = None) -> tuple[Watch, dict[str, Any], list[Array]]:
    """Return what a fit leaves behind, of a model that begins the same on all workers."""
    watch = Watch(state)
    inner = Dense(4, "tanh", kernel_initializer=GlorotUniform(1))
    model = Sequential(
        [inner, Dropout(0.3, seed=4), Dense(3, "softmax", kernel_initializer=GlorotUniform(2))]
    )
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.workers, model.training_state.streams = workers, Streams(3)
    train, test = make(workers.rank), make(workers.rank)
    history = model.fit(train, epochs=3, verbose=0, callbacks=[watch], validation_data=test)
    return watch, history.history, model.get_weights()


def same(first: Any, second: Any) -> bool:
    return bool(first[1] == second[1]) and all(map(np.array_equal, first[2], second[2]))


class Listed:
    """Batches that can be iterated over again."""

    def __init__(self, batches: Sequence[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def test_a_fit_on_data_of_each_worker() -> None:
    """All end with the same numbers: those of one worker with the batches that they make together."""
    sizes = [[4, 2], [1, 5], [3, 0], [2, 0]]
    parts: list[list[Any]] = [[], []]
    whole, first = [], 0
    for batch in sizes:
        whole.append((X[first : first + sum(batch)], Y[first : first + sum(batch)]))
        for own, rows in zip(parts, batch, strict=True):
            own += [(X[first : first + rows], Y[first : first + rows])] * bool(rows)
            first += rows

    _, logs, weights = fitted(ALONE, lambda rank: Listed(whole))
    several = run_threads(2, lambda w: fitted(w, lambda rank: Distributed(Listed(parts[rank]), own=True)))
    assert same(*several)
    for name, values in several[0][1].items():
        np.testing.assert_allclose(values, logs[name], rtol=1e-5)
    for one, other in zip(several[0][2], weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_fit_goes_on_from_what_the_chief_captured() -> None:
    def make(rank: int) -> Distributed:
        return Distributed(labelled(rank), own=True)

    whole = run_threads(2, lambda workers: fitted(workers, make))
    state = whole[0][0].captured
    assert state is not None
    again = run_threads(2, lambda workers: fitted(workers, make, state))
    assert [{name: values[1:] for name, values in logs.items()} for _, logs, _ in whole] == [
        logs for _, logs, _ in again
    ]
    assert all(map(np.array_equal, again[0][2], whole[0][2]))
    assert same(*again)


@pytest.mark.parametrize("own", [False, True])
def test_another_number_of_workers_is_refused(own: bool) -> None:
    def state_of(watches: Sequence[Any]) -> Any:
        return watches[0][0].captured

    def make(rank: int) -> Any:
        rows = Dataset.from_tensor_slices((X, Y)).batch(6)
        return Distributed(rows, own=True) if own else rows

    two = state_of(run_threads(2, lambda workers: fitted(workers, make)))
    one = state_of([fitted(ALONE, make)])
    for state, size, said in (
        (two, 3, "2, and 3"),
        (two, 1, "2, and 1"),
        (one, 2, "1, and 2"),
    ):
        with pytest.raises(ArgumentError, match=f"Received: the state of a run of {said} now"):
            run_threads(size, partial(fitted, make=make, state=state))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"began": []}, "batches: began"),
        ({"since": -1}, "batches: since"),
        ({"since": 10**9}, "batches: since"),
    ],
)
def test_a_state_that_is_none(change: dict[str, Any], said: str) -> None:
    def make(rank: int) -> Distributed:
        return Distributed(labelled(rank), own=True)

    state = run_threads(2, lambda workers: fitted(workers, make))[0][0].captured
    assert state is not None
    state["batches"] |= change
    with pytest.raises(FileFormatError, match=said):
        run_threads(2, lambda workers: fitted(workers, make, state))
    state["batches"]["since"], state["batches"]["began"] = 1, [{}, {}]
    with pytest.raises(FileFormatError, match="began, number 1"):
        run_threads(2, lambda workers: fitted(workers, make, state))


@pytest.mark.parametrize("made", [numbered(3), (numbered(3), numbered(3)), [numbered(3)], {"x": numbered(3)}])
def test_arrays_are_no_batches(made: Any) -> None:
    with pytest.raises(DataError, match=f"Received: a {type(made).__name__}. Return Dataset"):
        batches_of(Distributed(made, own=True))
