"""Several workers together get of every kind of data what one worker alone gets."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.data import (
    Batches,
    Dataset,
    Names,
    Options,
    Sequence,
    array_batches,
    batches_of,
    dataset_batches,
    halves,
    permutation,
    row_batches,
    stored,
    stored_batches,
)
from minifit.data.shares import places_held
from minifit.data.stored import Stored
from minifit.distribute.options import AutoShardPolicy
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, DataError
from minifit.initializers import GlorotUniform
from minifit.layers import Dense
from minifit.randomness import Streams
from minifit.workers import ALONE, Workers
from tests.data.drawing import context, dataset, numbered, taken
from tests.data.shares import One, check, check_all, divided, in_stretches, one_by_one
from tests.distribute.threads import ThreadWorkers, run_threads

SHUFFLES = pytest.mark.parametrize("shuffle", [False, True, "batch"])
SIZES = pytest.mark.parametrize(
    ("rows", "size"), [(23, 5), (24, 4), (7, 7), (3, 8), (21, 10), (1, 1), (9, 2)]
)


def labels(n: int, dtype: Any = "int32") -> Array:
    return (np.arange(n) * 7 % 3).astype(dtype)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
@pytest.mark.parametrize(("rows", "size"), [(23, 5), (24, 4), (3, 8), (1, 1), (0, 3)])
def test_the_places_that_workers_hold(workers: int, rows: int, size: int) -> None:
    for rank in range(workers):
        held = places_held(One(rank, workers), rows, size)
        expected: list[int] = []
        for first in range(0, rows, size):
            share = One(rank, workers).share(min(size, rows - first))
            expected += range(first + share.begin, first + share.begin + share.held)
        assert held.dtype == np.int64
        assert held.tolist() == expected


# -- arrays ----------------------------------------------------------------------------------------------------


@SHUFFLES
@SIZES
def test_arrays_as_they_lie(rows: int, size: int, shuffle: Any) -> None:
    y = numbered(rows) * 2
    check_all(lambda: batches_of(numbered(rows), y, batch_size=size, passes=3, shuffle=shuffle), (2, 3, 4))


@SHUFFLES
@pytest.mark.parametrize(("rows", "size"), [(23, 5), (7, 7), (21, 10)])
def test_arrays_that_are_cast(rows: int, size: int, shuffle: Any) -> None:
    x = np.arange(2 * rows, dtype="f8").reshape(rows, 2)
    check_all(lambda: batches_of(x, labels(rows), batch_size=size, passes=2, shuffle=shuffle))


@SHUFFLES
@pytest.mark.parametrize("few", [0, 2**11])
def test_targets_alone_are_cast(shuffle: Any, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_batches, "FEW", few)
    for size in (5, 23):
        check_all(partial(batches_of, numbered(23), labels(23), batch_size=size, passes=2, shuffle=shuffle))


@SHUFFLES
@pytest.mark.parametrize("size", [5, 17])
def test_weights_of_classes_and_of_samples(shuffle: Any, size: int) -> None:
    beside = np.linspace(0, 1, 17, dtype="f4")
    for weight in (None, beside):
        check_all(
            partial(
                batches_of,
                *(numbered(17), labels(17), weight),
                batch_size=size,
                passes=2,
                shuffle=shuffle,
                class_weight={0: 1.0, 1: 2.0, 2: 0.5},
            )
        )
    check_all(lambda: batches_of(numbered(17), labels(17), beside, batch_size=size, shuffle=shuffle))


@SHUFFLES
def test_several_inputs_and_outputs(shuffle: Any) -> None:
    x = {"a": numbered(13), "b": np.arange(26.0).reshape(13, 2)}
    y = {"left": numbered(13), "right": labels(13)}
    names = Names(("a", "b"), ("left", "right"))
    check_all(
        lambda: batches_of(
            x, y, {"right": np.arange(13.0)}, batch_size=5, passes=2, shuffle=shuffle, names=names
        )
    )


@SHUFFLES
def test_the_halves_of_a_validation_split(shuffle: Any) -> None:
    for half in halves(0.4, (numbered(21), labels(21), None)):
        check_all(partial(batches_of, *half, batch_size=4, shuffle=shuffle))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("rows", "size"), [(23, 5), (24, 4), (21, 10)])
def test_orders_that_are_not_kept(
    rows: int, size: int, shuffle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (permutation, array_batches):
        monkeypatch.setattr(module, "LISTED", 8)
        monkeypatch.setattr(module, "STRETCH", 11)
    y = labels(rows)
    check_all(lambda: batches_of(numbered(rows), y, batch_size=size, passes=2, shuffle=shuffle))
    weights = {0: 1.0, 1: 2.0, 2: 0.5}
    check_all(
        lambda: batches_of(
            numbered(rows), y, batch_size=size, passes=2, shuffle=shuffle, class_weight=weights
        )
    )


def test_steps_do_not_begin_anew() -> None:
    check_all(lambda: batches_of(numbered(10), batch_size=4, steps=2, passes=3, shuffle=True))


@SHUFFLES
def test_memory_maps(shuffle: Any, tmp_path: Path) -> None:
    x = np.memmap(tmp_path / "x", "f4", "w+", shape=(23, 2))
    x[:] = np.arange(46).reshape(23, 2)
    check_all(lambda: batches_of(x, labels(23), batch_size=5, passes=2, shuffle=shuffle))


def test_stretches_copy_no_more_than_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_batches, "COPIED_AT_ONCE", 6)
    x = np.arange(24.0)[:, None]
    for rank in range(2):
        batches, here = divided(lambda: batches_of(x, batch_size=4), rank, 2), context()
        stretch = batches.ahead(here, 100)
        assert stretch is not None
        assert stretch.inputs[0].ravel().tolist() == [i + 2 * rank for i in (0, 1, 4, 5, 8, 9)]
        assert (stretch.size, stretch.batches, stretch.whole) == (2, 3, (4, 12))


def test_a_stretch_is_the_same_object_as_long_as_a_pass() -> None:
    x, here = numbered(24), context()
    batches = divided(lambda: batches_of(x, batch_size=4, passes=2, shuffle=True), 1, 2)
    stretch = batches.ahead(here, 1)
    assert stretch is not None
    assert (stretch.size, stretch.whole, stretch.rows) == (2, (4, 24), 12)
    assert stretch.inputs[0] is x
    for _ in range(5):
        batches.advance(1)
        assert batches.ahead(here, 1) is stretch
    batches.advance(1)
    assert batches.ahead(here, 1) is not stretch


def test_a_batch_alone_is_taken_as_it_lies() -> None:
    x = numbered(7)
    stretch = divided(lambda: batches_of(x, steps=1), 1, 2).ahead(context(), 1)
    assert stretch is not None
    assert stretch.order is None
    assert np.shares_memory(stretch.inputs[0], x)
    assert stretch.inputs[0].ravel().tolist() == [4, 5, 6]


# -- files -----------------------------------------------------------------------------------------------------


class File:
    """An array in a file that notes which rows are read."""

    def __init__(self, values: Array, chunk: int = 1) -> None:
        self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, (chunk,)
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> Array:
        self.read += range(rows.start or 0, rows.stop)
        return self.values[rows].copy()


@pytest.fixture
def skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are small, and no row is read for those beside it."""
    monkeypatch.setattr(stored_batches, "BLOCK", 24)
    monkeypatch.setattr(stored, "NEAR", 0)


