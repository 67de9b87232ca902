"""Batches of arrays: the right rows as the right dtype, in memory that is used again, and never a copy of the data."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.data import ArrayBatches, array_batches, permutation, row_batches
from minifit.data.batch import target_dtype
from minifit.data.row_batches import Shuffle
from minifit.errors import DataError
from minifit.layers import Dense
from minifit.optimizers import SGD
from tests.data.drawing import columns, context, drawn, drawn_ahead, numbered, only, weighing

ENGINES = ("numpy", "numba")


# -- the rows ------------------------------------------------------------------------------------------------

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
SWAPPED = [">f4", ">f8", ">i4"]


def array(dtype: str, shape: tuple[int, ...]) -> Array:
    return (np.arange(np.prod(shape)) * 7 % 100).reshape(shape).astype(dtype)


def check_rows(x: Array, y: Array, weight: Array, size: int, shuffle: bool, engine: str) -> None:
    """Every batch holds the rows that it should, converted."""
    n = len(x)
    batches, here = ArrayBatches(columns(x, y, weight), size, shuffle=shuffle), context(engine=engine)
    found = drawn(batches, here)
    order = np.asarray(batches.order[0:n]) if shuffle else np.arange(n)
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
    found = drawn(ArrayBatches(columns(numbered(5)), batch_size=2), context())
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


@pytest.mark.parametrize("shuffle", [False, "batch"])
def test_rows_that_stand_together_are_handed_out_as_views(shuffle: Shuffle) -> None:
    x, y, weight = numbered(10), array("i8", (10,)), array("f4", (10,))
    batches, here = ArrayBatches(columns(x, y, weight), 4, shuffle=shuffle), context()
    while (batch := batches.next(here)) is not None:
        for part, source in zip(only(batch), (x, y, weight), strict=True):
            assert part is not None
            assert np.shares_memory(part, source)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_batches_are_put_where_the_last_ones_were(dtype: str, shuffle: bool) -> None:
    batches, here = (
        ArrayBatches(columns(array(dtype, (12, 3)), array("f8", (12,))), 4, shuffle=shuffle),
        context(),
    )
    assert here.workspace is not None
    places = set()
    while (batch := batches.next(here)) is not None:
        here.workspace.rewind()
        y = only(batch).y
        assert y is not None
        places.add(y.ctypes.data)
    assert len(places) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_an_epoch_takes_little_memory(dtype: str, shuffle: bool, engine: str) -> None:
    x, y = np.ones((20_000, 40), dtype), np.ones(20_000, "f8")
    batches, here = ArrayBatches(columns(x, y), 32, passes=3, shuffle=shuffle), context(engine=engine)
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
        ArrayBatches(columns(x, x, x), 32)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000


# -- several at once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("most, takes", [(1, 1), (3, 2), (100, 7), (100, 100)])
@pytest.mark.parametrize("dtype, y_dtype", [("f4", "f4"), ("f4", "i2"), ("f8", "f8"), ("u1", "u1")])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("weighted", [(), ("samples",), ("classes",), ("samples", "classes")])
def test_what_lies_ahead_is_what_comes_one_by_one(
    weighted: tuple[str, ...],
    shuffle: Shuffle,
    dtype: str,
    y_dtype: str,
    most: int,
    takes: int,
    listed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(permutation, "LISTED", 1000 if listed else 10)
    monkeypatch.setattr(permutation, "STRETCH", 13)
    monkeypatch.setattr(row_batches, "COPIED_AT_ONCE", 80)
    monkeypatch.setattr(array_batches, "FEW", 1000 if listed else 10)
    x, y = array(dtype, (47, 3)), array(y_dtype, (47,))
    weight = array(dtype, (47,)) if "samples" in weighted else None
    classes = np.linspace(0.1, 3, 100, dtype="f4") if "classes" in weighted else None
    given = {"batch_size": 5, "passes": 3, "shuffle": shuffle}
    together = drawn_ahead(
        weighing(ArrayBatches(columns(x, y, weight), **given), classes),  # type: ignore[arg-type]
        most,
        takes,
    )
    alone = drawn(weighing(ArrayBatches(columns(x, y, weight), **given), classes), context())  # type: ignore[arg-type]
    assert len(together) == len(alone) == 30
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.y, b.y)
        np.testing.assert_array_equal(a.weight, b.weight)


@pytest.mark.parametrize("weight", [None, "f4"])
def test_one_hot_targets_are_weighed_together(weight: str | None) -> None:
    y = np.eye(3, dtype="f4")[array("i4", (47,)) % 3]
    data = columns(array("f4", (47, 2)), y, None if weight is None else array(weight, (47, 1)))
    classes = np.array([0.5, 1, 2], "f4")
    made = [weighing(ArrayBatches(data, 5, shuffle=True), classes) for _ in range(2)]
    for a, b in zip(drawn_ahead(made[0], 100, 100), drawn(made[1], context()), strict=True):
        assert a.weight is not None and set(a.weight.shape) == {len(a.x)}
        np.testing.assert_array_equal(a.weight, b.weight)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_batches_ahead_of_a_class_without_weight_are_taken(dtype: str) -> None:
    """A hook may have changed the targets since they were looked at."""
    y = np.zeros(12, "i4")
    batches, here = ArrayBatches(columns(array(dtype, (12, 2)), y), batch_size=3), context()
    weighing(batches, np.ones(2, "f4"))
    y[7] = 5
    for _ in range(2):
        stretch = batches.ahead(here, 100)
        assert stretch is not None
        assert stretch.batches == 1
        batches.advance(1)
    with pytest.raises(DataError, match="for every class"):
        batches.ahead(here, 100)


def test_looking_ahead_twice_draws_one_order() -> None:
    batches, here = ArrayBatches(columns(array("f4", (40, 2))), batch_size=4, shuffle=True), context()
    first = batches.ahead(here, 5)
    assert first is not None
    wanted = first.batch(0).inputs[0].copy()
    again = batches.ahead(here, 5)
    assert again is not None
    np.testing.assert_array_equal(again.batch(0).inputs[0], wanted)
    following = batches.next(here)
    assert following is not None
    np.testing.assert_array_equal(following.inputs[0], wanted)


def test_arrays_that_lie_ready_are_not_copied() -> None:
    x, y = array("f4", (40, 2)), array("f4", (40,))
    stretch = ArrayBatches(columns(x, y), batch_size=4, shuffle=True).ahead(context(), 100)
    assert stretch is not None
    assert stretch.inputs[0] is x
    assert stretch.targets[0] is y
    assert stretch.batches == 10


def test_targets_that_change_between_passes_are_seen() -> None:
    y = np.zeros(8, np.int32)
    batches, here = ArrayBatches(columns(array("f4", (8, 2)), y), batch_size=4, passes=2), context()
    for value in (0, 7):
        y[:] = value
        stretch = batches.ahead(here, 100)
        assert stretch is not None
        assert stretch.targets[0] is not None
        assert set(stretch.targets[0].tolist()) == {value}
        batches.advance(2)


@pytest.mark.rule("FIT-31")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("part", ["x", "y", "sample_weight"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_data_that_a_hook_changes_in_place_counts_from_the_next_batch_on(
    dtype: str, part: str, shuffle: Shuffle, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both engines, whether the numbers are used as they lie or converted, also where the order is computed."""
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    given = {"x": np.ones((8, 1), dtype), "y": np.zeros((8,), dtype)}
    if part == "sample_weight":
        given[part] = np.ones(8, dtype)
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])
    model.compile(SGD(0.0), "mse")
    losses: list[float] = []

    class Changing(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            losses.append(logs["loss"])
            given[part][:] = {"x": 2, "y": 3, "sample_weight": 4}[part]  # each makes the loss 4

    for listed, few in ((1000, 1000), (1000, 4), (4, 4)):
        monkeypatch.setattr(permutation, "LISTED", listed)
        monkeypatch.setattr(array_batches, "FEW", few)
        model.fit(**given, batch_size=2, epochs=2, shuffle=shuffle, verbose=0, callbacks=[Changing()])  # type: ignore[arg-type]
        given[part][:] = 0 if part == "y" else 1
        assert losses == pytest.approx([1, 5 / 2, 9 / 3, 13 / 4, 4, 4, 4, 4])
        losses.clear()


def test_a_state_that_is_put_back_brings_its_order_with_it() -> None:
    batches = ArrayBatches(columns(array("f4", (40, 2))), batch_size=4, passes=3, shuffle=True)
    here, states, wanted = context(), [], []
    for _ in range(2):  # the same place of two passes
        stretch = batches.ahead(here, 100)
        assert stretch is not None
        batches.advance(3)
        states.append(batches.get_state())
        wanted.append(stretch.batch(3).inputs[0].copy())
        batches.advance(7)
    for state, x in zip(states, wanted, strict=True):
        batches.set_state(state)
        stretch = batches.ahead(here, 100)
        assert stretch is not None
        np.testing.assert_array_equal(stretch.batch(0).inputs[0], x)
    batches.set_state({**states[1], "drawn_from": states[0]["drawn_from"]})
    stretch = batches.ahead(here, 100)
    assert stretch is not None
    np.testing.assert_array_equal(stretch.batch(0).inputs[0], wanted[0])
