"""Checkpoints: when they are written, under which name, what is said, what is refused, and what is on the disk then.

Most tests have a model that only notes what it is asked to save. Those at the end write files, and kill the process
that does.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, layers, models, optimizers
from minifit.callbacks import Callback, LambdaCallback, LearningRateScheduler, ModelCheckpoint
from minifit.callbacks.file_pattern import FilePattern
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning, MissingKeyError
from minifit.metrics import MeanSquaredError
from minifit.models.checkpoint import latest_checkpoint
from minifit.saving import default_format
from minifit.saving.device_options import CheckpointOptions, SaveOptions
from tests.callbacks.recording import Recorder, acting, bits, data, small_model

X, Y = data()


class Saves:
    """A model that notes what it is asked to save: the path, and the number of steps until then."""

    def __init__(self, **compiled: Any) -> None:
        self.model: Any = small_model(**compiled)
        self.whole: list[tuple[str, int]] = []
        self.weights: list[tuple[str, int]] = []
        self.loaded: list[str] = []
        self.options: list[Any] = []
        vars(self.model).update(
            save=self._noting(self.whole),
            save_weights=self._noting(self.weights),
            load_weights=self.loaded.append,
        )

    def _noting(self, where: list[tuple[str, int]]) -> Any:
        def save(filepath: str, overwrite: bool = False, *, options: Any = "none") -> None:
            assert overwrite, "a checkpoint replaces the one before without asking"
            where.append((filepath, int(self.model.optimizer.iterations)))
            self.options.append(options)

        return save

    def fit(self, *callbacks: Callback, **arguments: Any) -> Any:
        return self.model.fit(
            X, Y, **{"batch_size": 4, "verbose": 0, "callbacks": list(callbacks), **arguments}
        )

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.whole + self.weights]

    @property
    def steps(self) -> list[int]:
        return [step for _, step in self.whole + self.weights]


class Giving(Callback):
    """Writes given values into the logs of epochs."""

    def __init__(self, **values: list[Any]) -> None:
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for key, sequence in self.values.items():
            if sequence[epoch] is not None:
                logs[key] = sequence[epoch]


def saved_at(values: list[Any], monitor: str = "score", **arguments: Any) -> list[int]:
    """The epochs, from 1, after which the best model is saved when the monitored value is given."""
    saves = Saves()
    checkpoint = ModelCheckpoint("w.h5", monitor, save_best_only=True, **arguments)
    saves.fit(Giving(**{monitor: values}), checkpoint, batch_size=12, epochs=len(values))
    return saves.steps


# -- at the end of epochs ----------------------------------------------------------------------------------


def test_every_epoch_is_saved() -> None:
    saves = Saves()
    saves.fit(ModelCheckpoint("w.h5"), epochs=3)
    assert saves.whole == [("w.h5", 3), ("w.h5", 6), ("w.h5", 9)]
    assert saves.weights == []


def test_the_weights_alone() -> None:
    saves = Saves()
    saves.fit(ModelCheckpoint("w.h5", save_weights_only=True), epochs=2)
    assert saves.weights == [("w.h5", 3), ("w.h5", 6)]
    assert saves.whole == []


def test_an_epoch_that_stops_training_is_saved_too() -> None:
    saves = Saves()
    stopping = acting("on_train_batch_end", lambda c: setattr(c.model, "stop_training", True))
    saves.fit(stopping, ModelCheckpoint("w.h5"), epochs=3)
    assert saves.steps == [1]


@pytest.mark.parametrize(("period", "steps"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), (3, [3]), (9, [])])
def test_the_older_period(period: int, steps: list[int]) -> None:
    with pytest.warns(MinifitWarning, match="period is an older argument") as caught:
        checkpoint = ModelCheckpoint("w.h5", period=period)
    assert caught[0].filename == __file__
    saves = Saves()
    saves.fit(checkpoint, batch_size=12, epochs=5)
    assert saves.steps == steps


# -- the best ----------------------------------------------------------------------------------------------


def test_only_the_best_is_saved() -> None:
    assert saved_at([0.5, 0.6, 0.4, 0.4, 0.3]) == [1, 3, 5]
    assert saved_at([0.5, 0.6, 0.4, 0.6, 0.7], mode="max") == [1, 2, 5]


@pytest.mark.rule("MON-1")
def test_nan_is_never_the_best() -> None:
    assert saved_at([nan, 0.5, nan, 0.4]) == [2, 4]
    assert saved_at([inf, 0.5, -inf, 0.4]) == [2, 3]


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize("monitor", ["acc", "val_accuracy", "accuracy_of_mine", "fmeasure", "fmeasure_x"])
def test_auto_is_max_for_names_that_contain_acc_or_begin_with_fmeasure(monitor: str) -> None:
    assert saved_at([1.0, 2.0, 0.5], monitor) == [1, 2]
    assert ModelCheckpoint("w.h5", monitor).monitor_op is np.greater


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize("monitor", ["score", "val_auc", "val_fmeasure", "Accuracy"])
def test_auto_is_min_for_all_others(monitor: str) -> None:
    assert saved_at([1.0, 2.0, 0.5], monitor) == [1, 3]
    assert ModelCheckpoint("w.h5", monitor).monitor_op is np.less


@pytest.mark.rule("MON-6")
def test_a_guess_against_a_known_metric_warns_where_it_matters() -> None:
    saves = Saves(metrics=[MeanSquaredError(name="msacc")])
    saves.fit(ModelCheckpoint("w.h5", "msacc"))
    with pytest.warns(
        MinifitWarning, match="mode='auto' guesses from the name 'msacc' that larger values are better"
    ):
        saves.fit(ModelCheckpoint("w.h5", "msacc", save_best_only=True))


@pytest.mark.rule("MON-4")
def test_a_weird_mode_warns_and_is_auto() -> None:
    with pytest.warns(MinifitWarning, match="Received: mode='weird'") as caught:
        checkpoint = ModelCheckpoint("w.h5", "val_acc", mode="weird")
    assert caught[0].filename == __file__
    assert checkpoint.best == -inf


@pytest.mark.rule("MON-2", "MON-5")
def test_without_the_monitored_key_nothing_is_saved_and_one_warning_says_so() -> None:
    saves = Saves()
    with pytest.warns(MinifitWarning) as caught:
        saves.fit(ModelCheckpoint("w.h5", save_best_only=True), epochs=3)
    assert [str(w.message) for w in caught] == [
        "ModelCheckpoint monitors 'val_loss', which is not in the logs. Did you mean 'loss'? Validation values "
        "need validation_data, and appear at the epochs of validation_freq."
    ]
    assert saves.paths == []


@pytest.mark.rule("MC-3")
@pytest.mark.parametrize("best", [False, True])
def test_an_epoch_without_validation_is_passed_over_when_the_name_needs_its_value(best: bool) -> None:
    saves = Saves()
    checkpoint = ModelCheckpoint("{epoch}-{val_loss:.0e}.h5", save_best_only=best)
    saves.fit(checkpoint, epochs=4, validation_data=(X, Y), validation_freq=2)
    assert [path[:2] for path in saves.paths] == ["2-", "4-"]


@pytest.mark.rule("MC-3")
def test_a_validation_that_no_epoch_of_the_fit_has_fills_no_placeholder() -> None:
    with pytest.raises(
        MissingKeyError, match=r"val_loss.*Did you mean 'loss'\? Validation values.*validation_freq"
    ):
        Saves().fit(ModelCheckpoint("{val_loss}.h5"), epochs=2, validation_data=(X, Y), validation_freq=3)


def test_batches_that_are_counted_have_no_validation() -> None:
    saves = Saves()
    with pytest.warns(MinifitWarning, match="logs of batches have no validation values"):
        saves.fit(ModelCheckpoint("w.h5", save_best_only=True, save_freq=2), validation_data=(X, Y))
    with pytest.raises(MissingKeyError, match="logs of batches have no validation values"):
        saves.fit(ModelCheckpoint("{val_loss}.h5", save_freq=2), validation_data=(X, Y))
    assert not saves.paths


@pytest.mark.rule("MC-5")
def test_the_best_of_earlier_fits_counts() -> None:
    saves, checkpoint = Saves(), ModelCheckpoint("w.h5", "score", save_best_only=True)
    saves.fit(Giving(score=[0.5, 0.3]), checkpoint, batch_size=12, epochs=2)
    saves.fit(Giving(score=[0.4, 0.2]), checkpoint, batch_size=12, epochs=2)
    assert saves.steps == [1, 2, 4]
    assert checkpoint.best == 0.2


def test_the_first_value_has_to_beat_the_threshold() -> None:
    assert saved_at([0.5, 0.4, 0.3, 0.35], initial_value_threshold=0.4) == [3]
    assert saved_at([0.5, 0.4, 0.6], mode="max", initial_value_threshold=0.0) == [1, 3]
    assert ModelCheckpoint("w.h5", initial_value_threshold=0.4).best == 0.4


def test_a_save_that_fails_leaves_best_as_it_was() -> None:
    saves, checkpoint = Saves(), ModelCheckpoint("w.h5", "score", save_best_only=True)

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    saves.model.save = full
    with pytest.raises(OSError, match="disk full"):
        saves.fit(Giving(score=[0.5]), checkpoint)
    assert checkpoint.best == inf


# -- after so many batches ---------------------------------------------------------------------------------


@pytest.mark.rule("MC-1")
@pytest.mark.parametrize(
    ("freq", "steps"),
    [
        (1, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (2, [2, 4, 6, 8]),
        (3, [3, 6, 9]),
        (4, [4, 8]),
        (7, [7]),
        (10, []),
        (np.int64(4), [4, 8]),
    ],
)
def test_batches_are_counted_over_epochs(freq: Any, steps: list[int]) -> None:
    saves = Saves()
    saves.fit(ModelCheckpoint("w.h5", save_freq=freq), epochs=3)
    assert saves.steps == steps


@pytest.mark.rule("MC-8")
@pytest.mark.parametrize(("freq", "steps"), [(1, [3, 4, 7, 8]), (3, [3, 7]), (4, [4, 8]), (5, [7])])
def test_with_executions_of_several_steps_they_are_counted_at_their_ends(freq: int, steps: list[int]) -> None:
    """Four batches an epoch, taken as three and one: with 5, the count is seen to be 4, then 7."""
    saves = Saves(steps_per_execution=3)
    saves.fit(ModelCheckpoint("w.h5", save_freq=freq), batch_size=3, epochs=2)
    assert saves.steps == steps


@pytest.mark.rule("MC-8")
def test_a_save_at_every_third_batch_in_executions_of_three() -> None:
    saves = Saves(steps_per_execution=3)
    saves.fit(ModelCheckpoint("w.h5", save_freq=3), batch_size=1, epochs=1)
    assert saves.steps == [3, 6, 9, 12]


@pytest.mark.rule("MC-1")
def test_counting_goes_on_in_the_next_fit_also_after_one_that_broke_off() -> None:
    saves, checkpoint = Saves(), ModelCheckpoint("w.h5", save_freq=4)
    saves.fit(checkpoint)
    saves.fit(checkpoint)
    assert saves.steps == [4]
    broken: list[int] = []

    def breaking(c: Any) -> None:
        broken.append(1)
        if len(broken) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        saves.fit(checkpoint, acting("on_train_batch_end", breaking))  # steps 7 and 8
    saves.fit(checkpoint, epochs=2)  # 9 to 14
    assert saves.steps == [4, 8, 12]


def test_it_watches_no_batch_and_is_woken_where_it_saves() -> None:
    told: list[int] = []

    class Telling(ModelCheckpoint):
        def watches(self, hook: str) -> bool:
            return False

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(batch)
            super().on_train_batch_end(batch, logs)

    saves = Saves()
    saves.fit(Telling("w.h5", save_freq=5), batch_size=1, epochs=2)
    assert saves.steps == [5, 10, 15, 20]
    assert told == [4, 9, 11, 2, 7, 11]
    told.clear()
    saves.fit(Telling("w.h5"), batch_size=1)
    assert told == [11]


@pytest.mark.parametrize("freq", ["epoch", 5])
def test_a_subclass_that_looks_at_batches_sees_every_one(freq: Any) -> None:
    told: list[int] = []

    class Looking(ModelCheckpoint):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(batch)
            super().on_train_batch_end(batch, logs)

    saves = Saves()
    saves.fit(Looking("w.h5", save_freq=freq), batch_size=2)
    assert told == list(range(6))
    assert saves.steps == ([6] if freq == "epoch" else [5])


def test_a_subclass_decides_when_and_what_is_saved_as_in_keras() -> None:
    calls: list[tuple[int, int | None, str]] = []

    class Own(ModelCheckpoint):
        def _should_save_on_batch(self, batch: int) -> bool:
            return batch == 3

        def _save_model(self, epoch: int, batch: int | None, logs: Any) -> None:
            calls.append((epoch, batch, self._get_file_path(epoch=epoch, batch=batch, logs=logs)))
            super()._save_model(epoch=epoch, batch=batch, logs=logs)

    saves = Saves()
    saves.fit(Own("w{epoch}.h5", save_freq=100), batch_size=2, epochs=2)
    assert calls == [(0, 3, "w1.h5"), (1, 3, "w2.h5")]
    assert saves.steps == [4, 10]


def test_whether_it_saves_changes_no_weight() -> None:
    plain, saving = Saves(), Saves()
    plain.fit(epochs=2)
    saving.fit(ModelCheckpoint("w.h5", save_freq=2), epochs=2)
    assert bits(plain.model) == bits(saving.model)


# -- the name ----------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15")
def test_epochs_and_batches_count_from_one_in_names() -> None:
    saves = Saves()
    saves.fit(ModelCheckpoint("w.{epoch:02d}.{batch:02d}.h5", save_freq=2), epochs=2)
    assert saves.paths == ["w.01.02.h5", "w.02.01.h5", "w.02.03.h5"]
    saves = Saves()
    saves.fit(ModelCheckpoint("w.{epoch}.h5"), epochs=5, initial_epoch=3)
    assert saves.paths == ["w.4.h5", "w.5.h5"]


@pytest.mark.rule("MC-3")
def test_every_key_of_the_logs_can_be_in_the_name(tmp_path: Path) -> None:
    saves = Saves(metrics=["mae"])
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}-{loss:.3f}-{val_mae:.1f}-{lr:.2f}.h5")
    history = saves.fit(LearningRateScheduler(lambda e: 0.25), checkpoint, validation_data=(X, Y)).history
    loss, mae = history["loss"][0], history["val_mae"][0]
    assert saves.paths == [str(tmp_path / f"1-{loss:.3f}-{mae:.1f}-0.25.h5")]


@pytest.mark.rule("MC-3")
def test_the_logs_of_batches_can_be_in_the_name() -> None:
    saves, recorder = Saves(metrics=["mae"]), Recorder()
    saves.fit(recorder, ModelCheckpoint("{mae:.4f}.h5", save_freq=1))
    assert saves.paths == [f"{logs['mae']:.4f}.h5" for logs in recorder.logs("train_batch_end")]


@pytest.mark.rule("MC-3")
@pytest.mark.parametrize(
    ("filepath", "freq", "validated"),
    [
        ("w.{nokey:02d}.h5", "epoch", True),
        ("w.{val_loss:.2f}.h5", "epoch", False),
        ("w.{val_loss:.2f}.h5", 1, True),
        ("w.{batch}.h5", "epoch", True),
        ("w.{lr}.h5", "epoch", True),
    ],
    ids=["unknown", "no-validation", "batches-have-none", "batch-of-an-epoch", "not-written"],
)
def test_a_placeholder_that_nothing_fills_is_refused_before_training(
    filepath: str, freq: Any, validated: bool
) -> None:
    saves, recorder = Saves(), Recorder()
    validation = {"validation_data": (X, Y)} if validated else {}
    with pytest.raises(MissingKeyError, match="Every placeholder in filepath must be filled"):
        saves.fit(ModelCheckpoint(filepath, save_freq=freq), recorder, **validation)
    assert recorder.events == []
    assert int(saves.model.optimizer.iterations) == 0


@pytest.mark.rule("MC-3")
def test_a_callback_behind_it_comes_too_late() -> None:
    scheduler = LearningRateScheduler(lambda epoch: 0.1)
    with pytest.raises(MissingKeyError, match=r"Received: \{lr\}"):
        Saves().fit(ModelCheckpoint("w.{lr}.h5"), scheduler)
    with pytest.raises(MissingKeyError, match=r"Received: \{score\}"):
        Saves().fit(ModelCheckpoint("w.{score}.h5"), Giving(score=[1.0]))


@pytest.mark.rule("MC-3")
def test_a_placeholder_that_another_callback_might_fill_warns_before_training() -> None:
    saves = Saves()
    with pytest.warns(MinifitWarning, match=r"'w.\{score:.1f\}.h5' needs 'score' in the logs"):
        saves.fit(Giving(score=[0.5]), ModelCheckpoint("w.{score:.1f}.h5"))
    assert saves.paths == ["w.0.5.h5"]
    with (
        pytest.warns(MinifitWarning, match="needs 'score'"),
        pytest.raises(KeyError, match=r"Received: \{score\}"),
    ):
        saves.fit(Giving(score=[None]), ModelCheckpoint("w.{score:.1f}.h5", save_best_only=True))


@pytest.mark.rule("MC-3")
def test_of_the_logs_of_batches_too() -> None:
    saves = Saves()
    writing = LambdaCallback(on_train_batch_end=lambda batch, logs: logs.update(norm=batch))
    with pytest.warns(MinifitWarning, match="needs 'norm' in the logs"):
        saves.fit(writing, ModelCheckpoint("w.{norm}.h5", save_freq=1))
    assert saves.paths == ["w.0.h5", "w.1.h5", "w.2.h5"]


@pytest.mark.rule("MC-3")
@pytest.mark.parametrize("filepath", ["w.{loss:02d}.h5", "w.{epoch:.2q}.h5"])
def test_a_format_that_does_not_fit_is_refused_before_training(filepath: str) -> None:
    saves = Saves()
    with pytest.raises(ArgumentError, match="The formats in filepath must fit"):
        saves.fit(ModelCheckpoint(filepath))
    assert int(saves.model.optimizer.iterations) == 0


def test_a_folder_in_the_place_of_the_file_is_refused_before_training(tmp_path: Path) -> None:
    saves = Saves()
    (tmp_path / "m.h5").mkdir()
    places: list[tuple[str | Path, bool]] = [
        (tmp_path / "m.h5", False),
        (tmp_path, True),
        (f"{tmp_path}/new/", True),
    ]
    for path, weights in places:
        with pytest.raises(IsADirectoryError, match="needs the name of a file"):
            saves.fit(ModelCheckpoint(path, save_weights_only=weights))
    assert int(saves.model.optimizer.iterations) == 0


def test_a_whole_model_in_a_folder(tmp_path: Path) -> None:
    model = small_model()
    for path in (tmp_path, f"{tmp_path}/{{epoch}}/"):
        model.fit(X, Y, 4, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path)])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2", "keras_model.h5"]
    loaded = models.load_model(tmp_path / "2")
    assert [w.tobytes() for w in loaded.get_weights()] == [w.tobytes() for w in model.get_weights()]


@pytest.mark.rule("MC-4")
def test_names_without_a_suffix_under_the_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_format, "_NOW", ["tf"])
    model = small_model()
    whole, weights = tmp_path / "whole" / "{epoch}", tmp_path / "weights" / "{epoch}"
    for path, alone in ((whole, False), (weights, True)):
        model.fit(X, Y, 4, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path, save_weights_only=alone)])
    assert sorted(p.name for p in whole.parent.iterdir()) == ["1", "2"]
    assert (whole.parent / "2" / "keras_model.h5").is_file()
    assert latest_checkpoint(weights.parent) == str(weights.parent / "2")
    other = small_model()
    other.load_weights(weights.parent / "2")
    assert [w.tobytes() for w in other.get_weights()] == [w.tobytes() for w in model.get_weights()]
    for path in (whole, weights):
        assert FilePattern(path).newest() == str(path.parent / "2")


def test_a_file_in_the_place_of_the_folder_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_format, "_NOW", ["tf"])
    (tmp_path / "m").touch()
    saves = Saves()
    with pytest.raises(FileExistsError, match="a file is in its place"):
        saves.fit(ModelCheckpoint(tmp_path / "m"))
    assert int(saves.model.optimizer.iterations) == 0


def test_weights_alone_in_a_file_of_whole_models_are_refused_before_training(tmp_path: Path) -> None:
    saves = Saves()
    with pytest.raises(ArgumentError, match=r"holds a whole model.*\.weights\.h5"):
        saves.fit(ModelCheckpoint(tmp_path / "w.{epoch}.keras", save_weights_only=True))
    assert int(saves.model.optimizer.iterations) == 0


@pytest.mark.parametrize("name", ["w.{epoch}.keras", "w.{epoch}.weights.h5"])
def test_files_of_keras_3(name: str, tmp_path: Path) -> None:
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    x = np.ones((4, 2))
    callback = ModelCheckpoint(tmp_path / name, save_weights_only=name.endswith(".h5"))
    model.fit(x, np.ones(4), epochs=2, verbose=0, callbacks=[callback])
    assert sorted(p.name for p in tmp_path.iterdir()) == [name.format(epoch=1), name.format(epoch=2)]
    other = Sequential([layers.Dense(1, input_shape=(2,))])
    other.compile(optimizers.SGD(0.1, momentum=0.9), "mse")
    other.load_weights(tmp_path / name.format(epoch=2))
    for one in (model, other):
        one.fit(x, np.ones(4), verbose=0)
    assert np.array_equal(model.get_weights()[0], other.get_weights()[0])


@pytest.mark.rule("FIT-16")
def test_two_that_write_to_the_same_file_are_refused() -> None:
    with pytest.raises(ArgumentError, match="must not write to the same file"):
        Saves().fit(ModelCheckpoint("w.{epoch}.h5"), ModelCheckpoint("./w.{epoch}.h5", "loss"))
    Saves().fit(ModelCheckpoint("a.{epoch}.h5"), ModelCheckpoint("b.{epoch}.h5"))


# -- what is said ------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15")
def test_messages_number_epochs_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    saves = Saves()
    checkpoint = ModelCheckpoint("w.{epoch}.h5", "score", 1, save_best_only=True)
    saves.fit(Giving(score=[0.5, 0.75, 0.25]), checkpoint, epochs=3)
    saves.fit(ModelCheckpoint("w.h5", verbose=1), initial_epoch=1, epochs=2)
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: score improved from inf to 0.50000, saving model to w.1.h5",
        "Epoch 2: score did not improve from 0.50000",
        "Epoch 3: score improved from 0.50000 to 0.25000, saving model to w.3.h5",
        "Epoch 2: saving model to w.h5",
    ]


def test_verbose_0_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    saved_at([0.5, 0.6, 0.4])
    assert capsys.readouterr().out == ""


# -- a resumed run -----------------------------------------------------------------------------------------


class Putting(Callback):
    """Puts a captured state in place when training begins."""

    def __init__(self, captured: Any) -> None:
        self.captured = captured

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.captured)


@pytest.mark.parametrize("first", [True, False], ids=["restored-first", "restored-last"])
@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("freq", [2, 4, 5])
def test_a_resumed_run_saves_what_the_whole_one_saves(freq: int, at: int, first: bool) -> None:
    def checkpoint() -> ModelCheckpoint:
        return ModelCheckpoint("w.{epoch}.{batch}.h5", "loss", save_best_only=True, save_freq=freq)

    captured: list[Any] = []
    whole, resumed = Saves(), Saves()
    taker = acting("on_train_batch_end", lambda c: captured.append(c.model.training_state.capture()))
    whole.fit(checkpoint(), taker, epochs=3)
    putting = Putting(captured[at - 1])
    resumed.fit(*([putting, checkpoint()] if first else [checkpoint(), putting]), epochs=3)
    assert resumed.whole == [(path, step) for path, step in whole.whole if step > at]


def test_epochs_are_counted_on_in_a_resumed_run() -> None:
    with pytest.warns(MinifitWarning):
        before, after = (ModelCheckpoint("w.h5", period=3) for _ in range(2))
    for epoch in range(2):
        before.on_epoch_end(epoch, {})
    after.set_state(before.get_state())
    saves = Saves()
    saves.fit(after, batch_size=12, epochs=2)
    assert saves.steps == [1]


def test_the_older_argument_begins_with_the_newest_file(tmp_path: Path) -> None:
    with pytest.warns(MinifitWarning, match="load_weights_on_restart is an older argument") as caught:
        checkpoint = ModelCheckpoint(tmp_path / "w.{epoch}.h5", load_weights_on_restart=True)
    assert caught[0].filename == __file__
    saves = Saves()
    saves.fit(checkpoint)
    assert saves.loaded == []
    (tmp_path / "w.1.h5").touch()
    saves.fit(checkpoint)
    assert saves.loaded == [str(tmp_path / "w.1.h5")]


# -- arguments ---------------------------------------------------------------------------------------------


def test_the_public_state_as_in_keras() -> None:
    checkpoint = ModelCheckpoint(Path("w.h5"))
    assert (checkpoint.filepath, checkpoint.monitor, checkpoint.verbose) == ("w.h5", "val_loss", 0)
    assert (checkpoint.save_best_only, checkpoint.save_weights_only, checkpoint.save_freq) == (
        False,
        False,
        "epoch",
    )
    assert (checkpoint.best, checkpoint.epochs_since_last_save, checkpoint.period) == (inf, 0, 1)
    assert checkpoint.load_weights_on_restart is False


@pytest.mark.rule("MC-6")
@pytest.mark.parametrize(
    "options",
    [None, {}, {"compression": "gzip"}, {"compression": "gzip", "compression_opts": 9, "shuffle": True}],
)
def test_options_reach_the_file(options: Any) -> None:
    saves = Saves()
    weights_too = ModelCheckpoint("v.h5", save_weights_only=True, options=options)
    saves.fit(ModelCheckpoint("w.h5", options=options), weights_too)
    assert saves.options == [options, options]


@pytest.mark.rule("MC-6")
@pytest.mark.parametrize("options", [CheckpointOptions("/job:localhost"), SaveOptions()])
@pytest.mark.parametrize("weights", [True, False])
def test_options_that_name_a_device(options: Any, weights: bool) -> None:
    saves = Saves()
    saves.fit(ModelCheckpoint("w.h5", save_weights_only=weights, options=options))
    assert saves.options == [{}]


@pytest.mark.rule("MC-6")
@pytest.mark.parametrize("options", [object(), "gzip", {"compression": "lzf"}, {"chunks": True}], ids=repr)
def test_other_options_are_refused(options: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"options (is a dict|may have 'compression')"
    ):
        ModelCheckpoint("w.h5", options=options)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"save_freq": "bogus"},
            ArgumentError,
            'save_freq must be "epoch" or a positive integer',
        ),
        ({"save_freq": "10"}, ArgumentError, "save_freq='10'"),
        ({"save_freq": 0}, ArgumentError, "save_freq must be .*positive integer. Received: save_freq=0"),
        ({"save_freq": -3}, ArgumentError, "Received: save_freq=-3"),
        ({"save_freq": True}, ArgumentTypeError, "Received: save_freq=True"),
        ({"save_freq": 2.5}, ArgumentTypeError, "Received: save_freq=2.5"),
        ({"save_freq": None}, ArgumentTypeError, "Received: save_freq=None"),
        ({"period": 0}, ArgumentError, "period must be a positive integer. Received: period=0"),
        ({"nonsense": 1}, ArgumentTypeError, "Received: nonsense."),
        ({"initial_value_threshold": "a"}, ArgumentTypeError, "initial_value_threshold must be a number"),
        ({"filepath": None}, ArgumentTypeError, "filepath must be a string or a PathLike"),
    ],
)
@pytest.mark.filterwarnings("ignore:period is an older")
def test_what_cannot_be_used_is_refused(arguments: Mapping[str, Any], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        ModelCheckpoint(**{"filepath": "w.h5", **arguments})


# -- on the disk -------------------------------------------------------------------------------------------


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    """The weights of the best epoch are put back after training."""
    labels = np.argmax(Y, axis=1)
    model = small_model(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    kept: list[Any] = []
    keeper = acting("on_epoch_end", lambda c: kept.append(bits(c.model)))
    checkpoint = ModelCheckpoint(
        filepath=tmp_path / "checkpoint",
        save_weights_only=True,
        monitor="val_accuracy",
        mode="max",
        save_best_only=True,
    )
    history = model.fit(
        X, labels, epochs=10, validation_data=(X[::-1], labels), verbose=0, callbacks=[checkpoint, keeper]
    )
    model.load_weights(tmp_path / "checkpoint")
    assert bits(model) == kept[int(np.argmax(history.history["val_accuracy"]))]


@pytest.mark.rule("MC-4")
@pytest.mark.parametrize("name", ["w.h5", "w.hdf5", "w", "w.ckpt", "w.{epoch}"])
def test_a_file_of_any_name_holds_the_whole_model(tmp_path: Path, name: str) -> None:
    model = small_model()
    model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / name)])
    (file,) = tmp_path.iterdir()
    assert file.name == name.format(epoch=1)
    loaded = models.load_model(file)
    for each in (model, loaded):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert bits(loaded) == bits(model)


@pytest.mark.rule("MC-2")
def test_folders_that_do_not_exist_are_made(tmp_path: Path) -> None:
    small_model().fit(
        X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "a" / "{epoch}" / "w.h5")]
    )
    assert sorted(f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*.h5")) == [
        "a/1/w.h5",
        "a/2/w.h5",
    ]


def test_the_newest_file_is_really_loaded(tmp_path: Path) -> None:
    first = small_model()
    first.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "w.{epoch}.h5")])
    with pytest.warns(MinifitWarning, match="load_weights_on_restart"):
        checkpoint = ModelCheckpoint(tmp_path / "w.{epoch}.h5", load_weights_on_restart=True)
    second, began = small_model(seed=2), list[Any]()
    keeper = acting("on_epoch_begin", lambda c: began.append(bits(c.model)))
    second.fit(X, Y, verbose=0, callbacks=[checkpoint, keeper])
    assert began == [bits(first)]


def test_compressed_files_load(tmp_path: Path) -> None:
    model = small_model()
    options = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
    model.fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "w.h5", options=options)])
    assert bits(models.load_model(tmp_path / "w.h5")) == bits(model)


CHILD = """
import os, sys
import numpy as np
import minifit
from minifit.callbacks import LambdaCallback, ModelCheckpoint