@pytest.mark.parametrize(("chunk", "block", "near"), [(1, 16, 0), (3, 28, 4), (4, 24, 0), (1, 2**25, 2**14)])
@SHUFFLES
def test_files(shuffle: Any, chunk: int, block: int, near: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_batches, "BLOCK", block)
    monkeypatch.setattr(stored, "NEAR", near)
    for rows, size in ((23, 5), (24, 4), (3, 8), (9, 2)):
        x = File(numbered(rows), chunk)
        check_all(
            partial(batches_of, x, labels(rows), batch_size=size, passes=2, shuffle=shuffle),
            sizes=(2, 4),
        )


@SHUFFLES
def test_hdf5(shuffle: Any, skipping: None) -> None:
    x, y = dataset(numbered(23), chunks=(4, 1)), dataset(labels(23))
    weights = {0: 1.0, 1: 2.0, 2: 0.5}
    check_all(lambda: batches_of(x, y, batch_size=5, passes=2, shuffle=shuffle, class_weight=weights))


@pytest.mark.parametrize("workers", [2, 3, 4])
@SHUFFLES
def test_each_worker_reads_its_own_rows(shuffle: Any, workers: int, skipping: None) -> None:
    read = []
    for rank in range(workers):
        file = File(numbered(60))
        batches = divided(partial(batches_of, file, batch_size=12, shuffle=shuffle), rank, workers)
        file.read.clear()
        found = one_by_one(batches) if rank % 2 else in_stretches(batches, 100, 100)
        own = [int(row) for batch, _ in found for row in batch.inputs[0][:, 0]]
        assert len(own) == 60 // workers
        assert sorted(file.read) == sorted(own)
        read += file.read
    assert sorted(read) == list(range(60))


