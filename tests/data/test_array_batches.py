"""Batches of arrays: the right rows as the right dtype, in memory that is used again, and never a copy of the data."""

import tracemalloc
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, kernels
from minifit.arrays import Array, Workspace
from minifit.callbacks import LambdaCallback
from minifit.data import ArrayBatches, Batch
from minifit.data.batches import target_dtype
from minifit.layers import Dense
from minifit.randomness import Streams
from minifit.tensor import Context

ENGINES = ("numpy", "numba")


def context(seed: int = 0, engine: str = "numpy") -> Context:
    return Context(kernels.load(engine), Workspace(), streams=Streams(seed))


def drawn(batches: ArrayBatches, here: Context, most: int = 1000) -> list[Batch]:
    """Copies of the next batches, at most so many."""
    found: list[Batch] = []
    while len(found) < most:
        assert here.workspace is not None
        here.workspace.rewind()
        batch = batches.next(here)
        if batch is None:
            break
        found.append(Batch(*(None if a is None else a.copy() for a in batch)))  # type: ignore[arg-type]
    return found


def rows_of(batches: ArrayBatches, here: Context, most: int = 1000) -> list[list[int]]:
    """The first numbers of the rows in each of the next batches."""
    return [b.x.reshape(len(b.x), -1)[:, 0].astype(int).tolist() for b in drawn(batches, here, most)]


def numbered(n: int) -> Array:
    return np.arange(n, dtype=np.float32)[:, None]


# -- the rows ------------------------------------------------------------------------------------------------

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
SWAPPED = [">f4", ">f8", ">i4"]


def array(dtype: str, shape: tuple[int, ...]) -> Array:
    return (np.arange(np.prod(shape)) * 7 % 100).reshape(shape).astype(dtype)


def check_rows(x: Array, y: Array, weight: Array, size: int, shuffle: bool, engine: str) -> None:
    """Every batch holds the rows that it should, converted."""
    n = len(x)
    batches, here = ArrayBatches(x, y, weight, size, shuffle=shuffle), context(engine=engine)
    found = drawn(batches, here)
    order = batches.order if shuffle else np.arange(n)
    assert order is not None
    assert sorted(order.tolist()) == list(range(n))
    assert [len(b.x) for b in found] == [min(size, n - i) for i in range(0, n, size)]
    for b, start in zip(found, range(0, n, size), strict=True):
        rows = order[start : start + size]
        assert b.y is not None
        assert b.weight is not None
        assert b.x.dtype == b.weight.dtype == np.float32
        assert b.y.dtype == target_dtype(y.dtype)
        np.testing.assert_array_equal(b.x, x[rows].astype(np.float32))
        np.testing.assert_array_equal(b.y, y[rows].astype(b.y.dtype))
        np.testing.assert_array_equal(b.weight, weight[rows].astype(np.float32))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", [*DTYPES, *SWAPPED])