folder = sys.argv[1]
last, best = os.path.join(folder, "last.h5"), os.path.join(folder, "best.h5")
layer = minifit.layers.Dense(1, use_bias=False, kernel_initializer="zeros", input_shape=(1,))
model = minifit.Sequential([layer])
model.compile(minifit.optimizers.SGD(1.0), loss=lambda y_true, y_pred: y_pred)  # every step takes 1 off the weight
if os.path.exists(last):
    model.load_weights(last)

def tell(batch, logs):
    print(-int(layer.get_weights()[0].item()), flush=True)

model.fit(
    np.ones((2000, 1)), np.ones(2000), batch_size=1, epochs=100, verbose=0,
    callbacks=[
        ModelCheckpoint(last, save_weights_only=True, save_freq=1),
        ModelCheckpoint(best, monitor="loss", save_best_only=True, save_freq=1),
        LambdaCallback(on_train_batch_end=tell),
    ],
)
"""
"""Saves the weights and the model after every step and tells how many steps there were, this time and before."""


def child(program: str, *arguments: str, root: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def steps_in(file: Path) -> int:
    """How many steps the model in a file had made."""
    model = Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.load_weights(file)
    return -int(model.get_weights()[0].item())


def kill_again_and_again(times: int, folder: Path, root: Path) -> int:
    """Kill a process that checkpoints every batch, begin anew from what it left, and look at that every time."""
    random, told = np.random.default_rng(times), 0
    for _ in range(times):
        with child(CHILD, str(folder), root=root) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for _ in range(random.integers(1, 30)):
                told = int(process.stdout.readline() or process.stderr.read())
            time.sleep(random.uniform(0, 0.005))
            process.kill()
            whole_lines = process.stdout.read().split("\n")[:-1]
            told = int(whole_lines[-1]) if whole_lines else told
        visible = sorted(f.name for f in folder.iterdir() if not f.name.startswith("."))
        assert visible == ["best.h5", "last.h5"]
        assert told <= steps_in(folder / "last.h5") <= told + 1
        best = models.load_model(folder / "best.h5", compile=False)
        assert told <= -int(best.get_weights()[0].item()) <= told + 1
    return told


@pytest.mark.rule("MC-7")
def test_killed_at_any_instant_every_file_is_whole_and_up_to_date(tmp_path: Path, root: Path) -> None:
    assert kill_again_and_again(5, tmp_path, root) >= 5


@pytest.mark.soak
@pytest.mark.rule("MC-7")
def test_killed_at_200_instants(tmp_path: Path, root: Path) -> None:
    assert kill_again_and_again(200, tmp_path, root) >= 200
    model = Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    for name in ("last.h5", "best.h5"):
        model.save_weights(tmp_path / name)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["best.h5", "last.h5"], "half files are cleared away"


FULL = """
import resource, sys
import numpy as np
import minifit
from minifit.callbacks import LambdaCallback, ModelCheckpoint