def test_rows_near_each_other_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "NEAR", 8)  # two rows
    file = File(numbered(20))
    rows = Stored(file, 2, 20).at(np.array([0, 1, 4, 8, 9, 10]))
    assert rows.ravel().tolist() == [2, 3, 6, 10, 11, 12]
    assert file.read == [2, 3, 4, 5, 6, 10, 11, 12]
    assert Stored(file, 2, 20).at(np.array([], np.int64)).shape == (0, 1)


# -- a Sequence, a Dataset -------------------------------------------------------------------------------------


class Growing(Sequence):
    """Batches of one row, two rows, three rows, ..."""

    def __init__(self, batches: int, weighed: bool = False) -> None:
        self.batches, self.weighed = batches, weighed

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, i: int) -> Any:
        x = i + numbered(i + 1) / 100
        return (x, labels(i + 1), np.full(i + 1, i)) if self.weighed else (x, labels(i + 1))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("weights", [None, {0: 1.0, 1: 2.0, 2: 0.5}])
@pytest.mark.parametrize("weighed", [False, True])
def test_a_sequence(shuffle: bool, weights: Any, weighed: bool) -> None:
    check_all(lambda: batches_of(Growing(9, weighed), shuffle=shuffle, class_weight=weights))


PIPELINES: list[Callable[[Dataset], Dataset]] = [
    lambda rows: rows.batch(5),
    lambda rows: rows.batch(5, drop_remainder=True),
    lambda rows: rows.shuffle(100, seed=3).batch(5).repeat(2),
    lambda rows: rows.shuffle(4, seed=3).batch(5).prefetch(1),
    lambda rows: rows.repeat(2).batch(7),
    lambda rows: rows.shuffle(100, seed=3).repeat(3).batch(5),
    lambda rows: rows.map(lambda x, y: (x + 1, y)).batch(5),
    lambda rows: rows.shuffle(100, seed=3).map(lambda x, y: (x + 1, y)).batch(5).repeat(2),
    lambda rows: rows.filter(lambda x, y: x[0] % 3 > 0).batch(4),
    lambda rows: rows.batch(5).shuffle(3, seed=1),
]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline(pipeline: Any) -> None:
    check_all(lambda: batches_of(pipeline(Dataset.from_tensor_slices((numbered(23), labels(23))))))


def test_a_pipeline_of_so_many_rows_that_their_order_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (permutation, array_batches, dataset_batches):
        monkeypatch.setattr(module, "LISTED", 8)
    for module in (permutation, array_batches):
        monkeypatch.setattr(module, "STRETCH", 11)

    def made(end: bool) -> Batches:
        rows = Dataset.from_tensor_slices((numbered(23), labels(23))).shuffle(100, seed=3)
        return batches_of(rows.batch(5, drop_remainder=end))

    for end in (False, True):
        check_all(partial(made, end))


