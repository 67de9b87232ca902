"""Epochs and the end of the data: what was recorded of tf.keras beside the scenarios, told event by event.

Each run names the rows that were trained on, by their number, and every hook that was called.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minifit
from minifit import layers, optimizers
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.data import Sequence
from minifit.errors import MinifitWarning

X = np.arange(12, dtype=np.float32)[:, None]
Y = X * 0.5
V = np.arange(10, dtype=np.float32)[:, None]


@pytest.fixture(autouse=True)
def _numpy_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")


class Watch(Callback):
    """The hooks in one line: ``E0 b0 e0 ... V t0 T ... /E0``, and the rows of every training batch."""

    def __init__(self) -> None:
        self.hooks: list[str] = []
        self.epoch_logs: list[dict[str, Any]] = []
        self.end_logs: dict[str, Any] | None = None
        self.test_logs: list[dict[str, Any]] = []

    @property
    def told(self) -> str:
        return " ".join(self.hooks)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.hooks.append(f"E{epoch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.hooks.append(f"/E{epoch}")
        self.epoch_logs.append(dict(logs))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.hooks.append(f"b{batch}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.hooks.append(f"/b{batch}")

    def on_test_begin(self, logs: Any = None) -> None:
        self.hooks.append("V")

    def on_test_end(self, logs: Any = None) -> None:
        self.hooks.append("/V")
        self.test_logs.append(dict(logs))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.hooks.append(f"t{batch}")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.hooks.append(f"/t{batch}")

    def on_train_end(self, logs: Any = None) -> None:
        self.hooks.append("end")
        self.end_logs = dict(logs)


def seeing_model(seen: list[list[int]]) -> Any:
    """A model that notes the rows it is shown: the metric gets the targets, which are half their numbers."""

    def rows(y_true: Any, y_pred: Any) -> Any:
        seen.append([int(v) for v in np.asarray(y_true.value).ravel() * 2])
        return y_pred

    model = minifit.Sequential([layers.Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.001), "mse", metrics=[rows])
    return model


def plain_model() -> Any:
    model = minifit.Sequential([layers.Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.001), "mse")
    return model


def batches(count: int, size: int = 4) -> Iterator[tuple[Array, Array]]:
    for index in range(count):
        begin = index * size % len(X)
        yield X[begin : begin + size], Y[begin : begin + size]


def block(first: int, size: int = 4) -> list[int]:
    return list(range(first, first + size))


# -- arrays as one stream ----------------------------------------------------------------------------------


@pytest.mark.rule("FIT-17")
@pytest.mark.parametrize(
    ("steps", "firsts"), [(2, [0, 4, 8, 0, 4, 8]), (1, [0, 4, 8]), (3, [0, 4, 8] * 3), (None, [0, 4, 8] * 3)]
)
def test_arrays_are_one_stream_over_all_epochs(steps: int | None, firsts: list[int]) -> None:
    seen: list[list[int]] = []
    model = seeing_model(seen)
    model.fit(X, Y, 4, epochs=3, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert seen == [block(first) for first in firsts]


@pytest.mark.rule("FIT-17")
def test_the_stream_begins_at_the_first_row_whatever_the_initial_epoch() -> None:
    seen: list[list[int]] = []
    seeing_model(seen).fit(X, Y, 4, epochs=4, initial_epoch=2, steps_per_epoch=1, shuffle=False, verbose=0)
    assert seen == [block(0), block(4)]


@pytest.mark.rule("FIT-17")
@pytest.mark.parametrize(("steps", "sizes"), [(1, [12]), (2, [6, 6]), (3, [4, 4, 4]), (4, [3, 3, 3, 3])])
def test_steps_without_a_batch_size_divide_the_rows(steps: int, sizes: list[int]) -> None:
    seen: list[list[int]] = []
    seeing_model(seen).fit(X, Y, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert [len(rows) for rows in seen] == sizes


@pytest.mark.rule("FIT-17")
def test_each_pass_over_the_rows_is_a_new_order_of_all_of_them() -> None:
    seen: list[list[int]] = []
    seeing_model(seen).fit(X, Y, 4, epochs=6, steps_per_epoch=2, verbose=0)
    passes = [[row for batch in seen[i : i + 3] for row in batch] for i in range(0, 12, 3)]
    assert all(sorted(one) == list(range(12)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1


# -- training data that ends -------------------------------------------------------------------------------


def fit_to_the_end(x: Any, y: Any, **arguments: Any) -> tuple[Watch, Any, Any]:
    """A fit whose data ends early: one warning, and training is over, without being stopped."""
    watch, model = Watch(), plain_model()
    with pytest.warns(MinifitWarning, match="The data ended early") as caught:
        history = model.fit(x, y, shuffle=False, verbose=0, callbacks=[watch], **arguments)
    assert len(caught) == 1
    assert model.stop_training is False
    return watch, history, model


@pytest.mark.rule("FIT-18")
def test_arrays_that_end_within_an_epoch() -> None:
    watch, history, _ = fit_to_the_end(
        X, Y, batch_size=4, steps_per_epoch=5, epochs=2, validation_data=(V, V)
    )
    first = "E0 b0 /b0 b1 /b1 b2 /b2 b3 /b3 b4 /b4 V t0 /t0 t1 /t1 t2 /t2 /V /E0"
    second = "E1 b0 /b0 b1 V t0 /t0 t1 /t1 t2 /t2 /V /E1 end"
    assert watch.told == f"{first} {second}"
    assert history.epoch == [0, 1]
    assert all(list(logs) == ["loss", "val_loss"] for logs in watch.epoch_logs)
    assert watch.end_logs == watch.epoch_logs[-1]


@pytest.mark.rule("FIT-18")
def test_arrays_that_end_in_the_only_epoch() -> None:
    watch, history, _ = fit_to_the_end(X, Y, batch_size=4, steps_per_epoch=5, epochs=1)
    assert watch.told == "E0 b0 /b0 b1 /b1 b2 /b2 b3 /E0 end"
    assert len(history.history["loss"]) == 1


@pytest.mark.rule("FIT-18")
def test_arrays_have_one_pass_for_every_epoch_that_is_trained() -> None:
    watch, history, _ = fit_to_the_end(X, Y, batch_size=4, steps_per_epoch=5, initial_epoch=2, epochs=3)
    assert watch.told == "E2 b0 /b0 b1 /b1 b2 /b2 b3 /E2 end"
    assert history.epoch == [2]


@pytest.mark.rule("FIT-18")
def test_a_generator_that_ends_within_an_epoch() -> None:
    watch, history, _ = fit_to_the_end(batches(3), None, steps_per_epoch=5, epochs=3)
    assert watch.told == "E0 b0 /b0 b1 /b1 b2 /b2 b3 /E0 end"
    assert history.epoch == [0]
    watch, history, _ = fit_to_the_end(batches(3), None, steps_per_epoch=2, epochs=3)
    assert watch.told == "E0 b0 /b0 b1 /b1 /E0 E1 b0 /b0 b1 /E1 end"
    assert history.epoch == [0, 1]


@pytest.mark.rule("FIT-18")
def test_data_that_ends_between_two_epochs_repeats_the_logs_of_the_last_batch() -> None:
    watch, history, _ = fit_to_the_end(batches(3), None, steps_per_epoch=3, epochs=2)
    assert watch.told == "E0 b0 /b0 b1 /b1 b2 /b2 /E0 E1 b0 /E1 end"
    assert history.history["loss"][0] == history.history["loss"][1]


@pytest.mark.rule("FIT-18")
def test_the_logs_of_an_epoch_cut_short_are_the_mean_of_what_there_was() -> None:
    whole = plain_model()
    expected = whole.fit(X, Y, 4, shuffle=False, verbose=0).history["loss"]
    _, history, _ = fit_to_the_end(batches(3), None, steps_per_epoch=5, epochs=3)
    assert history.history["loss"] == expected


@pytest.mark.rule("FIT-18")
def test_a_model_whose_data_ended_can_be_trained_again() -> None:
    _, _, model = fit_to_the_end(batches(3), None, steps_per_epoch=5, epochs=3)
    assert model.fit(batches(4), steps_per_epoch=2, epochs=2, verbose=0).epoch == [0, 1]


# -- a generator without a number of steps -----------------------------------------------------------------


@pytest.mark.rule("FIT-30")
def test_the_first_epoch_of_a_generator_finds_out_how_many_batches_there_are() -> None:
    watch, model = Watch(), plain_model()
    history = model.fit(batches(3), verbose=0, callbacks=[watch])
    assert watch.told == "E0 b0 /b0 b1 /b1 b2 /b2 b3 /E0 end"
    assert watch.params["steps"] is None
    assert history.epoch == [0]


@pytest.mark.rule("FIT-30")
def test_a_generator_that_is_used_up_has_nothing_for_a_second_epoch() -> None:
    watch, history, _ = fit_to_the_end(batches(3), None, epochs=3)
    assert watch.told == "E0 b0 /b0 b1 /b1 b2 /b2 b3 /E0 E1 b0 /E1 end"
    assert history.history["loss"][0] == history.history["loss"][1]


@pytest.mark.rule("FIT-30")
@pytest.mark.parametrize("count", [1, 2])
def test_the_first_batch_is_looked_at_before_training_and_not_lost(count: int) -> None:
    seen: list[list[int]] = []
    drawn: list[int] = []

    def drawing() -> Iterator[tuple[Array, Array]]:
        for index, batch in enumerate(batches(count)):
            drawn.append(index)
            yield batch

    class Look(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            assert drawn == [0]

    seeing_model(seen).fit(drawing(), verbose=0, callbacks=[Look()])
    assert seen == [block(4 * index) for index in range(count)]


# -- validation data that ends -----------------------------------------------------------------------------

TRAINED = "E{0} b0 /b0 b1 /b1 b2 /b2"


def epochs_told(*validations: str) -> str:
    told = [f"{TRAINED.format(epoch)} {v} /E{epoch}" for epoch, v in enumerate(validations)]
    return " ".join([*told, "end"])


def fit_with_validation(data: Any, **arguments: Any) -> tuple[Watch, Any]:
    """Three epochs whose validation data ends early: one warning, and training goes on."""
    watch = Watch()
    with pytest.warns(MinifitWarning, match="The data ended early") as caught:
        history = plain_model().fit(
            X, Y, 4, epochs=3, shuffle=False, verbose=0, validation_data=data, callbacks=[watch], **arguments
        )
    assert len(caught) == 1
    assert len(history.history["loss"]) == 3
    return watch, history


@pytest.mark.rule("FIT-19")
def test_validation_arrays_with_too_few_rows() -> None:
    watch, history = fit_with_validation((V, V), validation_batch_size=5, validation_steps=3)
    assert watch.told == epochs_told("V t0 /t0 t1 /t1 t2 /V", "V /V", "V /V")
    assert len(history.history["val_loss"]) == 1
    assert [sorted(logs) for logs in watch.epoch_logs] == [["loss", "val_loss"], ["loss"], ["loss"]]
    assert [sorted(logs) for logs in watch.test_logs] == [["loss"], [], []]


@pytest.mark.rule("FIT-19")
def test_a_validation_generator_that_is_used_up_after_one_epoch() -> None:
    watch, history = fit_with_validation(batches(2))
    assert watch.told == epochs_told("V t0 /t0 t1 /t1 t2 /V", "V t0 /V", "V /V")
    assert len(history.history["val_loss"]) == 1


@pytest.mark.rule("FIT-19")
def test_a_validation_generator_goes_on_from_epoch_to_epoch() -> None:
    seen: list[list[int]] = []
    model = seeing_model(seen)
    model.fit(X, Y, 12, epochs=3, shuffle=False, verbose=0, validation_data=batches(6, 2), validation_steps=2)
    assert seen[1::3] + seen[2::3] == [block(n, 2) for n in (0, 4, 8, 2, 6, 10)]


@pytest.mark.rule("FIT-19")
def test_validation_arrays_begin_with_the_first_row_every_time() -> None:
    seen: list[list[int]] = []
    model = seeing_model(seen)
    arguments: dict[str, Any] = {"validation_data": (X, Y), "validation_batch_size": 3, "validation_steps": 2}
    model.fit(X, Y, 12, epochs=2, shuffle=False, verbose=0, **arguments)
    assert seen == [block(0, 12), block(0, 3), block(3, 3)] * 2


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (lambda: {"x": batches(3)}, "Let the generator yield without end"),
        (lambda: {"x": Few()}, "Let its __len__ return more batches"),
        (lambda: {"x": X, "y": Y, "batch_size": 4}, "Pass more rows or a smaller batch_size"),
    ],
    ids=["generator", "sequence", "arrays"],
)
def test_what_to_do_about_it(data: Callable[[], dict[str, Any]], advice: str) -> None:
    with pytest.warns(MinifitWarning, match=f"{advice}.*, or lower the number of steps"):
        plain_model().fit(**data(), steps_per_epoch=50, verbose=0)


class Few(Sequence):
    """Three batches."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return X[:4], Y[:4]


# -- evaluate and predict ----------------------------------------------------------------------------------

Call = Callable[[Any, Any], Any]


@pytest.mark.rule("FIT-18")
@pytest.mark.parametrize(
    ("call", "whole"),
    [
        (lambda m, data: m.evaluate(data, steps=5, verbose=0), lambda m, _: m.evaluate(X, Y, 4, verbose=0)),
        (lambda m, data: m.predict(data, steps=5).tolist(), lambda m, _: m.predict(X, 4).tolist()),
    ],
    ids=["evaluate", "predict"],
)
def test_evaluate_and_predict_return_what_there_was(call: Call, whole: Call) -> None:
    model = plain_model()
    with pytest.warns(MinifitWarning, match="The data ended early") as caught:
        found = call(model, batches(3))
    assert len(caught) == 1
    assert found == whole(model, None)
