"""Batches from files: the same rows as from memory, read block by block, each block once in a pass."""

import tracemalloc
from itertools import chain
from typing import Any

import h5py
import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.data import StoredBatches, permutation, row_batches, stored_batches
from minifit.data.batch import target_dtype
from minifit.data.row_batches import Shuffle
from minifit.data.stored import Stored, rows_of
from minifit.data.stored_batches import block_rows
from minifit.layers import Dense
from minifit.optimizers import Adam
from tests.data.drawing import columns, context, dataset, drawn, drawn_ahead, numbered, weighing
from tests.data.drawing import rows_of as numbers_of

SHUFFLES: list[Shuffle] = [False, True, "batch"]


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(stored_batches, "BLOCK", size)


class File:
    """An array in a file that notes which rows are read."""

    chunks = None

    def __init__(self, values: Array, chunk: int = 1) -> None:
        self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, (chunk,)
        self.read: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> Array:
        self.read.append((rows.start or 0, rows.stop))
        return self.values[rows].copy()


def stored(values: Array, chunk: int = 1) -> tuple[Stored, File]:
    """The array as `fit` sees it, and its file."""
    file = File(values, chunk)
    rows = rows_of("x", file)
    assert isinstance(rows, Stored)
    file.read.clear()
    return rows, file


# -- the rows ------------------------------------------------------------------------------------------------


def array(dtype: str, *shape: int) -> Array:
    return (np.arange(np.prod(shape)) * 7 % 100).reshape(shape).astype(dtype)


def check_rows(x: Any, y: Any, weight: Any, size: int, shuffle: Shuffle, engine: str = "numpy") -> None:
    """Every row comes once, converted, with its target and weight."""
    batches = StoredBatches(columns(x, y, weight), size, passes=2, shuffle=shuffle)
    here = context(engine=engine)
    originals = [np.asarray(a) for a in (x, y, weight)]
    rows = sorted(tuple(np.ravel(a[i]).astype("f4")) for a in originals[:1] for i in range(len(x)))
    for _ in range(2):
        found = drawn(batches, here, batches.batches)
        assert all(len(b.x) == size for b in found if len(b.x) != len(x) % size)
        assert sorted(tuple(np.ravel(row)) for b in found for row in b.x) == rows
        for b in found:
            assert b.y is not None
            assert b.weight is not None
            assert b.x.dtype == b.weight.dtype == np.float32
            assert b.y.dtype == target_dtype(originals[1].dtype)
            for i, row in enumerate(b.x):
                candidates = [j for j in range(len(x)) if np.array_equal(originals[0][j].astype("f4"), row)]
                assert any(
                    np.array_equal(originals[1][j].astype(b.y.dtype), b.y[i])
                    and np.array_equal(originals[2][j].astype("f4"), b.weight[i])
                    for j in candidates
                )


@pytest.mark.parametrize(  # compiled kernels have a part in the second alone
    ("shuffle", "engine"), [(False, "numpy"), (True, "numpy"), (True, "numba"), ("batch", "numpy")]
)
@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i4"]
)
def test_every_dtype(dtype: str, shuffle: Shuffle, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 60)
    x, y, weight = array(dtype, 11, 3), array(dtype, 11), array(dtype, 11, 1)
    in_files = [rows_of("x", dataset(a)) for a in (x, y, weight)]
    check_rows(in_files[0], in_files[1], in_files[2], 4, shuffle, engine)


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("places", ["fff", "ffm", "fmf", "fmm", "mff", "mfm", "mmf"])
def test_some_in_a_file_and_some_in_memory(
    places: str, shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 60)
    arrays = array("f8", 11, 3), array("i4", 11), array("f4", 11)
    x, y, weight = (
        rows_of("x", dataset(a)) if place == "f" else a for a, place in zip(arrays, places, strict=True)
    )
    check_rows(x, y, weight, 4, shuffle)


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 23, 24, 100])
@pytest.mark.parametrize("block", [1, 3, 4, 5, 22, 23, 24, 100])
def test_every_size_of_batches_and_blocks(
    size: int, block: int, shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, _ = stored(numbered(23))
    batches, here = StoredBatches(columns(x), size, passes=3, shuffle=shuffle), context()
    if shuffle != "batch":
        batches.block = block
    for _ in range(3):
        found = numbers_of(batches, here, batches.batches)
        assert sorted(map(len, found)) == sorted(min(size, 23 - i) for i in range(0, 23, size))
        assert sorted(chain(*found)) == list(range(23))
        if shuffle is not True:
            assert all(rows == list(range(rows[0], rows[0] + len(rows))) for rows in found)
    assert batches.next(here) is None


def test_rows_of_any_rank() -> None:
    for shape in ((7,), (7, 1), (7, 2, 3)):
        found = drawn(
            StoredBatches(columns(rows_of("x", dataset(array("u1", *shape)))), batch_size=4), context()
        )
        np.testing.assert_array_equal(np.concatenate([b.x for b in found]), array("u1", *shape))


def test_a_view_of_some_rows_as_another_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 16)
    view = rows_of("x", dataset(numbered(50).astype("i8")).astype("f2"))[10:31]
    found = numbers_of(StoredBatches(columns(view), batch_size=5, shuffle=True), context())
    assert sorted(chain(*found)) == list(range(10, 31))