def test_every_dtype(dtype: str, shuffle: bool, engine: str) -> None:
    check_rows(array(dtype, (11, 3)), array(dtype, (11,)), array(dtype, (11, 1)), 4, shuffle, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("size", [1, 2, 5, 10, 11, 12, 100])
def test_every_batch_size(size: int, shuffle: bool, engine: str) -> None:
    check_rows(array("f4", (11, 3)), array("i8", (11,)), array("f8", (11,)), size, shuffle, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("shape", [(11,), (11, 1), (11, 2, 3), (11, 2, 3, 2), (1, 3)], ids=str)
def test_every_shape(shape: tuple[int, ...], shuffle: bool, engine: str) -> None:
    n = shape[0]
    check_rows(array("f8", shape), array("i4", (n, 1)), array("f4", (n,)), 4, shuffle, engine)
    check_rows(array("u1", shape), array("f8", shape), array("f4", (n,)), 4, shuffle, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1"])
def test_every_layout(dtype: str, shuffle: bool, engine: str, tmp_path: Path) -> None:
    whole = array(dtype, (22, 6))
    read_only = whole.copy()
    read_only.flags.writeable = False
    np.save(tmp_path / "x.npy", whole[:11])
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for x in (
        np.asfortranarray(whole[:11]),
        whole[::2],
        whole[10::-1],
        whole[:11, ::2],
        whole[:11, 1:4],
        whole.T[:6],
        np.broadcast_to(whole[:1], (11, 6)),
        read_only[:11],
        mapped,
    ):
        n = len(x)
        check_rows(x, array("i8", (n,)), array("f4", (n,)), 4, shuffle, engine)


def test_inputs_alone() -> None:
    found = drawn(ArrayBatches(numbered(5), batch_size=2), context())
    assert [b.y for b in found] == [b.weight for b in found] == [None, None, None]


def test_the_data_is_left_alone() -> None:
    x, y = array("f4", (11, 3)), array("i8", (11,))
    kept = x.copy(), y.copy()
    model = Sequential([Dense(8, "softmax", input_shape=(3,)), Dense(100, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for shuffle in (True, False):
        model.fit(x, y, batch_size=4, epochs=2, shuffle=shuffle, verbose=0)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


# -- no copies -----------------------------------------------------------------------------------------------


def test_unshuffled_float32_is_handed_out_as_views() -> None:
    x, y, weight = numbered(10), array("i8", (10,)), array("f4", (10,))
    batches, here = ArrayBatches(x, y, weight, 4), context()
    while (batch := batches.next(here)) is not None:
        for part, source in zip(batch, (x, y, weight), strict=True):
            assert part is not None
            assert np.shares_memory(part, source)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_batches_are_put_where_the_last_ones_were(dtype: str, shuffle: bool) -> None:
    batches, here = (
        ArrayBatches(array(dtype, (12, 3)), array("f8", (12,)), None, 4, shuffle=shuffle),
        context(),
    )
    assert here.workspace is not None
    places = set()
    while (batch := batches.next(here)) is not None:
        here.workspace.rewind()
        assert batch.y is not None
        places.add(batch.y.ctypes.data)
    assert len(places) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_an_epoch_takes_little_memory(dtype: str, shuffle: bool, engine: str) -> None:
    x, y = np.ones((20_000, 40), dtype), np.ones(20_000, "f8")
    batches, here = ArrayBatches(x, y, None, 32, passes=3, shuffle=shuffle), context(engine=engine)
    assert here.workspace is not None
    batches.next(here)  # the workspace is made, the kernels are compiled
    order = 8 * 20_000
    tracemalloc.start()
    try:
        for _ in range(1200):  # more than one pass
            here.workspace.rewind()
            assert batches.next(here) is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000 + (2 * order if shuffle else 0)  # the data has 800,000 bytes at least


def test_making_batches_takes_no_memory_for_the_data() -> None:
    x = np.ones((20_000, 40), np.uint8)
    tracemalloc.start()
    try:
        ArrayBatches(x, x, x, 32)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000


# -- order ---------------------------------------------------------------------------------------------------


def test_without_shuffling_the_order_is_that_of_the_rows() -> None:
    assert rows_of(ArrayBatches(numbered(7), batch_size=3, passes=2), context()) == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_every_pass_is_a_permutation(n: int) -> None:
    batches, here = ArrayBatches(numbered(n), batch_size=3, passes=5, shuffle=True), context()
    passes = [list(chain(*rows_of(batches, here, batches.batches))) for _ in range(5)]
    assert all(sorted(rows) == list(range(n)) for rows in passes)
    if n == 100:
        assert len({tuple(rows) for rows in passes}) == 5
        assert all(rows != sorted(rows) for rows in passes)
    assert batches.next(here) is None


def test_the_order_comes_from_the_stream_of_shuffling() -> None:
    def order(seed: int, before: str | None = None) -> list[list[int]]:
        here = context(seed)
        if before:
            here.streams.get(before).random(10)
        return rows_of(ArrayBatches(numbered(50), batch_size=7, passes=2, shuffle=True), here)

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) == order(0, before="dropout/d")  # which draws from its own


def test_the_order_of_a_pass_does_not_depend_on_the_one_before() -> None:
    batches, here = ArrayBatches(numbered(50), batch_size=50, passes=2, shuffle=True), context()
    rows_of(batches, here, 1)
    streams = here.streams.get_state()
    second = rows_of(batches, here, 1)
    there = context(99)
    there.streams.set_state(streams)
    assert rows_of(ArrayBatches(numbered(50), batch_size=50, shuffle=True), there) == second


def test_every_place_is_reached_from_every_place() -> None:
    here, counts = context(), np.zeros((4, 4))
    batches = ArrayBatches(numbered(4), batch_size=4, passes=2000, shuffle=True)
    for rows in rows_of(batches, here, 2000):
        counts[np.arange(4), rows] += 1
    assert (np.abs(counts / 2000 - 0.25) < 0.06).all()  # six standard deviations


# -- steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "batch_size", "steps", "expected"),
    [  # batch size, batches in a pass, steps of an epoch: as Keras has them
        (12, None, None, (32, 1, 1)),
        (100, None, None, (32, 4, 4)),
        (12, 4, None, (4, 3, 3)),
        (13, 4, None, (4, 4, 4)),
        (12, None, 2, (6, 2, 2)),
        (13, None, 2, (7, 2, 2)),
        (10, None, 3, (4, 3, 3)),
        (12, 4, 2, (4, 3, 2)),
        (12, 4, 5, (4, 3, 5)),
        (12, 100, None, (100, 1, 1)),
        (2, None, 5, (1, 2, 5)),
    ],
)
def test_sizes(n: int, batch_size: int | None, steps: int | None, expected: tuple[int, int, int]) -> None:
    batches = ArrayBatches(numbered(n), batch_size=batch_size, steps=steps)
    assert (batches.batch_size, batches.batches, batches.steps) == expected


# 12 rows in batches of 4: which batches (by their first rows) each epoch sees, as recorded from Keras.
EPOCHS = [
    (2, 3, [[0, 4], [8, 0], [4, 8]]),
    (1, 3, [[0], [4], [8]]),
    (3, 2, [[0, 4, 8], [0, 4, 8]]),
    (5, 2, [[0, 4, 8, 0, 4], [8]]),
    (5, 1, [[0, 4, 8]]),
    (None, 2, [[0, 4, 8], [0, 4, 8]]),
]


@pytest.mark.parametrize(("steps", "epochs", "expected"), EPOCHS)
def test_an_epoch_goes_on_where_the_last_one_stopped(
    steps: int | None, epochs: int, expected: list[list[int]]
) -> None:
    batches, here = ArrayBatches(numbered(12), batch_size=4, steps=steps, passes=epochs), context()
    found = []
    for _ in range(epochs):
        batches.begin_epoch()
        found.append([rows[0] for rows in rows_of(batches, here, batches.steps or 0)])
    assert found == expected
    assert (batches.next(here) is None) == (sum(map(len, expected)) == 3 * epochs)


@pytest.mark.parametrize(("steps", "epochs", "expected"), [e for e in EPOCHS if e[0] != 5])
def test_in_a_fit(steps: int | None, epochs: int, expected: list[list[int]]) -> None:
    seen: list[list[int]] = []

    class Spy(Dense):
        def call(self, inputs: Any) -> Any:
            if seen:
                seen[-1].append(int(inputs.value[0, 0]))
            return super().call(inputs)

    model = Sequential([Spy(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    begin = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append([]))
    model.fit(
        numbered(12),
        np.zeros(12),
        4,
        epochs,
        callbacks=[begin],
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
    )
    assert seen == expected


def test_it_stays_at_its_end() -> None:
    batches, here = ArrayBatches(numbered(4), batch_size=4), context()
    assert batches.next(here) is not None
    assert [batches.next(here) for _ in range(3)] == [None, None, None]


@pytest.mark.parametrize("shuffle", [False, True])
def test_rewinding(shuffle: bool) -> None:
    batches, here = ArrayBatches(numbered(12), batch_size=4, steps=2, shuffle=shuffle), context()
    for most in (1, 2, 3):
        rows_of(batches, here, most)
        batches.rewind()
        found = rows_of(batches, here, 3)
        assert sorted(chain(*found)) == list(range(12))
        assert (found == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]) == (not shuffle)
        batches.rewind()


def test_a_look_at_the_shapes_uses_nothing_up() -> None:
    batches, here = ArrayBatches(numbered(4), array("i8", (4, 2)), batch_size=2), context()
    for _ in range(2):
        batch = batches.peek()
        assert batch.y is not None
        assert (batch.x.shape, batch.y.shape, batch.weight) == ((1, 1), (1, 2), None)
    assert rows_of(batches, here) == [[0, 1], [2, 3]]


# -- the state -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_going_on_from_a_captured_state(at: int, shuffle: bool) -> None:
    def new() -> ArrayBatches:
        return ArrayBatches(numbered(11), batch_size=4, steps=2, passes=2, shuffle=shuffle)

    batches, here = new(), context(5)
    rows_of(batches, here, at)
    state, streams = batches.get_state(), here.streams.get_state()
    expected = rows_of(batches, here)
    assert sum(map(len, expected)) == max(22 - sum([4, 4, 3, 4, 4, 3][:at]), 0)
    resumed, there = new(), context(99)
    rows_of(resumed, there, 2)
    there.streams.set_state(streams)
    resumed.set_state(state)
    assert rows_of(resumed, there) == expected


def test_a_captured_state_does_not_move() -> None:
    batches, here = ArrayBatches(numbered(11), batch_size=4, passes=9, shuffle=True), context()
    rows_of(batches, here, 1)
    state = batches.get_state()
    order = state["order"].copy()
    rows_of(batches, here, 5)
    assert state["position"] == 1
    np.testing.assert_array_equal(state["order"], order)
