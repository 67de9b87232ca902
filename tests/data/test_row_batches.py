"""Batches of rows in memory and in a file alike: which rows, in which order, and how a pass goes on elsewhere."""

import copy
import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, data
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.data import ArrayBatches, Names, StoredBatches, stored_batches
from minifit.data.row_batches import RowBatches, Shuffle
from minifit.data.stored import rows_of as in_file
from minifit.errors import DataError, MinifitWarning, UnknownNameError
from minifit.layers import Dense
from tests.data.drawing import columns, context, dataset, numbered, only, rows_of, taken

KINDS = pytest.mark.parametrize("kind", ["memory", "file"])
SHUFFLES: list[Shuffle] = [False, True, "batch"]


@pytest.fixture(autouse=True)
def _blocks_of_four_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_batches, "BLOCK", 16)


def batches_of(kind: str, n: int, y: Any = None, **options: Any) -> RowBatches:
    if kind == "memory":
        return ArrayBatches(columns(numbered(n), y), **options)
    return StoredBatches(columns(in_file("x", dataset(numbered(n), chunks=(1, 1))), y), **options)


# -- order ---------------------------------------------------------------------------------------------------


@KINDS
def test_without_shuffling_the_order_is_that_of_the_rows(kind: str) -> None:
    assert rows_of(batches_of(kind, 7, batch_size=3, passes=2), context()) == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


@KINDS
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_every_pass_is_a_permutation(kind: str, n: int) -> None:
    batches, here = batches_of(kind, n, batch_size=3, passes=5, shuffle=True), context()
    passes = [list(chain(*rows_of(batches, here, batches.batches))) for _ in range(5)]
    assert all(sorted(rows) == list(range(n)) for rows in passes)
    if n == 100:
        assert len({tuple(rows) for rows in passes}) == 5
        assert all(rows != sorted(rows) for rows in passes)
    assert batches.next(here) is None


@pytest.mark.rule("DATA-3")
@KINDS
def test_batches_of_consecutive_rows_in_a_random_order(kind: str) -> None:
    batches, here = batches_of(kind, 100, batch_size=7, passes=4, shuffle="batch"), context()
    passes = [rows_of(batches, here, 15) for _ in range(4)]
    whole = [list(range(i, min(i + 7, 100))) for i in range(0, 100, 7)]
    assert all(sorted(found) == whole for found in passes)
    assert len({str(found) for found in passes}) == 4
    assert batches.next(here) is None


@pytest.mark.rule("DATA-3")
@KINDS
def test_the_short_batch_has_no_place_of_its_own(kind: str) -> None:
    batches, here = batches_of(kind, 7, batch_size=3, passes=50, shuffle="batch"), context()
    places = {rows_of(batches, here, 3).index([6]) for _ in range(50)}
    assert places == {0, 1, 2}


@KINDS
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_the_order_comes_from_the_stream_of_shuffling(kind: str, shuffle: Shuffle) -> None:
    def order(seed: int, before: str | None = None) -> list[list[int]]:
        here = context(seed)
        if before:
            here.streams.get(before).random(10)
        return rows_of(batches_of(kind, 50, batch_size=7, passes=2, shuffle=shuffle), here)

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) == order(0, before="dropout/d")  # which draws from its own


def test_where_the_rows_are_does_not_change_the_order_of_batches() -> None:
    orders = [
        rows_of(batches_of(kind, 50, batch_size=7, shuffle="batch"), context()) for kind in ("memory", "file")
    ]
    assert orders[0] == orders[1]


@KINDS
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_the_order_of_a_pass_does_not_depend_on_the_one_before(kind: str, shuffle: Shuffle) -> None:
    batches, here = batches_of(kind, 50, batch_size=5, passes=2, shuffle=shuffle), context()
    rows_of(batches, here, 10)
    streams = here.streams.get_state()
    second = rows_of(batches, here, 10)
    there = context(99)
    there.streams.set_state(streams)
    assert rows_of(batches_of(kind, 50, batch_size=5, shuffle=shuffle), there) == second


@pytest.mark.slow
@KINDS
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_every_place_is_reached_from_every_place(kind: str, shuffle: Shuffle) -> None:
    here, counts = context(), np.zeros((8, 8))
    batches = batches_of(kind, 8, batch_size=1, passes=800, shuffle=shuffle)
    for _ in range(800):
        counts[np.arange(8), list(chain(*rows_of(batches, here, 8)))] += 1
    assert (np.abs(counts / 800 - 1 / 8) < 0.07).all()  # six standard deviations