model = minifit.Sequential([minifit.layers.Dense(50, input_shape=(50,))])
model.compile("sgd", loss="mse")

def no_room(epoch, logs):
    if epoch == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

checkpoint = ModelCheckpoint(sys.argv[1], monitor="loss", save_best_only=True)
try:
    model.fit(
        np.eye(50), np.eye(50), epochs=3, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=no_room), checkpoint]
    )
except OSError as error:
    print(f"{int(model.optimizer.iterations)} steps; {error.strerror}; {error.filename == sys.argv[1]}")
"""
"""Trains two steps an epoch; in the second epoch no file can grow beyond 4096 bytes."""


@pytest.mark.rule("MC-7")
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_disk_without_room_leaves_the_file_that_was_there(tmp_path: Path, root: Path) -> None:
    file = tmp_path / "best.h5"
    with child(FULL, str(file), root=root) as process:
        printed, errors = process.communicate()
    assert errors == ""
    assert printed.startswith("4 steps; File too large; the file was not saved and nothing was changed")
    assert printed.endswith("; True\n")
    assert [f.name for f in tmp_path.iterdir()] == ["best.h5"]
    assert int(models.load_model(file).optimizer.iterations) == 2


# -- what changes in the middle of a run ---------------------------------------------------------------------


def test_another_name_counts_from_the_next_save(tmp_path: Path) -> None:
    saves, checkpoint = Saves(), ModelCheckpoint(tmp_path / "fold1.h5")
    checkpoint.filepath = str(tmp_path / "fold2.h5")
    turn = acting("on_epoch_end", lambda _: setattr(checkpoint, "filepath", str(tmp_path / "fold3.h5")))
    saves.fit(checkpoint, turn, epochs=2)
    assert [os.path.basename(path) for path in saves.paths] == ["fold2.h5", "fold3.h5"]
    with pytest.raises(ArgumentTypeError, match="filepath must be a string"):
        checkpoint.filepath = 5


def test_it_saves_where_the_run_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    leave = LambdaCallback(on_train_begin=lambda logs: os.chdir(tmp_path / "other"))
    checkpoint = ModelCheckpoint("{epoch}.h5")
    small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[leave, checkpoint])
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["1.h5", "2.h5"]
    assert not list((tmp_path / "other").iterdir())
    assert checkpoint.filepath == "{epoch}.h5"