# -- blocks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "chunk", "batch_size", "expected"),
    [
        (1, 1, 32, 992),  # whole batches
        (1, 10, 32, 960),  # whole chunks and whole batches
        (1, 70, 32, 980),  # both together would be too long: whole chunks
        (1, 1000, 32, 1000),
        (1, 1001, 32, 1001),  # a chunk is read as a whole anyway
        (10, 1, 32, 96),
        (10, 1, 1000, 100),  # a batch of several blocks
        (600, 1, 1, 1),
        (5000, 1, 32, 1),
    ],
)
def test_the_size_of_a_block(
    row: int, chunk: int, batch_size: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 1000)
    x, _ = stored(np.zeros((5000, row), np.uint8), chunk)
    assert block_rows([x], batch_size) == expected
    in_memory = np.zeros((5000, 999))
    assert block_rows([in_memory, x], batch_size) == expected  # which takes nothing of it


def test_what_is_in_files_counts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 1000)
    x, y = stored(np.zeros((5000, 8), np.uint8), 10)[0], stored(np.zeros(5000, np.uint16), 77)[0]
    assert block_rows([x, y], 1) == 100
    assert block_rows([y, x], 1) == 100


@pytest.mark.rule("DATA-4")
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_block_is_read_once_in_a_pass(shuffle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 40)
    x, file = stored(numbered(95))
    batches, here = StoredBatches(columns(x), batch_size=3, passes=3, shuffle=shuffle), context()
    assert batches.block == 9
    whole = [(i, min(i + 9, 95)) for i in range(0, 95, 9)]
    orders = []
    for _ in range(3):
        file.read.clear()
        drawn(batches, here, 32)
        if file.read[0] != whole[0] and len(file.read) == 10:  # the last block of a pass may begin the next
            file.read.insert(0, next(block for block in whole if block not in file.read))
        assert sorted(file.read) == whole
        orders.append(tuple(file.read))
    assert (set(orders) == {tuple(whole)}) == (not shuffle)


def test_nothing_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 40)
    x, file = stored(numbered(95))
    batches, here = StoredBatches(columns(x), batch_size=3, shuffle=True), context()
    for n in range(1, 10):
        drawn(batches, here, 3)
        assert len(file.read) <= n + 1


def test_a_batch_is_read_as_a_batch() -> None:
    x, file = stored(numbered(95))
    batches, here = StoredBatches(columns(x), batch_size=10, passes=2, shuffle="batch"), context()
    numbers = numbers_of(batches, here, 10)
    assert file.read == [(rows[0], rows[-1] + 1) for rows in numbers]