# -- steps ---------------------------------------------------------------------------------------------------


@KINDS
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
def test_sizes(
    kind: str, n: int, batch_size: int | None, steps: int | None, expected: tuple[int, int, int]
) -> None:
    batches = batches_of(kind, n, batch_size=batch_size, steps=steps)
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


@KINDS
@pytest.mark.parametrize(("steps", "epochs", "expected"), EPOCHS)
def test_an_epoch_goes_on_where_the_last_one_stopped(
    kind: str, steps: int | None, epochs: int, expected: list[list[int]]
) -> None:
    batches, here = batches_of(kind, 12, batch_size=4, steps=steps, passes=epochs), context()
    found = []
    for _ in range(epochs):
        batches.begin_epoch()
        found.append([rows[0] for rows in rows_of(batches, here, batches.steps or 0)])
    assert found == expected
    assert (batches.next(here) is None) == (sum(map(len, expected)) == 3 * epochs)


@KINDS
@pytest.mark.parametrize(("steps", "epochs", "expected"), [e for e in EPOCHS if e[0] != 5])
def test_in_a_fit(kind: str, steps: int | None, epochs: int, expected: list[list[int]]) -> None:
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
        numbered(12) if kind == "memory" else dataset(numbered(12)),
        np.zeros(12),
        4,
        epochs,
        callbacks=[begin],
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
    )
    assert seen == expected


@KINDS
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_it_stays_at_its_end(kind: str, shuffle: Shuffle) -> None:
    batches, here = batches_of(kind, 4, batch_size=4, shuffle=shuffle), context()
    assert batches.next(here) is not None
    assert [batches.next(here) for _ in range(3)] == [None, None, None]


@KINDS
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_rewinding(kind: str, shuffle: Shuffle) -> None:
    batches, here = batches_of(kind, 48, batch_size=4, steps=2, shuffle=shuffle), context()
    in_order = [list(range(i, i + 4)) for i in range(0, 48, 4)]
    for most in (1, 2, 12):
        rows_of(batches, here, most)
        batches.rewind()
        found = rows_of(batches, here, 12)
        assert sorted(chain(*found)) == list(range(48))
        assert (found == in_order) == (not shuffle)
        batches.rewind()


@KINDS
def test_a_look_at_the_shapes_uses_nothing_up(kind: str) -> None:
    y = np.zeros((4, 2), np.int64)
    batches, here = batches_of(kind, 4, y=y, batch_size=2), context()
    for _ in range(2):
        batch = only(batches.peek())
        assert batch.y is not None
        assert (batch.x.shape, batch.y.shape, batch.weight) == ((1, 1), (1, 2), None)
    assert rows_of(batches, here) == [[0, 1], [2, 3]]


# -- the state -----------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize("at", range(7))
def test_going_on_from_a_captured_state(kind: str, at: int, shuffle: Shuffle) -> None:
    def new() -> RowBatches:
        return batches_of(kind, 11, batch_size=4, steps=2, passes=2, shuffle=shuffle)

    batches, here = new(), context(5)
    before = rows_of(batches, here, at)
    state, streams = batches.get_state(), here.streams.get_state()
    expected = rows_of(batches, here)
    assert sorted(chain(*before, *expected)) == sorted([*range(11), *range(11)])
    resumed, there = new(), context(99)
    rows_of(resumed, there, 2)
    there.streams.set_state(streams)
    resumed.set_state(state)
    assert rows_of(resumed, there) == expected


@KINDS
def test_a_captured_state_does_not_move_and_does_not_grow(kind: str) -> None:
    batches, here = batches_of(kind, 1100, batch_size=4, passes=9, shuffle=True), context()
    rows_of(batches, here, 1)
    state = batches.get_state()
    captured = json.dumps(state)
    assert len(captured) < 500  # where the order was drawn from, not the order
    rows_of(batches, here, 500)
    assert json.dumps(state) == captured


@KINDS
def test_what_must_be_equal_to_go_on(kind: str) -> None:
    told = batches_of(kind, 11, batch_size=4, steps=2, shuffle="batch").describe()
    told.pop("block", None)
    assert told == {
        "from": "ArrayBatches" if kind == "memory" else "StoredBatches",
        "class_weight": None,
        "samples": 11,
        "batch_size": 4,
        "steps": 2,
        "shuffle": "batch",
    }