@pytest.mark.parametrize("function", [False, True])
def test_the_shuffles_of_the_chief_count(function: bool) -> None:
    """Without a seed each process draws one, and the chief's is that of all."""
    x = numbered(23)

    def of_one(workers: ThreadWorkers) -> list[Any]:
        rows = Dataset.from_tensor_slices(x).shuffle(23, seed=workers.rank)
        if function:
            rows = rows.map(lambda x: x)
        batches = batches_of(rows.batch(5))
        batches.divide(workers)
        batches.passes = 2
        found = one_by_one(batches, most=5)
        batches.begin_epoch()
        return found + one_by_one(batches)

    whole = batches_of(Dataset.from_tensor_slices(x).shuffle(23, seed=0).batch(5))
    whole.passes = 2
    expected = taken(whole, context())
    assert len(expected) == 10
    check(expected, run_threads(3, of_one))


# -- what does not fit -----------------------------------------------------------------------------------------


def test_a_generator_is_refused() -> None:
    batches = batches_of((x for x in [numbered(4)]), called="validation_data")
    batches.divide(One(0, 1))
    with pytest.raises(
        DataError,
        match=r"Received: a generator of validation_data\. Make a Sequence or a Dataset of it, or have each worker "
        r"make its own data with strategy\.distribute_datasets_from_function\.",
    ):
        batches.divide(One(0, 2))


def refused(size: int, make: Callable[[int], Batches]) -> list[str]:
    """Return how each worker refuses data that is another on each of them."""

    def of_one(workers: ThreadWorkers) -> str:
        batches = make(workers.rank)
        with pytest.raises(DataError) as refusal:
            batches.divide(workers)
            one_by_one(batches)
        return str(refusal.value)

    return run_threads(size, of_one)


def test_arrays_of_other_lengths() -> None:
    first, second = refused(2, lambda rank: batches_of(numbered(10 + rank), batch_size=4))
    assert first.startswith("All workers must get the same data, of which each takes its rows. ")
    assert "Received: data: samples is 11 on worker 1 and 10 on worker 0." in first
    assert "Received: data: samples is 10 on worker 0 and 11 on worker 1." in second


def test_arrays_of_other_rows() -> None:
    first, _ = refused(2, lambda rank: batches_of(numbered(10) + rank, batch_size=4))
    assert "Received: data: checksum of the first and last row: x is " in first
    assert run_threads(2, lambda workers: batches_of(numbered(10)[::-1]).divide(workers)) == [None] * 2


def test_a_sequence_of_other_lengths() -> None:
    first, _ = refused(2, lambda rank: batches_of(Growing(3 + rank)))
    assert "Received: data: batches is 4 on worker 1 and 3 on worker 0." in first


class Uneven(Growing):
    def __getitem__(self, i: int) -> Any:
        return numbered(4 + self.batches % 3 * (i == 2))

    def __len__(self) -> int:
        return 5


def test_batches_of_other_lengths() -> None:
    first, second, third = refused(3, lambda rank: batches_of(Uneven(rank)))
    assert "Received: 4 rows in batch 2 on worker 0, 6 rows on another." in first
    assert "Received: 5 rows in batch 2 on worker 1, 6 rows on another." in second
    assert "Received: 6 rows in batch 2 on worker 2, 4 rows on another." in third


def test_data_that_ends_early_on_one_worker() -> None:
    def made(rank: int) -> Batches:
        rows = Dataset.from_tensor_slices(numbered(8)).filter(lambda x: x[0] < 8 - 2 * rank)
        return batches_of(rows.batch(2))

    first, second = refused(2, made)
    assert "Received: 2 rows in batch 3 on worker 0, the end of the data on another." in first
    assert "Received: the end of the data in batch 2 on worker 1, 2 rows on another." in second


# -- errors, and what is said of the whole ---------------------------------------------------------------------


