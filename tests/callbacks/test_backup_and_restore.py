"""An interrupted run equals an uninterrupted one, bit for bit, wherever it was interrupted and whatever took part."""

import os
import random
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit import Sequential, console, layers, optimizers
from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    TerminateOnNaN,
    experimental,
)
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, FileFormatError, MinifitWarning
from minifit.saving.backups import BackupFolder
from tests.callbacks.killing import Figures, killed_at_random, killed_then_ended, uninterrupted
from tests.callbacks.recording import Recorder, acting, bits, data, small_model
from tests.callbacks.resuming import (
    CALLBACKS,
    DATA,
    LAYERS,
    OPTIMIZERS,
    Bomb,
    Interrupted,
    Outcome,
    Setup,
    agree,
    fit,
)
from tests.distribute.processes import run_workers

X, Y = data()


class Stop(Callback):
    """Raises at the beginning of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise RuntimeError("Interrupting!")


def interrupted(
    folder: Path, at: int = 4, *callbacks: Callback, model: Sequential | None = None, **options: Any
) -> Sequential:
    """A model whose fit of 10 epochs was interrupted, with a backup left."""
    model = model or small_model()
    with pytest.raises(RuntimeError, match="Interrupting!"):
        model.fit(
            X, Y, epochs=10, verbose=0, callbacks=[*callbacks, BackupAndRestore(folder), Stop(at)], **options
        )
    return model


# -- what is documented ------------------------------------------------------------------------------------


@pytest.mark.rule("BR-3")
def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    callback = experimental.BackupAndRestore(backup_dir=str(tmp_path))
    model = Sequential([layers.Dense(10)])
    model.compile(optimizers.SGD(), loss="mse")
    x, y = np.arange(100).reshape(5, 20), np.zeros(5)
    with pytest.raises(RuntimeError):
        model.fit(x, y, epochs=10, batch_size=1, callbacks=[callback, Stop(4)], verbose=0)
    history = model.fit(x, y, epochs=10, batch_size=1, callbacks=[callback], verbose=0)
    assert len(history.history["loss"]) == 6
    assert history.epoch == [4, 5, 6, 7, 8, 9]


@pytest.mark.rule("BR-1")
@pytest.mark.parametrize("delete", [True, False])
def test_another_fit_on_the_same_model_trains_all_its_epochs(tmp_path: Path, delete: bool) -> None:
    callback = BackupAndRestore(tmp_path, delete_checkpoint=delete)
    model = small_model()
    for _ in range(3):
        assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback]).epoch == [0, 1, 2]


@pytest.mark.rule("BR-1")
def test_a_fit_after_a_completed_one_that_is_interrupted_does_not_go_on_from_the_completed_one(
    tmp_path: Path,
) -> None:
    callback = BackupAndRestore(tmp_path, delete_checkpoint=False)
    model = small_model()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    with pytest.raises(RuntimeError):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback, Stop(0)])
    assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback]).epoch == [0, 1, 2]


@pytest.mark.rule("BR-1")
def test_a_fit_after_a_completed_one_goes_on_where_it_was_interrupted_itself(tmp_path: Path) -> None:
    callback, model = BackupAndRestore(tmp_path), small_model()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    with pytest.raises(RuntimeError):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback, Stop(1)])
    assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback]).epoch == [1, 2]


@pytest.mark.rule("BR-2")
def test_early_stopping_goes_on_counting(tmp_path: Path) -> None:
    def patient() -> EarlyStopping:
        return EarlyStopping("loss", min_delta=100, patience=5)

    whole = small_model().fit(X, Y, epochs=10, verbose=0, callbacks=[patient()])
    interrupted(tmp_path, 3, patient())
    resumed = small_model().fit(X, Y, epochs=10, verbose=0, callbacks=[patient(), BackupAndRestore(tmp_path)])
    assert whole.epoch[-1] == resumed.epoch[-1] == 5


@pytest.mark.rule("BR-4")
def test_before_the_first_backup_there_is_nothing_and_a_restart_begins_anew(tmp_path: Path) -> None:
    interrupted(tmp_path / "backup", 0)
    assert os.listdir(tmp_path / "backup") == []
    history = small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[BackupAndRestore(tmp_path / "backup")])
    assert history.epoch == [0, 1]


@pytest.mark.rule("BR-5")
def test_a_run_that_ends_by_itself_or_is_stopped_deletes_its_backup(tmp_path: Path) -> None:
    stopping = EarlyStopping("loss", min_delta=100)
    for callbacks in ([], [stopping]):
        small_model().fit(X, Y, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path), *callbacks])
        assert os.listdir(tmp_path) == []


@pytest.mark.rule("BR-5")
@pytest.mark.parametrize("raises", [False, True])
def test_a_run_that_nan_ends_is_complete_unless_that_is_an_error(
    tmp_path: Path, raises: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    class Spoil(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.set_weights([w * np.nan for w in self.model.get_weights()])

    def run() -> None:
        listed = [BackupAndRestore(tmp_path), Spoil(), TerminateOnNaN(raise_error=raises)]
        small_model().fit(X, Y, epochs=3, verbose=0, callbacks=listed)

    if raises:
        with pytest.raises(DataError):
            run()
    else:
        run()
    assert os.listdir(tmp_path) == (["backup.h5"] if raises else [])


@pytest.mark.rule("BR-6")
@pytest.mark.parametrize("first", [True, False])
def test_it_acts_after_all_others_whatever_its_place(tmp_path: Path, first: bool) -> None:
    seen: list[str] = []

    class Noting(BackupAndRestore):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append("train begin")
            super().on_train_begin(logs)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append("epoch end")
            super().on_epoch_end(epoch, logs)

    class Other(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append("other")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append("other")

    listed = [Noting(tmp_path), Other()] if first else [Other(), Noting(tmp_path)]
    small_model().fit(X, Y, verbose=0, callbacks=listed)
    assert seen == ["other", "train begin", "other", "epoch end"]


@pytest.mark.rule("BR-7")
def test_batches_are_counted_over_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[tuple[int, int]] = []
    callback = BackupAndRestore(tmp_path, save_freq=4)
    model = small_model()
    state = model.training_state
    monkeypatch.setattr(
        BackupFolder, "save", lambda _, captured: saved.append((captured["epoch"], captured["batch"]))
    )
    model.fit(X, Y, batch_size=4, epochs=4, verbose=0, callbacks=[callback])
    assert saved == [(1, 1), (2, 2), (3, 3)]
    assert state is model.training_state


@pytest.mark.rule("BR-7")
def test_several_steps_per_execution_are_backed_up_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[tuple[int, int]] = []
    callback = BackupAndRestore(tmp_path, save_freq=2)
    monkeypatch.setattr(
        BackupFolder, "save", lambda _, captured: saved.append((captured["epoch"], captured["batch"]))
    )
    small_model(steps_per_execution=3).fit(X, Y, batch_size=1, epochs=1, verbose=0, callbacks=[callback])
    assert saved == [(0, 3), (0, 6), (0, 9), (0, 12)]


def told_of_batches(
    folder: Path, base: type[BackupAndRestore], monkeypatch: pytest.MonkeyPatch, freq: Any
) -> list[int]:
    """At which batches of two epochs of twelve `base` is called."""
    told: list[int] = []

    class Telling(base):  # type: ignore[misc, valid-type]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(batch)
            super().on_train_batch_end(batch, logs)

    callback = Telling(folder, save_freq=freq)
    monkeypatch.setattr(BackupFolder, "save", lambda _, captured: None)
    small_model().fit(X, Y, batch_size=1, epochs=2, verbose=0, callbacks=[callback])
    return told


class Unwatching(BackupAndRestore):
    """Does not watch, whatever a subclass adds."""

    def watches(self, hook: str) -> bool:
        return False


def test_it_watches_no_batch_and_is_woken_where_it_backs_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not BackupAndRestore(tmp_path, save_freq=5).watches("on_train_batch_end")
    assert told_of_batches(tmp_path, Unwatching, monkeypatch, 5) == [4, 9, 11, 2, 7, 11]
    assert told_of_batches(tmp_path, Unwatching, monkeypatch, "epoch") == [11, 11]


@pytest.mark.parametrize("freq", ["epoch", 5])
def test_a_subclass_that_looks_at_batches_sees_every_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freq: Any
) -> None:
    assert told_of_batches(tmp_path, BackupAndRestore, monkeypatch, freq) == [*range(12), *range(12)]


# -- what may differ, and what may not ---------------------------------------------------------------------


def test_epochs_verbosity_callbacks_validation_and_paths_may_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(tmp_path / "a")
    os.rename(tmp_path / "a", tmp_path / "b")
    history = small_model().fit(
        X,
        Y,
        epochs=6,
        verbose=2,
        validation_data=(X, Y),
        callbacks=[Recorder(), BackupAndRestore(tmp_path / "b")],
    )
    assert history.epoch == [4, 5]
    assert "val_loss" in history.history


def other_model(**compiled: Any) -> Sequential:
    model = Sequential([layers.Dense(5, activation="tanh", input_shape=(4,)), layers.Dense(3)])
    model.compile(optimizers.SGD(0.05), **{"loss": "mse", **compiled})
    return model


def frozen() -> Sequential:
    model = small_model()
    model.layers[0].trainable = False
    model.compile(model.optimizer, model.loss)
    return model


@pytest.mark.rule("BR-8")
@pytest.mark.parametrize(
    ("make", "options", "said"),
    [
        (lambda: small_model(layers.Dense(5)), {}, "layers"),
        (lambda: small_model(layers.Dropout(0.5)), {}, "layers"),
        (other_model, {}, "layers, number 1: activation, which was 'relu' and is 'tanh' now"),
        (frozen, {}, "weights that are trained, number 1, which was True and is False now"),
        (lambda: small_model(loss="mae"), {}, "loss"),
        (lambda: small_model(loss_weights=[0.5]), {}, "loss weight, which was 1.0 and is 0.5 now"),
        (lambda: small_model(metrics=["mae"]), {}, "metrics"),
        (lambda: small_model(optimizer="adam"), {}, "optimizer, which was 'SGD' and is 'Adam' now"),
        (
            lambda: small_model(optimizer=optimizers.SGD(0.05, momentum=0.5)),
            {},
            "settings of the optimizer: momentum",
        ),
        (
            lambda: small_model(optimizer=optimizers.SGD(0.05, clipnorm=1.0)),
            {},
            "settings of the optimizer: clipnorm",
        ),
        (small_model, {"batch_size": 5}, "data: batch_size, which was 32 and is 5 now"),
        (small_model, {"steps_per_epoch": 2}, "data: "),
        (small_model, {"shuffle": False}, "data: shuffle, which was True and is False now"),
        (small_model, {"class_weight": {0: 1, 1: 2, 2: 1}}, "data: class_weight"),
        (small_model, {"validation_split": 0.5}, "data: samples, which was 12 and is 6 now"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused_and_nothing_is_harmed(
    tmp_path: Path, make: Callable[[], Sequential], options: dict[str, Any], said: str
) -> None:
    interrupted(tmp_path)
    there = (tmp_path / "backup.h5").read_bytes()
    model = make()
    before = bits(model)
    with pytest.raises(ArgumentError, match="fits only an equal model, optimizer and data") as refused:
        model.fit(X, Y, epochs=10, verbose=0, callbacks=[BackupAndRestore(tmp_path)], **options)
    assert f"Received: {said}" in str(refused.value)
    assert bits(model) == before
    assert (tmp_path / "backup.h5").read_bytes() == there
    assert small_model().fit(X, Y, epochs=10, verbose=0, callbacks=[BackupAndRestore(tmp_path)]).epoch[0] == 4


@pytest.mark.rule("BR-8")
def test_another_learning_rate_to_begin_with_does_not_count_and_that_is_said(tmp_path: Path) -> None:
    interrupted(tmp_path)
    model = small_model(optimizer=optimizers.SGD(0.5))
    with pytest.warns(
        MinifitWarning, match=r"captured learning rate is used, of a run that began with 0\.05"
    ):
        model.fit(X, Y, epochs=10, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert float(model.optimizer.learning_rate) == np.float32(0.05)


@pytest.mark.rule("BR-2")
def test_a_state_without_a_taker_and_a_taker_without_a_state_are_said(tmp_path: Path) -> None:
    interrupted(tmp_path, 4, EarlyStopping("loss", patience=9), EarlyStopping("loss", patience=8))
    own = CALLBACKS["own"](tmp_path)
    with pytest.warns(MinifitWarning) as said:
        small_model().fit(X, Y, epochs=5, verbose=0, callbacks=[BackupAndRestore(tmp_path), own])
    texts = [str(w.message) for w in said]
    assert len(texts) == 2
    assert "The captured state of EarlyStopping, EarlyStopping is dropped" in texts[0]
    assert "No state was captured of Smoothed" in texts[1]


@pytest.mark.rule("BR-2")
def test_a_state_returns_to_the_callback_of_its_class_and_place(tmp_path: Path) -> None:
    interrupted(
        tmp_path, 4, EarlyStopping("loss", patience=9), EarlyStopping("loss", min_delta=100, patience=9)
    )
    listed = [EarlyStopping("loss", patience=9), EarlyStopping("loss", min_delta=100, patience=9)]
    small_model().fit(X, Y, epochs=5, verbose=0, callbacks=[BackupAndRestore(tmp_path), *listed])
    assert (listed[0].wait, listed[1].wait) == (0, 4)


def test_a_run_that_has_trained_all_its_epochs_says_so(tmp_path: Path) -> None:
    callback = BackupAndRestore(tmp_path, delete_checkpoint=False)
    trained = small_model()
    trained.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    model = small_model(seed=2)
    with pytest.warns(MinifitWarning, match=r"has trained all of its epochs.*Received: epochs=3\. Pass more"):
        assert (
            model.fit(
                X, Y, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)]
            ).epoch
            == []
        )
    assert bits(model) == bits(trained)
    assert model.fit(X, Y, epochs=5, verbose=0, callbacks=[BackupAndRestore(tmp_path)]).epoch == [3, 4]


def steps_of(model: Sequential) -> int:
    return int(model.optimizer.iterations)


@pytest.mark.rule("BR-10")
@pytest.mark.parametrize("save_freq", ["epoch", 2])
@pytest.mark.parametrize("initial", [0, 1, 2])
def test_a_resume_with_an_initial_epoch_trains_all_steps(
    tmp_path: Path, initial: int, save_freq: Any
) -> None:
    def callback() -> BackupAndRestore:
        return BackupAndRestore(tmp_path, save_freq)

    whole = small_model()
    whole.fit(X, Y, 3, epochs=6, verbose=0)
    with pytest.raises(RuntimeError):
        small_model().fit(X, Y, 3, epochs=6, verbose=0, callbacks=[callback(), Stop(2)])
    resumed = small_model()
    history = resumed.fit(X, Y, 3, epochs=6, initial_epoch=initial, verbose=0, callbacks=[callback()])
    assert history.epoch[-4:] == [2, 3, 4, 5]
    assert steps_of(resumed) == steps_of(whole) == 6 * 4
    assert bits(resumed) == bits(whole)
    assert os.listdir(tmp_path) == []


@pytest.mark.rule("BR-10")
def test_a_run_that_began_later_is_resumed_with_the_passes_that_it_has_left(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 5, "initial_epoch": 2, "verbose": 0}
    whole = small_model()
    whole.fit(X, Y, 3, **options)
    with pytest.raises(RuntimeError):
        small_model().fit(X, Y, 3, **options, callbacks=[BackupAndRestore(tmp_path), Stop(3)])
    keeping = BackupAndRestore(tmp_path, delete_checkpoint=False)
    assert small_model().fit(X, Y, 3, epochs=4, verbose=0, callbacks=[keeping]).epoch == [3]
    resumed = small_model()
    assert resumed.fit(X, Y, 3, **options, callbacks=[BackupAndRestore(tmp_path)]).epoch == [4]
    assert bits(resumed) == bits(whole)


@pytest.mark.rule("BR-10")
def test_the_backup_decides_where_to_go_on_and_says_so(tmp_path: Path) -> None:
    interrupted(tmp_path, 2)
    model = small_model()
    with pytest.warns(MinifitWarning, match=r"resumes at its backup, at epoch 2\. Received: initial_epoch=4"):
        history = model.fit(
            X, Y, epochs=10, initial_epoch=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)]
        )
    assert history.epoch == list(range(2, 10))


@pytest.mark.rule("BR-10")
@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_fewer_epochs_than_were_trained_are_refused_and_nothing_is_deleted(
    tmp_path: Path, epochs: int
) -> None:
    interrupted(tmp_path, 4)
    there = (tmp_path / "backup.h5").read_bytes()
    model = small_model()
    before = bits(model)
    with pytest.raises(
        ArgumentError, match=f"Received: epochs={epochs}, and in .* a backup of epoch 4, batch 0"
    ):
        model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert bits(model) == before
    assert (tmp_path / "backup.h5").read_bytes() == there


@pytest.mark.rule("BR-10")
def test_a_run_whose_data_ends_before_its_time_keeps_its_backup(tmp_path: Path) -> None:
    def batches(steps: int) -> Any:
        return ((X, Y) for _ in range(steps))

    callback = BackupAndRestore(tmp_path)
    whole, model = small_model(), small_model()
    whole.fit(batches(8), epochs=4, steps_per_epoch=2, verbose=0)
    with pytest.warns(MinifitWarning, match="The data ended early"):
        model.fit(batches(4), epochs=4, steps_per_epoch=2, verbose=0, callbacks=[callback])
    assert (tmp_path / "backup.h5").exists()
    resumed = small_model()
    resumed.fit(batches(8), epochs=4, steps_per_epoch=2, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert steps_of(resumed) == 8
    assert os.listdir(tmp_path) == []


# -- what goes wrong ---------------------------------------------------------------------------------------


def test_a_damaged_backup_is_an_error_and_no_wrong_resume(tmp_path: Path) -> None:
    interrupted(tmp_path)
    content = bytearray((tmp_path / "backup.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "backup.h5").write_bytes(content)
    recorder = Recorder()
    with pytest.raises(
        FileFormatError, match=r"must be whole.*Delete the folder to start from the beginning"
    ):
        small_model().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path), recorder])
    assert recorder.names() == ["train_begin"]


def test_a_damaged_backup_gives_the_one_before_where_that_was_kept(tmp_path: Path) -> None:
    model = small_model()
    with pytest.raises(RuntimeError):
        model.fit(
            X, Y, epochs=9, verbose=0, callbacks=[BackupAndRestore(tmp_path, double_checkpoint=True), Stop(4)]
        )
    os.truncate(tmp_path / "backup.h5", 700)
    with pytest.warns(MinifitWarning, match="the one before is"):
        history = small_model().fit(X, Y, epochs=9, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert history.epoch[0] == 3


def test_two_fits_cannot_use_one_folder(tmp_path: Path) -> None:
    class Nested(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            small_model().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path)])

    with pytest.raises(ArgumentError, match="backup_dir is for one run at a time"):
        small_model().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path), Nested()])
    small_model().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


def test_a_callback_whose_state_cannot_be_stored_is_named(tmp_path: Path) -> None:
    class Mine(Callback):
        def get_state(self) -> dict[str, Any]:
            return {"function": print}

        def set_state(self, state: Any) -> None: ...

    with pytest.raises(
        ArgumentTypeError, match=r"Received: <built-in function print>.*Mine, number 1: function"
    ):
        small_model().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path), Mine()])


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"backup_dir": None}, ArgumentError, "Received: backup_dir=None"),
        ({"backup_dir": ""}, ArgumentError, "Received: backup_dir=''"),
        ({"save_freq": "batch"}, ArgumentError, "Received: save_freq='batch'"),
        ({"save_freq": 0}, ArgumentError, "Received: save_freq=0"),
        ({"save_freq": -1}, ArgumentError, "Received: save_freq=-1"),
        ({"save_freq": True}, ArgumentTypeError, "Received: save_freq=True"),
        ({"save_freq": 2.5}, ArgumentTypeError, r"Received: save_freq=2\.5"),
        ({"save_freq": None}, ArgumentTypeError, "Received: save_freq=None"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        BackupAndRestore(**{"backup_dir": "b", **options})


# -- exactly as if nothing had happened --------------------------------------------------------------------

SETUPS = st.builds(
    Setup,
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    layers=st.lists(st.sampled_from(sorted(LAYERS)), max_size=3).map(tuple),
    data=st.sampled_from(DATA),
    shuffle=st.booleans(),
    validation=st.booleans(),
    class_weight=st.booleans(),
    metrics=st.sets(st.sampled_from(["accuracy", "sparse_top_k_categorical_accuracy"]))
    .map(sorted)
    .map(tuple),
    batch_size=st.integers(3, 8),
    epochs=st.integers(2, 6),
    unit=st.sampled_from([1, 1, 2, 3]),
    save_freq=st.sampled_from(["epoch", 1, 2, 3, 5]),
    double_checkpoint=st.booleans(),
    callbacks=st.sets(st.sampled_from(sorted(CALLBACKS))).map(sorted).map(tuple),
    first=st.booleans(),
    watched=st.booleans(),
).filter(lambda setup: setup.optimizer != "schedule" or not {"scheduler", "plateau"} & set(setup.callbacks))


def quiet(_: str) -> None: ...


def check(
    setup: Setup, folder: Path, after: int, error: type[BaseException] = Interrupted, times: int = 1
) -> None:
    """An uninterrupted run and one that is interrupted so many times leave the same."""
    with warnings.catch_warnings():  # of a run that was interrupted at its very end
        warnings.filterwarnings("ignore", "The run in .* has trained all of its epochs", MinifitWarning)
        agree(fit(setup, folder / "whole", quiet), ended(setup, folder / "resumed", after, error, times))


def ended(setup: Setup, folder: Path, after: int, error: type[BaseException], times: int) -> Outcome:
    """The outcome of a run that is interrupted so many times, each time so many hooks after it has a backup."""
    for _ in range(times):
        try:
            return fit(setup, folder, Bomb(folder, after, error))
        except error:
            np.random.seed(99)  # another process begins with other numbers
    return fit(setup, folder, quiet)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:k should be below")
@pytest.mark.rule("BR-9")
@given(setup=SETUPS, after=st.integers(0, 60), times=st.integers(1, 3), ctrl_c=st.booleans())
@settings(max_examples=40)
def test_an_interrupted_run_equals_an_uninterrupted_one(
    tmp_path_factory: pytest.TempPathFactory, setup: Setup, after: int, times: int, ctrl_c: bool
) -> None:
    check(setup, tmp_path_factory.mktemp("run"), after, KeyboardInterrupt if ctrl_c else Interrupted, times)


@pytest.mark.filterwarnings("ignore:k should be below")
@pytest.mark.soak
@given(setup=SETUPS, after=st.integers(0, 60), times=st.integers(1, 3))
@settings(max_examples=1000)
def test_a_thousand_interrupted_runs(
    tmp_path_factory: pytest.TempPathFactory, setup: Setup, after: int, times: int
) -> None:
    check(setup, tmp_path_factory.mktemp("run"), after, Interrupted, times)


@pytest.mark.slow
@pytest.mark.rule("BR-7")
@pytest.mark.parametrize("after", range(12))
def test_in_the_middle_of_an_epoch_at_every_hook(tmp_path: Path, after: int) -> None:
    everything = Setup(
        "adam", ("dropout", "normalization", "own"), callbacks=tuple(CALLBACKS), save_freq=2, epochs=3
    )
    check(everything, tmp_path, after)


def test_it_notices_a_difference(tmp_path: Path) -> None:
    whole = fit(Setup(epochs=3), tmp_path / "a", quiet)
    with pytest.raises(AssertionError):
        agree(whole, fit(Setup(epochs=3, shuffle=False), tmp_path / "b", quiet))


# -- killed ------------------------------------------------------------------------------------------------

EVERYTHING = Setup(
    "adam", ("dropout", "normalization", "own"), validation=True, class_weight=True, metrics=("accuracy",), epochs=8,
    save_freq=3, callbacks=tuple(sorted(CALLBACKS)),
)  # fmt: skip


@pytest.mark.rule("BR-9")
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_process_is_started_again(tmp_path: Path, root: Path, number: str) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no such signals")
    whole, _ = uninterrupted(EVERYTHING, tmp_path / "whole")
    agree(whole, killed_then_ended(EVERYTHING, tmp_path / "killed", root, getattr(signal, number), [20, 15]))


def drawn(draw: random.Random) -> Setup:
    """A run of any kind, long enough to be killed several times."""
    optimizer = draw.choice(sorted(OPTIMIZERS))
    listed = {name for name in CALLBACKS if draw.random() < 0.5} - {"early stopping"}
    if optimizer == "schedule":  # nobody else may set its rate
        listed -= {"scheduler", "plateau"}
    return Setup(
        optimizer,
        tuple(draw.sample(sorted(LAYERS), draw.randrange(4))),
        data=draw.choice(DATA),
        shuffle=draw.random() < 0.7,
        validation=draw.random() < 0.5,
        class_weight=draw.random() < 0.5,
        metrics=("accuracy",) * draw.randrange(2),
        batch_size=draw.randint(2, 6),
        epochs=draw.randint(10, 40),
        unit=draw.choice([1, 1, 2, 3]),
        save_freq=draw.choice(["epoch", 1, 3, 7]),
        double_checkpoint=draw.random() < 0.3,
        callbacks=tuple(sorted(listed)),
        first=draw.random() < 0.5,
        watched=draw.random() < 0.7,
    )


def kill(folder: Path, root: Path, seed: int, kills: int) -> Figures:
    """Runs that are killed at random instants, this often together, each of them equal to an uninterrupted one."""
    draw, figures = random.Random(seed), Figures()
    while figures.kills < kills:
        setup, here = drawn(draw), folder / str(figures.runs)
        whole, seconds = uninterrupted(setup, here / "whole")
        times = min(draw.randint(1, 8), kills - figures.kills)
        try:
            agree(whole, killed_at_random(setup, here / "killed", root, draw, times, seconds, figures))
        except BaseException as error:
            error.add_note(f"{setup} after {figures}; see {here}")
            raise
        shutil.rmtree(here)
    return figures


@pytest.mark.slow
@pytest.mark.rule("BR-9")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_five_kills_at_random_instants(tmp_path: Path, root: Path) -> None:
    assert kill(tmp_path, root, seed=1, kills=5).kills == 5


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_five_hundred_kills_at_random_instants(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = kill(tmp_path, root, seed=int(os.environ.get("SOAK_SEED", "2")), kills=500)
    with capsys.disabled():
        console.say(f"\n{figures}; all ended as if nothing had happened")


def test_it_backs_up_where_the_run_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    leave = LambdaCallback(on_train_begin=lambda logs: os.chdir(tmp_path / "other"))
    backup = BackupAndRestore("backup", delete_checkpoint=False)
    small_model().fit(X, Y, verbose=0, callbacks=[leave, backup])
    assert (tmp_path / "backup" / "backup.h5").is_file()
    assert not list((tmp_path / "other").iterdir())
    assert backup.backup_dir == "backup"


def test_a_run_keeps_its_folder(tmp_path: Path) -> None:
    backup = BackupAndRestore(tmp_path / "a", delete_checkpoint=False)
    backup.backup_dir = tmp_path / "b"
    turn = acting("on_epoch_end", lambda _: setattr(backup, "backup_dir", tmp_path / "c"))
    with pytest.raises(
        ArgumentError, match=r"backup_dir cannot change during a run\. Received: .*c.*b.*Set it before fit"
    ):
        small_model().fit(X, Y, verbose=0, callbacks=[turn, backup])
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a working folder cannot be deleted there")
@pytest.mark.parametrize("kind", [BackupAndRestore, ModelCheckpoint])
def test_a_deleted_working_folder_is_named_before_training(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    os.rmdir(tmp_path / "gone")
    recorder = Recorder()
    with pytest.raises(FileNotFoundError, match=r"working folder.*deleted"):
        small_model().fit(X, Y, verbose=0, callbacks=[recorder, kind("a.h5")])
    assert recorder.events == []


SEVERAL = """
import os, signal, sys
import numpy as np
import minifit
from minifit.callbacks import BackupAndRestore, Callback, ReduceLROnPlateau
from minifit.distribute import MultiWorkerMirroredStrategy
from minifit.layers import BatchNormalization, Dense, Dropout, Input

