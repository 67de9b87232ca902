"""`TensorBoard`: what it writes, where and at which steps; what it refuses; what it survives."""

import copy
import itertools
import json
import os
import pickle
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, layers, optimizers, schedules
from minifit.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    EarlyStopping,
    LambdaCallback,
    TensorBoard,
    tensor_board,
)
from minifit.errors import ArgumentError, MinifitError, MinifitWarning, UnknownNameError
from minifit.tensorboard.events import Event, Value, read_events
from minifit.tensorboard.writer import EventWriter
from tests.callbacks.recording import acting, small_model
from tests.callbacks.recording import data as small_data
from tests.tensorboard.reading import read_by_tensorboard

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.standard_normal((40, 3)), RANDOM.standard_normal((40, 1))

Found = dict[str, list[int]]


def new_model(optimizer: Any = "sgd", steps_per_execution: int = 1) -> Sequential:
    model = Sequential([layers.Dense(4, "tanh", input_shape=(3,)), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"], steps_per_execution=steps_per_execution)
    return model


def fit(model: Sequential, callbacks: Any, **kwargs: Any) -> Any:
    return model.fit(X, Y, **({"batch_size": 8, "verbose": 0, "callbacks": callbacks} | kwargs))


def events(folder: Path) -> list[Event]:
    return [e for file in sorted(folder.glob("*tfevents*")) for e in read_events(file)]


def values(folder: Path) -> list[tuple[int, Value]]:
    return [(event.step, value) for event in events(folder) for value in event.values]


def found(folder: Path, plugin: str = "scalars") -> Found:
    """The steps of every tag of a page."""
    steps: Found = {}
    for step, value in values(folder):
        if value.plugin == plugin:
            steps.setdefault(value.tag, []).append(step)
    return steps


def board(folder: Path, **kwargs: Any) -> TensorBoard:
    return TensorBoard(folder, **({"write_graph": False, "profile_batch": 0} | kwargs))


# -- scalars -------------------------------------------------------------------------------------------------


@pytest.mark.rule("TB-6")
def test_epochs(tmp_path: Path) -> None:
    history = fit(new_model(), board(tmp_path), epochs=3, validation_split=0.2).history
    assert found(tmp_path / "train") == {"epoch_loss": [0, 1, 2], "epoch_mae": [0, 1, 2]}
    assert found(tmp_path / "validation") == {
        "evaluation_loss_vs_iterations": [4, 8, 12],
        "evaluation_mae_vs_iterations": [4, 8, 12],
        "epoch_loss": [0, 1, 2],
        "epoch_mae": [0, 1, 2],
    }
    written = [float(np.asarray(v.tensor)) for _, v in values(tmp_path / "train") if v.tag == "epoch_loss"]
    np.testing.assert_allclose(written, history["loss"], rtol=1e-6)


@pytest.mark.rule("TB-6")
def test_without_validation_there_is_no_folder_for_it(tmp_path: Path) -> None:
    fit(new_model(), board(tmp_path))
    assert os.listdir(tmp_path) == ["train"]


@pytest.mark.rule("TB-5")
@pytest.mark.parametrize(
    ("update_freq", "expected"),
    [
        ("batch", list(range(1, 21))),
        (1, list(range(1, 21))),
        (3, [3, 6, 9, 12, 15, 18]),
        (20, [20]),
        (21, []),
    ],
)
def test_batches_count_on_over_epochs_and_fits(update_freq: Any, expected: list[int], tmp_path: Path) -> None:
    model = new_model()
    for callback in (board(tmp_path, update_freq=update_freq), board(tmp_path, update_freq=update_freq)):
        fit(model, callback, epochs=2)
    assert found(tmp_path / "train").get("batch_loss", []) == expected


@pytest.mark.rule("TB-5")
def test_a_second_fit_that_is_watched_writes_where_it_is_due_only(tmp_path: Path) -> None:
    model = new_model()
    watching = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    for _ in range(2):
        fit(model, [watching, board(tmp_path, update_freq=4)])
    assert found(tmp_path / "train")["batch_loss"] == [4, 8]


@pytest.mark.parametrize(("unit", "expected"), [(2, [4, 7, 9]), (5, [5, 10])])
def test_batches_that_run_together(unit: int, expected: list[int], tmp_path: Path) -> None:
    """With `steps_per_execution` a value is written when the hook is called next."""
    fit(new_model(steps_per_execution=unit), board(tmp_path, update_freq=3), epochs=2)
    assert found(tmp_path / "train")["batch_loss"] == expected


def test_batches_that_nobody_wants_are_not_watched(tmp_path: Path) -> None:
    called: list[int] = []

    class Own(TensorBoard):
        def wake_after(self) -> int | None:
            called.append(1)
            return super().wake_after()

    fit(new_model(), Own(tmp_path, update_freq=5, profile_batch=0), batch_size=1)
    assert len(called) == 8
    assert found(tmp_path / "train")["batch_loss"] == list(range(5, 41, 5))
    for update_freq, watched in (("epoch", False), (5, False), (1, True)):
        assert board(tmp_path, update_freq=update_freq).watches("on_train_batch_end") is watched


def test_a_subclass_with_hooks_of_its_own_watches(tmp_path: Path) -> None:
    seen: list[int] = []

    class Own(TensorBoard):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            super().on_train_batch_end(batch, logs)
            seen.append(batch)

    fit(new_model(), Own(tmp_path, profile_batch=0))
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.rule("TB-3")
def test_the_learning_rate(tmp_path: Path) -> None:
    fit(
        new_model(), [LambdaCallback(on_epoch_end=lambda e, logs: logs.update(lr=0.5)), board(tmp_path / "a")]
    )
    assert found(tmp_path / "a" / "train")["epoch_lr"] == [0]
    schedule = schedules.ExponentialDecay(0.1, 5, 0.5)
    fit(new_model(optimizers.SGD(schedule)), board(tmp_path / "b"), epochs=2)
    rates = [float(np.asarray(v.tensor)) for _, v in values(tmp_path / "b" / "train") if "rate" in v.tag]
    np.testing.assert_allclose(rates, [0.05, 0.025], rtol=1e-6)
    assert found(tmp_path / "b" / "train")["epoch_learning_rate"] == [0, 1]


def test_the_speed(tmp_path: Path) -> None:
    fit(new_model(), board(tmp_path, write_steps_per_second=True, update_freq=2), epochs=2)
    assert found(tmp_path / "train")["epoch_steps_per_second"] == [0, 1]
    assert found(tmp_path / "train")["batch_steps_per_second"] == [2, 4, 6, 8, 10]
    speeds = [float(np.asarray(v.tensor)) for _, v in values(tmp_path / "train") if "per_second" in v.tag]
    assert all(0 < speed < np.inf for speed in speeds)


def test_the_speed_of_an_epoch_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = map(float, itertools.count())
    monkeypatch.setattr(tensor_board, "time", SimpleNamespace(perf_counter=lambda: next(seconds)))
    fit(new_model(), board(tmp_path, write_steps_per_second=True), epochs=3)
    speeds = [float(np.asarray(v.tensor)) for _, v in values(tmp_path / "train") if "per_second" in v.tag]
    assert len(set(speeds)) == 1 < len(speeds)


def test_what_is_no_number_is_not_drawn(tmp_path: Path) -> None:
    strange = {"word": "x", "many": [1, 2], "one": np.float32(3), "none": None, "nan": float("nan")}
    fit(new_model(), [LambdaCallback(on_epoch_end=lambda e, logs: logs.update(strange)), board(tmp_path)])
    assert set(found(tmp_path / "train")) == {"epoch_loss", "epoch_mae", "epoch_one", "epoch_nan"}


def test_evaluate_alone(tmp_path: Path) -> None:
    model = new_model()
    fit(model, None)
    model.evaluate(X, Y, verbose=0, callbacks=[board(tmp_path)])
    assert os.listdir(tmp_path) == ["validation"]
    assert found(tmp_path / "validation")["evaluation_loss_vs_iterations"] == [5]


def test_a_loop_written_by_hand(tmp_path: Path) -> None:
    model = new_model()
    with CallbackList(
        [board(tmp_path, update_freq=1)], model=model, epochs=1, steps=2, verbose=0
    ) as callbacks:
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        for batch in range(2):
            callbacks.on_train_batch_begin(batch)
            loss = model.train_on_batch(X, Y)[0]
            callbacks.on_train_batch_end(batch, {"loss": loss})
        callbacks.on_epoch_end(0, {"loss": loss})
        callbacks.on_train_end()
    assert found(tmp_path / "train") == {"batch_loss": [1, 2], "epoch_loss": [0]}


# -- histograms, images, graph ----------------------------------------------------------------------------------

WEIGHTS = ["dense/kernel_0", "dense/bias_0", "dense_1/kernel_0", "dense_1/bias_0"]


@pytest.mark.rule("TB-1", "TB-7")
def test_histograms(tmp_path: Path) -> None:
    callback = board(tmp_path, histogram_freq=2)
    fit(new_model(), callback, epochs=4, validation_data=(X[:7], Y[:7]))
    outputs = ["dense/activation", "dense_1/activation"]
    assert found(tmp_path / "train", "histograms") == {tag: [0, 2] for tag in WEIGHTS + outputs}
    counts = {
        v.tag: np.asarray(v.tensor)[:, 2].sum()
        for _, v in values(tmp_path / "train")
        if v.plugin != "scalars"
    }
    assert [counts[tag] for tag in WEIGHTS + outputs] == [12, 4, 4, 1, 28, 7]
    assert not found(tmp_path / "train", "images")


@pytest.mark.rule("TB-1")
def test_without_validation_data_one_warning(tmp_path: Path) -> None:
    with pytest.warns(MinifitWarning, match="need validation data") as said:
        fit(new_model(), board(tmp_path, histogram_freq=1), epochs=3)
    assert len(said) == 1
    assert set(found(tmp_path / "train", "histograms")) == set(WEIGHTS)


@pytest.mark.rule("TB-1")
def test_looking_at_validation_data_uses_none_of_it_up(tmp_path: Path) -> None:
    def validation() -> Any:
        while True:
            for start in range(0, 40, 8):
                yield X[start : start + 8], Y[start : start + 8]

    kept = new_model()
    twin = copy.deepcopy(kept)
    histories = [
        fit(
            model, callbacks, epochs=3, validation_data=validation(), validation_steps=2, shuffle=False
        ).history
        for model, callbacks in ((kept, None), (twin, board(tmp_path, histogram_freq=1)))
    ]
    assert histories[0] == histories[1]
    assert found(tmp_path / "train", "histograms")["dense/activation"] == [0, 1, 2]


@pytest.mark.rule("TB-4", "TB-10")
def test_a_graph_of_several_inputs_and_outputs(tmp_path: Path) -> None:
    x, z = Input((3,), name="x"), Input((3,), name="z")
    inner = Sequential([layers.Dense(3, "relu", input_shape=(3,))], name="inner")
    joined = layers.Concatenate(name="joined")([inner(x), inner(z)])
    model = Model([x, z], [layers.Dense(1, name="one")(joined), layers.Dense(1, name="two")(joined)])
    model.compile("sgd", "mse")
    callback = TensorBoard(tmp_path, histogram_freq=1, profile_batch=0)
    model.fit({"x": X, "z": X}, [Y, Y], validation_split=0.2, verbose=0, callbacks=[callback])
    assert set(found(tmp_path / "train", "histograms")) == {
        f"{layer}/{weight}_0" for layer in ("inner/dense", "one", "two") for weight in ("kernel", "bias")
    } | {f"{layer}/activation" for layer in ("inner", "joined", "one", "two")} | {"inner/activation_1"}
    assert set(found(tmp_path / "train")) == {"epoch_loss", "epoch_one_loss", "epoch_two_loss"}
    assert found(tmp_path / "train", "graph_keras_model") == {"keras": [0]}


class Own(Model):
    """A model that is no graph."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return self.dense(inputs)


@pytest.mark.rule("TB-10")
def test_a_model_that_is_no_graph(tmp_path: Path) -> None:
    model = Own()
    model.compile("sgd", "mse")
    callback = TensorBoard(tmp_path, histogram_freq=1, profile_batch=0)
    model.fit(X, Y, validation_split=0.2, verbose=0, callbacks=[callback])
    assert set(found(tmp_path / "train", "histograms")) == {"dense/kernel_0", "dense/bias_0"}
    assert not found(tmp_path / "train", "graph_keras_model")
    assert sum(bool(e.graph) for e in events(tmp_path / "train")) == 1


@pytest.mark.rule("TB-2", "TB-4")
def test_images(tmp_path: Path) -> None:
    callback = board(tmp_path, histogram_freq=2, write_images=True)
    fit(new_model(), callback, epochs=3, validation_split=0.1)
    pictured = [tag for tag in WEIGHTS if tag != "dense_1/bias_0"]  # which is a single number
    assert found(tmp_path / "train", "images") == {f"{tag}/image": [0, 2] for tag in pictured}
    fit(new_model(), board(tmp_path / "none", write_images=True))
    assert not found(tmp_path / "none" / "train", "images")


@pytest.mark.rule("TB-10")
def test_the_graph_is_written_once_for_a_model(tmp_path: Path) -> None:
    callback = TensorBoard(tmp_path, profile_batch=0)
    model = new_model()
    for _ in range(2):
        fit(model, callback, epochs=2)
    assert found(tmp_path / "train", "graph_keras_model") == {"keras": [0]}
    assert sum(bool(e.graph) for e in events(tmp_path / "train")) == 1
    fit(new_model(), callback)
    assert found(tmp_path / "train", "graph_keras_model") == {"keras": [0, 0]}
    assert not found(tmp_path / "none")


def test_tensorboard_reads_it_all(tmp_path: Path) -> None:
    callback = TensorBoard(tmp_path, histogram_freq=1, write_images=True, update_freq=2)
    fit(new_model(), callback, epochs=2, validation_split=0.2)
    read = read_by_tensorboard(tmp_path)
    for file, entries in read.items():
        ours = [(e.step, v.tag, v.plugin) for e in read_events(tmp_path / file) for v in e.values]
        theirs = [tuple(entry[:3]) for entry in entries if entry[1] not in ("file_version", "graph_def")]
        assert theirs == ours
    pages = Counter(entry[2] for entries in read.values() for entry in entries)
    assert set(pages) == {"", "scalars", "histograms", "images", "graph_keras_model"}


# -- profile and embeddings -------------------------------------------------------------------------------------


def traces(folder: Path) -> list[list[dict[str, Any]]]:
    files = sorted((folder / "plugins" / "profile").glob("*/*.trace.json"))
    return [json.loads(file.read_text(encoding="utf-8"))["traceEvents"] for file in files]


def spans(trace: list[dict[str, Any]], row: str) -> list[str]:
    return [event["name"] for event in trace if event.get("cat") == row]


@pytest.mark.rule("TB-11")
@pytest.mark.parametrize(
    ("profile_batch", "expected"),
    [
        (2, ["batch 2"]),
        ((4, 7), ["batch 4", "batch 5", "batch 6", "batch 7"]),
        ("10,12", ["batch 10"]),
        (11, None),
    ],
)
def test_the_profile(profile_batch: Any, expected: list[str] | None, tmp_path: Path) -> None:
    stopper = EarlyStopping("loss", patience=9)
    noop = LambdaCallback(on_train_batch_end=lambda b, logs: None)
    model = new_model()
    twin = copy.deepcopy(model)
    fit(model, [TensorBoard(tmp_path, profile_batch=profile_batch), noop, stopper], epochs=2, shuffle=False)
    fit(twin, None, epochs=2, shuffle=False)
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in twin.get_weights()]
    found = traces(tmp_path)
    assert [spans(trace, "batches") for trace in found] == ([] if expected is None else [expected])
    for trace in found:
        n = len(expected or ())
        kernels = Counter(spans(trace, "kernels"))
        assert (kernels["dense_forward"], kernels["dense_backward"], kernels["sgd_step"]) == (2 * n, 2 * n, n)
        assert spans(trace, "callbacks").count("LambdaCallback.on_train_batch_end") >= n - 1


@pytest.mark.rule("TB-11")
def test_outside_of_its_range_nothing_is_timed(tmp_path: Path) -> None:
    plain: list[bool] = []

    class Look(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            kernels = self.model.training_state.step.context.kernels
            plain.append(kernels.__dict__.get("__file__") is not None)

    fit(new_model(), [Look(), TensorBoard(tmp_path, profile_batch=(2, 3))])
    assert plain == [True, False, False, True, True]


@pytest.mark.rule("TB-11")
def test_batches_before_the_profile_run_together(tmp_path: Path) -> None:
    callback = board(tmp_path, profile_batch=(30, 31))
    callback.set_model(new_model())
    callback.on_train_begin()
    assert callback.wake_after() == 29
    callback.on_train_batch_begin(0)
    callback.on_train_batch_end(9)
    assert callback.wake_after() == 19


def words_model() -> Sequential:
    model = Sequential(
        [layers.Embedding(5, 2, input_length=3, name="words"), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


@pytest.mark.rule("TB-12")
@pytest.mark.parametrize("metadata", [None, "labels.tsv", {"words": "labels.tsv"}, {}])
def test_embeddings(metadata: Any, tmp_path: Path) -> None:
    callback = board(tmp_path, embeddings_freq=2, embeddings_metadata=metadata)
    words_model().fit(np.zeros((4, 3)), np.zeros(4), epochs=4, verbose=0, callbacks=[callback])
    tables = sorted(p.name for p in (tmp_path / "train").glob("*.tsv"))
    assert tables == ["keras_embedding-0-words.tsv", "keras_embedding-2-words.tsv"]
    config = (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert ("labels.tsv" in config) is bool(metadata)
    assert callback.embeddings_metadata == metadata


@pytest.mark.rule("TB-12")
def test_a_layer_that_does_not_exist_is_named(tmp_path: Path) -> None:
    callback = board(tmp_path, embeddings_freq=1, embeddings_metadata={"word": "labels.tsv"})
    with pytest.raises(UnknownNameError, match=r"'word'.*'words'"):
        words_model().fit(np.zeros((4, 3)), np.zeros(4), verbose=0, callbacks=[callback])
    assert not (tmp_path / "train").exists()


# -- the arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"update_freq": "epochs"}, "update_freq must be 'batch', 'epoch'"),
        ({"update_freq": 0}, "update_freq"),
        ({"update_freq": -3}, "update_freq"),
        ({"histogram_freq": -1}, "histogram_freq"),
        ({"embeddings_freq": -1}, "embeddings_freq"),
        ({"profile_batch": (5, 2)}, "profile_batch"),
        ({"log_dir": ""}, "log_dir"),
        ({"log_dir": 5}, "log_dir"),
        ({"embeddings_metadata": 5}, "embeddings_metadata"),
        ({"embeddings_metadata": {"words": None}}, "embeddings_metadata"),
        ({"nonsense": 1}, "'nonsense'.*write_grads"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises((ArgumentError, TypeError), match=says):
        TensorBoard(**arguments)


def test_what_tensorflow_1_took_is_ignored_with_a_warning() -> None:
    with pytest.warns(MinifitWarning, match="ignores batch_size, write_grads"):
        TensorBoard(write_grads=True, batch_size=32, embeddings_data=None)


def test_attributes_are_those_of_keras(tmp_path: Path) -> None:
    callback = TensorBoard(tmp_path, update_freq="batch", histogram_freq=3)
    assert (callback.log_dir, callback.update_freq, callback.histogram_freq) == (str(tmp_path), 1, 3)
    assert (callback.write_graph, callback.write_images, callback.embeddings_freq) == (True, False, 0)


def test_a_folder_that_cannot_be_made_ends_the_fit_before_it_trains(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in its place")
    began: list[int] = []
    with pytest.raises(OSError):
        fit(
            new_model(),
            [LambdaCallback(on_train_begin=lambda logs: began.append(1)), board(tmp_path / "logs")],
        )
    assert not began


# -- what it survives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_files_are_whole_however_fit_ends(error: type[BaseException], tmp_path: Path) -> None:
    def fail(batch: int, logs: Any) -> None:
        if batch == 2:
            raise error

    with pytest.raises(error):
        fit(
            new_model(),
            [board(tmp_path, update_freq=1, profile_batch=(2, 90)), LambdaCallback(on_train_batch_end=fail)],
        )
    assert found(tmp_path / "train")["batch_loss"] == [1, 2, 3]
    assert len(traces(tmp_path)) == 1


@pytest.mark.rule("TB-9")
def test_a_disk_that_fails_while_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    plain = EventWriter.scalar
    monkeypatch.setattr(EventWriter, "scalar", lambda self, *a: (plain(self, *a), self.flush()))
    (tmp_path / "plugins").write_text("in the folder's place")
    callback = TensorBoard(tmp_path, profile_batch=3)
    model = new_model()
    for _ in range(2):
        with pytest.warns(MinifitWarning, match="cannot") as said:
            history = fit(model, callback, epochs=5, validation_split=0.2).history
        assert len(history["loss"]) == 5
        assert len(said) == 1, "of two event files and a profile"


@pytest.mark.rule("TB-9")
def test_files_beside_the_event_files_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "plugins").write_text("in its place")
    (tmp_path / "projector_config.pbtxt").mkdir(parents=True)
    callback = TensorBoard(tmp_path, embeddings_freq=1, profile_batch=1)
    with pytest.warns(MinifitWarning, match="TensorBoard cannot write") as said:
        words_model().fit(np.zeros((4, 3)), np.zeros(4), epochs=3, verbose=0, callbacks=[callback])
    assert len(said) == 1
    assert found(tmp_path / "train")["epoch_loss"] == [0, 1, 2]


@pytest.mark.rule("TB-8")
@pytest.mark.parametrize("save_freq", ["epoch", 2])
@pytest.mark.parametrize("dies_at", [3, 5, 8, 13])
def test_after_a_resume_no_step_stands_twice(save_freq: Any, dies_at: int, tmp_path: Path) -> None:
    def callbacks(dying: bool) -> list[Any]:
        def fail(batch: int, logs: Any) -> None:
            if dying and model.optimizer.iterations.value == dies_at:
                raise RuntimeError("dies")

        return [
            TensorBoard(tmp_path / "logs", update_freq=1, histogram_freq=1, profile_batch=0),
            LambdaCallback(on_train_batch_end=fail),
            BackupAndRestore(tmp_path / "backup", save_freq=save_freq),
        ]

    def train(dying: bool) -> None:
        fit(model, callbacks(dying), epochs=4, validation_split=0.2)

    model = new_model()
    with pytest.raises(RuntimeError):
        train(dying=True)
    early = save_freq == "epoch" and dies_at < 4  # before the first backup a run begins anew
    if early:
        for file in (tmp_path / "logs").rglob("*tfevents*"):
            file.unlink()
    model = new_model()
    train(dying=False)
    train_dir, val_dir = tmp_path / "logs" / "train", tmp_path / "logs" / "validation"
    assert found(train_dir)["batch_loss"] == list(range(1, 17))
    assert found(train_dir)["epoch_loss"] == [0, 1, 2, 3]
    assert found(train_dir, "histograms")["dense/activation"] == [0, 1, 2, 3]
    assert found(train_dir, "graph_keras_model") == {"keras": [0]}
    assert found(val_dir)["evaluation_loss_vs_iterations"] == [4, 8, 12, 16]


def test_it_can_be_copied_and_pickled_between_fits(tmp_path: Path) -> None:
    callback = board(tmp_path)
    fit(new_model(), callback)
    callback.model = None
    for twin in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        fit(new_model(), twin)
    assert found(tmp_path / "train")["epoch_loss"] == [0, 0, 0]


# -- settings that change, and the working folder ----------------------------------------------------------

SMALL = small_data()


def test_another_log_dir_counts_from_the_next_value_on(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path / "one", profile_batch=0)
    change = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(board, "log_dir", tmp_path / "two") if epoch == 1 else None
    )
    small_model().fit(*SMALL, epochs=3, verbose=0, callbacks=[board, change])
    for folder, expected in (("one", [0]), ("two", [1, 2])):
        values = [e for f in (tmp_path / folder / "train").iterdir() for e in read_events(f) if e.values]
        assert [e.step for e in values if e.values[0].tag == "epoch_loss"] == expected


def test_other_settings_count_when_they_are_set(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, profile_batch=0, write_graph=False)

    def change(epoch: int, logs: Any) -> None:
        if epoch == 1:
            board.update_freq, board.write_steps_per_second, board.histogram_freq = "batch", True, 1

    small_model().fit(*SMALL, 6, epochs=3, verbose=0, callbacks=[board, LambdaCallback(on_epoch_end=change)])
    events = [e for f in (tmp_path / "train").iterdir() for e in read_events(f)]
    seen = {(value.tag, e.step) for e in events for value in e.values}
    assert {("batch_loss", 5), ("batch_loss", 6), ("epoch_steps_per_second", 2)} <= seen
    assert not {("batch_loss", 4), ("epoch_steps_per_second", 0)} & seen
    assert any(value.plugin == "histograms" for e in events if e.step == 2 for value in e.values)
    assert not any(value.plugin == "histograms" for e in events if e.step == 0 for value in e.values)


def test_what_cannot_change_in_a_fit_is_refused(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, profile_batch=0)
    change = LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(board, "profile_batch", 3))
    with pytest.raises(ArgumentError, match=r"cannot change during it.*profile_batch=3"):
        small_model().fit(*SMALL, verbose=0, callbacks=[board, change])
    board.profile_batch = "1,2"
    small_model().fit(*SMALL, 4, verbose=0, callbacks=[board])
    assert list(tmp_path.rglob("*.trace.json"))
    with pytest.raises(MinifitError, match="Embedding layer"):
        board.embeddings_metadata = {"no such layer": "words.tsv"}


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_a_change_of_the_working_folder_moves_no_file(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    board = TensorBoard("logs", histogram_freq=1, profile_batch=1, embeddings_freq=1)
    model = small_model()
    moving = acting(hook, lambda c: monkeypatch.chdir(tmp_path / "other"))
    model.fit(*SMALL, epochs=2, verbose=0, validation_data=SMALL, callbacks=[moving, board])
    assert list((tmp_path / "other").iterdir()) == []
    assert {p.name for p in (tmp_path / "logs").iterdir()} == {"train", "validation", "plugins"}