# -- memory --------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_a_batch_larger_than_the_data_is_the_data(kind: str, shuffle: Shuffle) -> None:
    large, exact = (batches_of(kind, 7, batch_size=size, shuffle=shuffle) for size in (10**18, 7))
    assert large.batch_size == 10**18
    assert (large.size, large.steps) == (7, 1)
    assert rows_of(large, context()) == rows_of(exact, context())


@KINDS
@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_memory_goes_by_the_rows_and_not_by_the_batch_size(
    kind: str, kernels: str, shuffle: Shuffle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of a trillion rows, anywhere: each would be more than any machine has."""
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x = numbered(12).reshape(12, 1).astype(np.float32)
    rows = x if kind == "memory" else dataset(x, chunks=(1, 1))
    model = Sequential([Dense(3, "relu", input_shape=(1,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    huge = 10**12
    options: dict[str, Any] = {"batch_size": huge, "epochs": 2, "verbose": 0, "shuffle": shuffle}
    model.fit(rows, rows, **options, validation_data=(rows, rows), validation_batch_size=10 * huge)
    assert model.optimizer.iterations == 2
    assert model.evaluate(rows, rows, batch_size=huge, verbose=0)[0] > 0
    assert model.predict(rows, batch_size=huge).shape == (12, 1)
    model.fit(rows, rows, steps_per_epoch=huge, epochs=1, batch_size=huge, verbose=0, callbacks=[Stop()])


class Stop(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = True


# -- several columns -----------------------------------------------------------------------------------------

N = 23
IMAGE = np.arange(N * 6, dtype=np.uint8).reshape(N, 2, 3)
AGE = np.arange(N, dtype=np.float32)
KIND = np.arange(N) % 3
SCORE = np.arange(N) / 4
NAMES = Names(["image", "age"], ["kind", "score"])


def array(where: str, values: Array, folder: Path, name: str) -> Any:
    """The values in memory, in a memory map, or in an HDF5 file of their own."""
    if where == "memory" or (where == "one file" and name != "age"):
        return values
    if where == "memory map":
        made = np.memmap(folder / name, values.dtype, "w+", shape=values.shape)
        made[:] = values
        return made
    return dataset(values, chunks=(4, *values.shape[1:]))


def several(where: str, folder: Path, **options: Any) -> RowBatches:
    """Two inputs and two outputs, each array in its own place."""
    parts: dict[str, Array] = {"image": IMAGE, "age": AGE, "kind": KIND, "score": SCORE, "weight": SCORE}
    at = {name: array(where, values, folder, name) for name, values in parts.items()}
    weight = {"kind": at["weight"]} if options.pop("weighted", False) else None
    x, y = ({name: at[name] for name in names} for names in (("age", "image"), ("score", "kind")))
    settings: dict[str, Any] = {"batch_size": 4, "names": NAMES} | options
    made = data.batches_of(x, y, weight, **settings)
    assert isinstance(made, RowBatches)
    return made


PLACES = ["memory", "memory map", "files", "one file"]
in_each_place = pytest.mark.parametrize("where", PLACES)


@in_each_place
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("engine", ["numpy", pytest.param("numba", marks=pytest.mark.soak)])
def test_the_rows_of_all_columns_stay_together(
    where: str, weighted: bool, shuffle: Any, engine: str, tmp_path: Path
) -> None:
    batches = several(where, tmp_path, weighted=weighted, shuffle=shuffle, passes=2)
    seen: list[int] = []
    for batch in taken(batches, context(engine=engine)):
        parts: list[Any] = [*batch.inputs, *batch.targets, *batch.weights]
        image, age, kind, score, *weights = parts
        rows = age.astype(int)
        seen += rows.tolist()
        assert (image.dtype, kind.dtype, score.dtype) == (np.float32, np.int64, np.float32)
        np.testing.assert_array_equal(image, IMAGE[rows])
        np.testing.assert_array_equal(kind, KIND[rows])
        np.testing.assert_array_equal(score, SCORE[rows].astype(np.float32))
        if weighted:
            np.testing.assert_array_equal(weights[0], SCORE[rows].astype(np.float32))
        assert [w is None for w in weights] == [False, True] * weighted
    assert sorted(seen[:N]) == sorted(seen[N:]) == list(range(N))
    assert (seen != [*range(N)] * 2) is bool(shuffle)


@in_each_place
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_several_columns_ahead_are_those_one_by_one(where: str, shuffle: Any, tmp_path: Path) -> None:
    here, found = context(), []
    ahead = several(where, tmp_path, shuffle=shuffle, passes=2)
    while (stretch := ahead.ahead(here, 3)) is not None:
        count = min(stretch.batches, 3)
        found += [copy.deepcopy(stretch.batch(i)) for i in range(count)]
        ahead.advance(count)
    alone = taken(several(where, tmp_path, shuffle=shuffle, passes=2), context())
    assert repr(found) == repr(alone)


@in_each_place
@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_several_columns_go_on_where_they_were(where: str, shuffle: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"shuffle": shuffle, "passes": 3, "weighted": True}
    batches, here = several(where, tmp_path, **options), context()
    taken(batches, here, 8)
    state, described = copy.deepcopy(batches.get_state()), batches.describe()
    rest = taken(batches, here, 4)
    again = several(where, tmp_path, **options)
    assert again.describe() == described
    again.set_state(state)
    assert repr(taken(again, context(seed=9), 4)) == repr(rest)


def test_the_columns_are_described(tmp_path: Path) -> None:
    assert several("files", tmp_path, weighted=True).describe()["columns"] == [
        ["x['image']", "x['age']"],
        ["y['kind']", "y['score']"],
        ["sample_weight['kind']", "sample_weight['score']"],
    ]
    assert "columns" not in batches_of("memory", 3).describe()


@in_each_place
def test_one_array_of_targets_and_weights_is_for_all_outputs(where: str, tmp_path: Path) -> None:
    x, y = array(where, IMAGE, tmp_path, "image"), array(where, KIND, tmp_path, "age")
    batches = data.batches_of(x, y, SCORE, batch_size=N, names=Names(None, ["a", "b", "c"]))
    [batch] = taken(batches, context())
    assert (batches.outputs, len(batch.targets), len(batch.weights)) == (3, 3, 3)
    for y, weight in zip(batch.targets, batch.weights, strict=True):
        np.testing.assert_array_equal(y, KIND)
        np.testing.assert_array_equal(weight, SCORE.astype(np.float32))
    assert len(batches.targets) == 3
    assert batches.name_of_targets(2) == "y"


def test_a_column_is_called_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^y\['score'\] must hold real numbers"):
        data.batches_of(IMAGE, {"score": ["a"] * N, "kind": KIND})
    with pytest.raises(DataError, match=r"^x\['b'\] of validation_data must hold numbers that float32"):
        data.batches_of({"a": AGE, "b": np.full(N, 1e300)}, called="validation_data")
    with pytest.raises(DataError, match=r"Received: x\['a'\] has 23, x\['b'\] has 22, y has 23\. Shorten"):
        data.batches_of({"a": AGE, "b": AGE[1:]}, KIND)
    with pytest.raises(DataError, match=r"^x\[1\] must be one array of numbers\. Received: None"):
        data.batches_of([AGE, None])


@in_each_place
def test_nan_in_a_column_is_named(where: str, tmp_path: Path) -> None:
    bad = SCORE.copy()
    bad[9] = np.nan
    y = {"kind": KIND, "score": array(where, bad, tmp_path, "age")}
    batches = data.batches_of({"image": IMAGE, "age": AGE}, y, batch_size=4, names=NAMES, called="it")
    found = taken(batches, context(), 3)
    place = "" if where == "memory" else ", batch 2"
    with pytest.warns(MinifitWarning, match=rf"Received: nan in row 9 of y\['score'\] of it{place}\."):
        batches.explain(found[2])


@in_each_place
def test_outputs_that_are_named_late_are_put_in_order(where: str, tmp_path: Path) -> None:
    batches = several(where, tmp_path, names=Names(), weighted=True, shuffle=True)
    first: Any = batches.peek()
    assert [y.dtype.kind for y in first.targets] == ["i", "f"]
    batches.name_outputs(["score", "kind"])
    batch: Any = taken(batches, context(), 1)[0]
    assert [y.dtype for y in batch.targets] == [np.float32, np.int64]
    assert [w is None for w in batch.weights] == [True, False]
    with pytest.raises(UnknownNameError, match=r"Received: 'score'\. Did you mean 'scores'"):
        several(where, tmp_path, names=Names()).name_outputs(["scores", "kind"])
