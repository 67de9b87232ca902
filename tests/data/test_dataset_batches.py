"""A data set as batches: pipelines of rows go the way of arrays and give the same; both go on where they were."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.callbacks import BackupAndRestore, LambdaCallback
from minifit.data import Batch, Batches, Dataset, batches_of, dataset_batches, permutation
from minifit.data.dataset_batches import DatasetBatches, PipelineBatches
from minifit.errors import ArgumentError, DataError, MinifitWarning, UnknownNameError
from minifit.layers import Dense
from minifit.models import Input, Model
from minifit.randomness import set_random_seed
from tests.data.drawing import context, rows_of

N = 10
X, Y = np.arange(N, dtype=np.float32)[:, None], np.arange(N) % 3
Make = Callable[[Dataset], Dataset]


def slices(x: Any = X, y: Any = Y) -> Dataset:
    return Dataset.from_tensor_slices((x, y))


def by_elements(dataset: Dataset) -> Dataset:
    """The same elements, of which it cannot be seen that they are rows."""
    return dataset.map(lambda *element: element)


RECOGNIZED: list[Make] = [
    lambda d: d.batch(4),
    lambda d: d.batch(4, drop_remainder=True),
    lambda d: d.batch(40),
    lambda d: d.batch(4).repeat(2),
    lambda d: d.batch(4).repeat(2).prefetch(1).repeat(2),
    lambda d: d.shuffle(N, seed=1).batch(4),
    lambda d: d.shuffle(50, seed=1).batch(4, drop_remainder=True).repeat(3),
    lambda d: d.shuffle(3, seed=1).batch(4),
    lambda d: d.shuffle(N, seed=1, reshuffle_each_iteration=False).batch(4).repeat(2),
    lambda d: d.shuffle(N, seed=1).shuffle(4, seed=2).batch(4),
    lambda d: d.repeat(2).batch(4),
    lambda d: d.shuffle(N, seed=1).repeat(2).batch(4),
    lambda d: d.take(7).shuffle(7, seed=1).batch(4),
    lambda d: d.shuffle(N, seed=1).shard(3, 1).prefetch(1).batch(2),
    lambda d: d.skip(2).cache().batch(3).prefetch(2),
    lambda d: d.repeat(2).shuffle(6, seed=3).batch(4),
]
ENDLESS: list[Make] = [
    lambda d: d.repeat().batch(4),
    lambda d: d.batch(4).repeat(),
    lambda d: d.shuffle(N, seed=1).repeat().batch(4),
    lambda d: d.shuffle(N, seed=1).repeat().batch(5, drop_remainder=True).prefetch(1),
    lambda d: d.shuffle(N, seed=1).batch(4).repeat(),
    lambda d: d.take(3).shuffle(2, seed=1).repeat().batch(4),
]
GENERAL: list[Make] = [
    lambda d: by_elements(d).batch(4),
    lambda d: by_elements(d.shuffle(N, seed=1)).batch(4),
    lambda d: by_elements(d).shuffle(4, seed=1).batch(4),
    lambda d: d.shuffle(N, seed=1).batch(4).cache(),
    lambda d: d.shuffle(N, seed=1).cache().batch(4),
    lambda d: d.batch(4).shuffle(2, seed=1),
    lambda d: d.batch(4).take(2),
    lambda d: d.padded_batch(4, padded_shapes=([1], [])),
]


def epochs_of(batches: Batches, epochs: int = 3) -> list[list[list[int]]]:
    """The rows of each batch of so many epochs, as training asks for them."""
    batches.passes = epochs
    here, found = context(), []
    for _ in range(epochs):
        batches.begin_epoch()
        found.append(rows_of(batches, here, 1000 if batches.steps is None else batches.steps))
        batches.end_epoch()
    return found


@pytest.mark.parametrize("make", RECOGNIZED)
def test_pipelines_of_rows_give_what_loops_give(make: Make) -> None:
    batches = batches_of(make(slices()))
    loops = make(slices())
    assert type(batches) is PipelineBatches
    expected = [[x[:, 0].astype(int).tolist() for x, _ in loops.as_numpy_iterator()] for _ in range(3)]
    assert epochs_of(batches) == expected
    assert batches.steps == len(loops) == len(expected[0])
    assert batches.next(context()) is None


@pytest.mark.parametrize("make", ENDLESS)
def test_pipelines_without_end_give_what_loops_give(make: Make) -> None:
    batches = batches_of(make(slices()), steps=7)
    loop = make(slices()).as_numpy_iterator()
    assert type(batches) is PipelineBatches
    expected = [[next(loop)[0][:, 0].astype(int).tolist() for _ in range(7)] for _ in range(3)]
    assert epochs_of(batches) == expected


@pytest.mark.parametrize("make", GENERAL)
def test_other_pipelines_give_what_loops_give(make: Make) -> None:
    batches = batches_of(make(slices()))
    loops = make(slices())
    assert type(batches) is DatasetBatches
    expected = [[x[:, 0].astype(int).tolist() for x, _ in loops.as_numpy_iterator()] for _ in range(3)]
    assert epochs_of(batches) == expected
    assert batches.steps == len(loops)


@pytest.mark.parametrize("make", [*RECOGNIZED, *ENDLESS])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_batches_that_lie_ahead_are_the_same(make: Make, dtype: Any) -> None:
    one, other = (batches_of(make(slices(X.astype(dtype))), steps=5) for _ in range(2))
    here, rows = context(), list[list[int]]()
    while len(rows) < 20 and (stretch := other.ahead(here, 3)) is not None:
        taken = min(stretch.batches, 2)
        rows += [stretch.batch(i).inputs[0][:, 0].astype(int).tolist() for i in range(taken)]
        other.advance(taken)
    assert rows[:20] == rows_of(one, context(), 20)


def test_steps_below_the_length_go_on_and_equal_ones_begin_again() -> None:
    for make in (RECOGNIZED[0], GENERAL[0]):
        assert epochs_of(batches_of(make(slices()), steps=2), 2) == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[8, 9]]]
        assert len(epochs_of(batches_of(make(slices()), steps=3), 2)[1]) == 3


def test_an_evaluation_begins_again() -> None:
    for make in (RECOGNIZED[0], ENDLESS[0], GENERAL[0]):
        batches = batches_of(make(slices()), steps=2)
        rows_of(batches, context(), 2)
        batches.rewind()
        assert rows_of(batches, context(), 1) == [[0, 1, 2, 3]]


CLASSES = {0: 1.0, 1: 2.0, 2: 3.0}


def see_weights(batch: Batch) -> None:
    (weights,), (targets,) = batch.weights, batch.targets
    assert weights is not None and targets is not None
    assert weights.tolist() == (targets + 1).tolist()


def test_weights_of_classes() -> None:
    for make in (RECOGNIZED[6], GENERAL[1], ENDLESS[2]):
        batches = batches_of(make(slices()), class_weight=CLASSES, steps=2)
        for _ in range(2):
            batch = batches.next(context())
            assert batch is not None
            see_weights(batch)
        again = batches_of(make(slices()), class_weight=CLASSES, steps=2)
        stretch = again.ahead(context(), 2)
        assert stretch is not None
        see_weights(stretch.batch(0))


# -- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "text"),
    [
        (slices(), r"must be batches\. Received: a part of a single number in the first element\. Call"),
        (slices().batch(2).repeat(), "repeats without end, and no number of steps"),
        (slices().take(0).batch(2), "an empty"),
        (slices().batch(20, drop_remainder=True), "an empty"),
        (slices().batch(2).repeat(0), "an empty"),
        (slices().batch(2).repeat(0).repeat(), "an empty"),
        (Dataset.from_tensor_slices((X,) * 4).batch(2), "elements of 4 parts"),
        (by_elements(Dataset.from_tensor_slices((X,) * 4)).batch(2), "elements of 4 parts"),
        (Dataset.from_tensor_slices(["a", "b"]).batch(2), "must hold real numbers"),
    ],
)
def test_what_gives_no_batches(dataset: Dataset, text: str) -> None:
    with pytest.raises((DataError, ArgumentError), match=text):
        batches_of(dataset)


@pytest.mark.parametrize("name", ["y", "sample_weight"])
def test_what_only_arrays_take(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"Received: {name} together with a Dataset"):
        given: dict[str, Any] = {name: 4}
        batches_of(slices().batch(2), **given)


# -- models ---------------------------------------------------------------------------------------------------


def model() -> Sequential:
    set_random_seed(1)
    made = Sequential([Dense(3, input_shape=(1,), activation="softmax")])
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def test_the_same_training_as_with_arrays() -> None:
    one, other, third = model(), model(), model()
    first = one.fit(X, Y, batch_size=4, epochs=3, shuffle=False, validation_data=(X, Y), verbose=0).history
    for m, dataset in ((other, slices().batch(4)), (third, by_elements(slices()).batch(4))):
        assert m.fit(dataset, epochs=3, validation_data=dataset, verbose=0).history == first
        assert m.evaluate(dataset, verbose=0) == one.evaluate(X, Y, batch_size=4, verbose=0)
        assert (m.predict(dataset) == one.predict(X, batch_size=4)).all()
        assert (m.predict(Dataset.from_tensor_slices(X).batch(3)) == one.predict(X, batch_size=3)).all()


@pytest.mark.parametrize("through", [lambda d: d, by_elements])
def test_several_inputs_and_outputs_by_name(through: Make) -> None:
    a, b = Input((1,), name="a"), Input((2,), name="b")
    two = Model({"a": a, "b": b}, [Dense(1, name="y")(a), Dense(1, name="z")(b)])
    two.compile("sgd", "mse")
    x = {"b": np.ones((N, 2), np.float32), "a": X}
    y, weights = {"z": X, "y": 2 * X}, {"y": np.ones(N), "z": np.zeros(N)}
    dataset = through(Dataset.from_tensor_slices((x, y, weights))).batch(4)
    logs = two.evaluate(dataset, verbose=0, return_dict=True)
    assert logs == two.evaluate(x, y, sample_weight=weights, batch_size=4, verbose=0, return_dict=True)
    assert logs["z_loss"] == 0
    two.fit(dataset, epochs=1, verbose=0)
    with pytest.raises(UnknownNameError, match="'Z'"):
        two.fit(through(Dataset.from_tensor_slices((x, {"Z": X}))).batch(4), verbose=0)


def test_data_that_ends_too_early_is_said_so() -> None:
    with pytest.warns(MinifitWarning, match=r"dataset\.repeat\(\)"):
        history = model().fit(slices().batch(4), epochs=3, steps_per_epoch=2, verbose=0).history
    assert len(history["loss"]) == 2


class Interrupted(Exception):
    """Ends a run."""


RESUMED = [
    *RECOGNIZED[3:9],
    RECOGNIZED[11],
    *ENDLESS,
    *GENERAL[1:5],
    lambda d: by_elements(d.shuffle(N)).batch(4),
]


@pytest.mark.parametrize("make", RESUMED)
def test_a_run_goes_on_exactly(make: Make, tmp_path: Path) -> None:
    endless = make(slices()).stage.length() == -1
    steps: dict[str, Any] = {"steps_per_epoch": 3} if endless else {}
    whole, broken, again = model(), model(), model()

    def stop(batch: int, logs: Any) -> None:
        if broken.optimizer.iterations == 5:
            raise Interrupted

    set_random_seed(5)
    expected = whole.fit(make(slices()), epochs=4, verbose=0, **steps).history
    set_random_seed(5)
    with pytest.raises(Interrupted):
        broken.fit(
            make(slices()),
            epochs=4,
            verbose=0,
            callbacks=[BackupAndRestore(tmp_path, save_freq=2), LambdaCallback(on_train_batch_end=stop)],
            **steps,
        )
    set_random_seed(99)  # another process has other random numbers
    history = again.fit(
        make(slices()), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path, save_freq=2)], **steps
    ).history
    assert history["loss"][-1] == expected["loss"][-1]
    for mine, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
        assert (mine == theirs).all()


def test_a_run_goes_on_exactly_where_training_and_validation_share_a_shuffle(tmp_path: Path) -> None:
    def fit(m: Sequential, *callbacks: Any) -> dict[str, list[float]]:
        mixed = slices().shuffle(N, seed=3)
        train, valid = mixed.take(6).batch(2), by_elements(mixed.skip(6)).batch(2)
        return m.fit(train, epochs=5, validation_data=valid, verbose=0, callbacks=list(callbacks)).history

    whole, broken, again = model(), model(), model()

    def stop(batch: int, logs: Any) -> None:
        if broken.optimizer.iterations == 8:
            raise Interrupted

    expected = fit(whole)
    with pytest.raises(Interrupted):
        fit(broken, BackupAndRestore(tmp_path, save_freq=1), LambdaCallback(on_train_batch_begin=stop))
    history = fit(again, BackupAndRestore(tmp_path, save_freq=1))
    assert history["val_loss"][-2:] == expected["val_loss"][-2:]
    assert history["loss"][-2:] == expected["loss"][-2:]


def test_a_shuffle_that_a_loop_draws_from_too_stands_where_it_stood() -> None:
    def made() -> tuple[Batches, Dataset]:
        mixed = slices().shuffle(N, seed=3)
        return batches_of(mixed.batch(4)), mixed

    (one, mixed), (other, again) = made(), made()
    rows_of(one, context(), 1)
    list(mixed)
    other.set_state(one.get_state())
    assert [int(y) for _, y in again] == [int(y) for _, y in mixed]


@pytest.mark.parametrize("size", [4, N])
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_what_a_cache_had_kept_is_drawn_again(size: int, gone: int) -> None:
    """Also where the first batch, which is asked for to learn the shapes, is all that there is."""

    def made(seed: int) -> Batches:
        set_random_seed(seed)
        batches = batches_of(slices().shuffle(N).batch(size).cache().shuffle(2))
        batches.passes = 4
        return batches

    one = made(1)
    epochs_of(one, gone)
    one.begin_epoch()
    rows_of(one, context(), 1)
    other = made(2)
    other.set_state(one.get_state())
    assert rows_of(other, context()) == rows_of(one, context())
    for batches in (one, other):
        batches.end_epoch()
    assert epochs_of(other, 2) == epochs_of(one, 2)


@pytest.mark.parametrize("make", [RECOGNIZED[0], RECOGNIZED[5], RECOGNIZED[6], ENDLESS[4], RECOGNIZED[7]])
def test_very_many_rows(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their order is computed, a stretch at a time, or they go the way of other pipelines."""
    for module in (permutation, dataset_batches):
        monkeypatch.setattr(module, "LISTED", 8)
    batches = batches_of(make(slices()), steps=3 if make is ENDLESS[4] else None)
    assert type(batches) is (DatasetBatches if make is RECOGNIZED[7] else PipelineBatches)
    loops = make(slices())
    expected = []
    if make is ENDLESS[4]:
        loop = loops.as_numpy_iterator()
        expected = [[next(loop)[0][:, 0].astype(int).tolist() for _ in range(3)] for _ in range(2)]
    else:
        expected = [[x[:, 0].astype(int).tolist() for x, _ in loops.as_numpy_iterator()] for _ in range(2)]
    assert epochs_of(batches, 2) == expected
    ahead, rows = batches_of(make(slices()), steps=3), list[list[int]]()
    while len(rows) < 3:
        stretch = ahead.ahead(context(), 2)
        assert stretch is not None
        rows += [stretch.batch(i).inputs[0][:, 0].astype(int).tolist() for i in range(stretch.batches)]
        ahead.advance(stretch.batches)
    assert rows[:3] == expected[0][:3]


def test_a_state_before_the_first_batch() -> None:
    """The first batch is fetched at once, which draws from the shuffle."""

    def made(seed: int) -> Batches:
        rows = Dataset.from_tensor_slices(np.arange(9.0)[:, None]).shuffle(9, seed=seed)
        return batches_of(rows.map(lambda x: x).batch(4))

    first, second = made(1), made(2)
    second.set_state(first.get_state())
    for _ in range(2):
        assert rows_of(first, context()) == rows_of(second, context())
        first.begin_epoch()
        second.begin_epoch()


def test_a_model_that_data_builds_trains_on_any_pipeline() -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    model.compile("sgd", "mse")
    pairs = by_elements(slices(X, np.eye(2, dtype=np.float32)[np.arange(N) % 2])).batch(4)
    history = model.fit(pairs, epochs=2, validation_data=pairs, verbose=0)
    assert list(history.history) == ["loss", "val_loss"]