folder, victim, epoch, batch = sys.argv[1], *map(int, sys.argv[2:])
strategy = MultiWorkerMirroredStrategy()
minifit.utils.set_random_seed(1)
with strategy.scope():
    model = minifit.Sequential([Input((3,)), Dense(8, "relu"), BatchNormalization(), Dropout(0.4), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])


class Killing(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, number, logs=None):
        if strategy.workers.rank == victim and (self.epoch, number) == (epoch, batch):
            os.kill(os.getpid(), signal.SIGKILL)


x = np.random.RandomState(7).normal(size=(37, 3)).astype(np.float32)
y = x.sum(1, keepdims=True)
callbacks = [ReduceLROnPlateau("loss", patience=1), Killing(), BackupAndRestore(folder, save_freq=3)]
model.fit(x, y, batch_size=6, epochs=4, callbacks=callbacks, verbose=0)
assert not os.listdir(folder), os.listdir(folder)
numbers = [*model.get_weights(), *model.optimizer.get_weights(), np.array(model.evaluate(x, y, verbose=0))]
print([n.tobytes().hex() for n in numbers], np.random.rand(), model.history.history)
"""


@pytest.mark.parametrize("kernels", ["numpy", pytest.param("numba", marks=pytest.mark.soak)])
def test_any_worker_killed_and_all_started_again(kernels: str, tmp_path: Path) -> None:
    engine = {"MINIFIT_KERNELS": kernels}
    nobody = -1, 0, 0
    whole, same = run_workers(2, SEVERAL, tmp_path / "whole", *nobody, settings=engine).printed
    assert whole == same
    folder = tmp_path / "killed"
    for victim, epoch, batch in ((1, 1, 2), (0, 2, 4)):
        finished = run_workers(2, SEVERAL, folder, victim, epoch, batch, settings=engine, fails=True)
        assert finished.printed == ["", ""]
    for number in (1, 3):
        failed = run_workers(number, SEVERAL, folder, *nobody, settings=engine, fails=True).failed
        assert all(f"a run of 2, and {number} now" in text for text in failed), failed
    for resumed in run_workers(2, SEVERAL, folder, *nobody, settings=engine).printed:
        assert resumed.partition("{")[0] == whole.partition("{")[0]