def test_what_is_said_of_batches_is_said_of_whole_ones() -> None:
    alone = batches_of(numbered(23), batch_size=5)
    batches = divided(lambda: batches_of(numbered(23), batch_size=5), 1, 2)
    assert batches.describe() == {**alone.describe(), "workers": 2}
    assert "workers" not in alone.describe()
    here = context()
    for _ in range(3):
        alone.next(here), batches.next(here)
        assert batches.get_state() == alone.get_state()
    assert (batches.size, batches.steps) == (alone.size, alone.steps)
    assert (alone.share, batches.share) == (None, (3, 2, 5))


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_errors_name_the_row_of_the_data(shuffle: Any) -> None:
    """Of a file, where no more than the share was looked at: by the worker that has the row."""
    y = labels(23)
    y[13] = 7
    options = {"batch_size": 5, "shuffle": shuffle, "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}
    found = []
    for rank in range(2):
        batches, here = divided(partial(batches_of, numbered(23), File(y), **options), rank, 2), context()
        try:
            while batches.next(here) is not None:
                pass
        except DataError as error:
            batches.tell_where(error)
            found.append(str(error))
    assert len(found) == 1
    assert "row 13 of the data: class_weight must have" in found[0]


# -- in fit ----------------------------------------------------------------------------------------------------

X, Y = np.random.default_rng(0).random((23, 3), np.float32), np.arange(23) % 3


class Parts(Sequence):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return X[i * 5 : i * 5 + 5], Y[i * 5 : i * 5 + 5]


KINDS: dict[str, Callable[[], Any]] = {
    "arrays": lambda: {"x": X, "y": Y, "class_weight": {0: 1, 1: 2, 2: 3}, "validation_split": 0.3},
    "batches of arrays": lambda: {"x": X, "y": Y, "shuffle": "batch"},
    "file": lambda: {"x": dataset(X), "y": dataset(Y), "sample_weight": np.linspace(0, 1, 23)},
    "sequence": lambda: {"x": Parts(), "validation_data": (X, Y)},
    "rows": lambda: {"x": Dataset.from_tensor_slices((X, Y)).shuffle(23, seed=1).batch(5)},
    "pipeline": lambda: {"x": Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x, y)).batch(5)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_comes_to_the_same(kind: str) -> None:
    """All workers end with the same numbers: those of one alone."""

    def fitted(workers: Workers) -> tuple[dict[str, Any], list[Array], Any, Any]:
        inner = Dense(4, "tanh", kernel_initializer=GlorotUniform(1))
        model = Sequential([inner, Dense(3, "softmax", kernel_initializer=GlorotUniform(2))])
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        model.workers = workers
        model.training_state.streams = Streams(3)
        options = KINDS[kind]()
        batch_size = 5 if "y" in options else None
        history = model.fit(**options, batch_size=batch_size, epochs=2, verbose=0)
        judged = model.test_on_batch(X, Y)
        return history.history, model.get_weights(), judged, model.train_on_batch(X[:2], Y[:2])

    logs, weights, *lone = fitted(ALONE)
    for found, own, *others in run_threads(3, fitted):
        for name, values in logs.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-5)
        for one, other in zip(own, weights, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_allclose(others, lone, rtol=1e-5)


def test_another_way_to_share_a_data_set_is_refused() -> None:
    options = Options()
    options.experimental_distribute.auto_shard_policy = AutoShardPolicy.OFF
    data = Dataset.from_tensor_slices(np.zeros((8, 1), np.float32)).batch(4)
    assert (data.sharding, data.with_options(options).sharding) == ("AUTO", "OFF")

    def divide(workers: ThreadWorkers) -> None:
        for kind in (data, data.map(lambda x: x)):
            batches_of(kind).divide(workers)
            with pytest.raises(ArgumentError, match="auto_shard_policy=OFF"):
                batches_of(kind.with_options(options)).divide(workers)
            with pytest.raises(ArgumentError, match="auto_shard_policy=OFF"):
                Strategy(workers).experimental_distribute_dataset(kind.with_options(options))

    run_threads(2, divide)
    batches_of(data.with_options(options)).divide(ALONE)