@pytest.mark.rule("DATA-4")
def test_shuffled_are_the_blocks_and_the_rows_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 40)
    batches, here = (
        StoredBatches(columns(stored(numbered(100))[0]), batch_size=10, passes=2, shuffle=True),
        context(),
    )
    assert batches.block == 10
    passes = [numbers_of(batches, here, 10) for _ in range(2)]
    for found in passes:
        blocks = [rows[0] // 10 for rows in found]
        assert sorted(blocks) == list(range(10))
        assert blocks != list(range(10))
        insides = [[row % 10 for row in rows] for rows in found]
        assert all(sorted(inside) == list(range(10)) for inside in insides)
        assert len({tuple(inside) for inside in insides}) == 10
    assert passes[0] != passes[1]


def test_a_file_of_one_block_is_read_once_and_shuffled_anew() -> None:
    x, file = stored(numbered(100))
    batches, here = StoredBatches(columns(x), batch_size=10, passes=3, shuffle=True), context()
    passes = [tuple(chain(*numbers_of(batches, here, 10))) for _ in range(3)]
    assert all(sorted(found) == list(range(100)) for found in passes)
    assert len(set(passes)) == 3
    assert file.read == [(0, 100)]


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_one_block_is_in_memory(dtype: str, shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 100_000)
    x = rows_of("x", dataset(np.ones((20_000, 40), dtype), chunks=(100, 40)))
    y = rows_of("y", dataset(np.ones(20_000, dtype)))
    batches, here = StoredBatches(columns(x, y), 32, passes=3, shuffle=shuffle), context()
    batches.next(here)
    tracemalloc.start()
    try:
        for _ in range(700):  # more than one pass
            assert here.workspace is not None
            here.workspace.rewind()
            assert batches.next(here) is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000  # the data has 800,000 bytes at least


def test_going_on_elsewhere_takes_files_of_the_same_layout() -> None:
    x = numbered(1000)
    told = [
        StoredBatches(columns(rows_of("x", dataset(x, chunks=(n, 1)))), batch_size=7).describe()
        for n in (5, 5, 6)
    ]
    assert told[0] == told[1] != told[2]


# -- in a fit ------------------------------------------------------------------------------------------------

N = 200
X = np.sin(np.arange(N * 3)).reshape(N, 3).astype("f4")
Y = np.arange(N) % 2
W = np.linspace(0, 2, N)


def model() -> Sequential:
    made = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(1, activation="sigmoid")])
    made.compile(Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return made


def trained(x: Any, y: Any, **options: Any) -> tuple[list[bytes], dict[str, list[float]]]:
    np.random.seed(7)
    made = model()
    history = made.fit(x, y, batch_size=16, epochs=3, verbose=0, **options)
    return [w.tobytes() for w in made.get_weights()], history.history


OPTIONS: list[dict[str, Any]] = [
    {},
    {"class_weight": {0: 0.5, 1: 2.0}},
    {"validation_split": 0.3},
    {"validation_split": 0.3, "class_weight": {0: 0.5, 1: 2.0}},
    {"steps_per_epoch": 5},
]


@pytest.mark.rule("DATA-5")
@pytest.mark.parametrize("shuffle", [False, "batch"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_same_bits_as_from_memory(
    options: dict[str, Any], shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    expected = trained(X, Y, shuffle=shuffle, **options)
    assert trained(dataset(X, chunks=(10, 2)), dataset(Y), shuffle=shuffle, **options) == expected
    assert trained(dataset(X), Y, shuffle=shuffle, **options) == expected


@pytest.mark.parametrize("shuffle", [False, "batch"])
def test_weights_of_samples_from_a_file(shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    expected = trained(X, Y, shuffle=shuffle, sample_weight=W, validation_split=0.3)
    found = trained(dataset(X), dataset(Y), shuffle=shuffle, sample_weight=dataset(W), validation_split=0.3)
    assert found == expected


def test_shuffled_the_same_seed_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    found = [trained(dataset(X), dataset(Y), class_weight={0: 0.5, 1: 2.0}) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0] != trained(dataset(X), dataset(Y), shuffle=False, class_weight={0: 0.5, 1: 2.0})


def test_evaluate_predict_and_single_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    np.random.seed(7)
    one, other = model(), model()
    other.set_weights(one.get_weights())
    x, y, w = dataset(X), dataset(Y), dataset(W)
    assert one.evaluate(x, y, verbose=0) == other.evaluate(X, Y, verbose=0)
    assert one.evaluate(x, y, sample_weight=w, verbose=0) == other.evaluate(X, Y, sample_weight=W, verbose=0)
    np.testing.assert_array_equal(one.predict(x), other.predict(X))
    np.testing.assert_array_equal(one.predict_on_batch(x), other.predict_on_batch(X))
    assert one.test_on_batch(x, y, w) == other.test_on_batch(X, Y, W)
    assert one.train_on_batch(x, y, w) == other.train_on_batch(X, Y, W)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_validation_data_from_a_file() -> None:
    expected = trained(X, Y, shuffle=False, validation_data=(X, Y, W))[1]
    data = (dataset(X), dataset(Y), dataset(W))
    assert trained(X, Y, shuffle=False, validation_data=data)[1] == expected


@pytest.mark.rule("DATA-5")
def test_what_is_held_back_is_not_read_for_training(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    file = File(X)
    made = model()
    made.fit(file, Y, batch_size=16, validation_split=0.5, epochs=2, validation_freq=5, verbose=0)
    assert max(last for _, last in file.read if last - _ > 1) == 100


def test_lengths_are_compared() -> None:
    with pytest.raises(ValueError, match="x has 200, y has 199"):
        model().fit(dataset(X), dataset(Y[:-1]), verbose=0)


def test_a_file_that_is_closed_while_training(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    x = dataset(X)
    batches, here = StoredBatches(columns(rows_of("x", x)), batch_size=10), context()
    drawn(batches, here, 1)
    x.file.close()
    with pytest.raises((ValueError, RuntimeError)):  # h5py's own words
        drawn(batches, here)


def test_a_group_holds_inputs_by_name() -> None:
    file: h5py.File = dataset(X).file
    with pytest.raises(
        ValueError, match=r"names of the model's inputs as keys\. Received: 'values'\. Known:"
    ):
        model().fit(file, Y, verbose=0)


# -- when something is wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("block", [16, 4 * 7, 2**25])
@pytest.mark.parametrize("listed", [0, 2**20])
def test_each_row_of_a_batch_is_known_by_its_number_in_the_file(
    listed: int, block: int, shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, block)
    monkeypatch.setattr(permutation, "LISTED", listed)  # orders that are computed, too
    batches = StoredBatches(columns(stored(numbered(23))[0]), batch_size=5, passes=2, shuffle=shuffle)
    here, seen = context(), 0
    while batch := drawn(batches, here, most=1):
        rows = batch[0].x[:, 0].astype(int).tolist()
        assert [batches._row_of_batch(i) for i in range(len(rows))] == rows
        seen += len(rows)
    assert seen == 2 * 23


# -- several at once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("most, takes", [(1, 1), (3, 2), (100, 3), (100, 100)])
@pytest.mark.parametrize("weighted", [(), ("samples",), ("classes",), ("samples", "classes")])
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_what_lies_ahead_is_what_comes_one_by_one(
    shuffle: Shuffle, weighted: tuple[str, ...], most: int, takes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a batch begins in one block and ends in the next."""
    small_blocks(monkeypatch, 13 * 4 * 3)
    monkeypatch.setattr(row_batches, "COPIED_AT_ONCE", 80)
    classes = np.linspace(0.1, 3, 100, dtype="f4") if "classes" in weighted else None

    def batches() -> StoredBatches:
        weight = array("f8", 47) if "samples" in weighted else None
        x, _ = stored(array("f4", 47, 3))
        made = StoredBatches(columns(x, array("i2", 47), weight), 5, passes=3, shuffle=shuffle)
        weighing(made, classes)
        return made

    together, alone = drawn_ahead(batches(), most, takes), drawn(batches(), context())
    assert len(together) == len(alone) == 30
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.y, b.y)
        np.testing.assert_array_equal(a.weight, b.weight)


def test_several_batches_of_a_block_come_together_and_each_block_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_blocks(monkeypatch, 20 * 4)
    x, file = stored(array("f4", 40, 1))
    batches, here = StoredBatches(columns(x), 5, shuffle=True), context()
    lengths = []
    while (stretch := batches.ahead(here, 100)) is not None:
        lengths.append(stretch.batches)
        batches.advance(stretch.batches)
    assert lengths == [4, 4]
    assert sorted(file.read) == [(0, 20), (20, 40)]
