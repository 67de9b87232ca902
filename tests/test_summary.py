"""Values of one's own."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, layers, summary
from minifit.callbacks import Callback, TensorBoard
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitError, ShapeError
from minifit.tensorboard.events import read_events
from tests.tensorboard.reading import read_by_tensorboard

X, Y = np.zeros((12, 3)), np.zeros(12)


def new_model() -> Sequential:
    model = Sequential([layers.Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse")
    return model


def values(folder: Path) -> list[tuple[int, str, str]]:
    return [
        (e.step, v.tag, v.plugin) for f in sorted(folder.glob("*")) for e in read_events(f) for v in e.values
    ]


def test_tensorboard_reads_all_four(tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path, filename_suffix=".mine") as writer:
        writer.scalar("a/loss", np.float32(0.5), step=1)
        writer.scalar("told", 2, step=2, description="what it is")
        writer.histogram("h", [1, 2, 3], step=3, buckets=2)
        writer.image("i", np.zeros((1, 2, 3, 1)), step=4)
        writer.text("t", "*hello*", step=5)
        writer.text("lines", ["one", "two"], step=6)
    ((name, found),) = read_by_tensorboard(tmp_path).items()
    assert name.endswith(".mine.v2")
    assert found[1:4] == [
        [1, "a/loss", "scalars", 0.5],
        [2, "told", "scalars", 2.0],
        [3, "h", "histograms", [[1.0, 2.0, 1.0], [2.0, 3.0, 2.0]]],
    ]
    assert found[4][:3] == [4, "i", "images"] and found[4][3][:2] == ["3", "2"]
    assert found[5:] == [[5, "t", "text", "*hello*"], [6, "lines", "text", ["one", "two"]]]


def test_the_step_follows_training(tmp_path: Path) -> None:
    writer = summary.create_file_writer(tmp_path)

    class Own(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            writer.scalar("batch", logs["loss"])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            new_model().fit(X, Y, verbose=0, callbacks=[Inner()])
            writer.scalar("epoch", 1.0)

    class Inner(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            writer.scalar("inner", 1.0)

    model = new_model()
    for _ in range(2):
        model.fit(X, Y, batch_size=6, verbose=0, callbacks=[Own()])
    writer.close()
    assert [(step, tag) for step, tag, _ in values(tmp_path)] == [
        (1, "batch"),
        (2, "batch"),
        (1, "inner"),
        (2, "epoch"),
        (3, "batch"),
        (4, "batch"),
        (1, "inner"),
        (4, "epoch"),
    ]
    with pytest.raises(ArgumentError, match="Outside of training"):
        writer.scalar("a", 1.0)


def test_the_default_writer(tmp_path: Path) -> None:
    assert not summary.scalar("a", 1.0, step=0), "nobody to write it"
    one, two = summary.create_file_writer(tmp_path / "1"), summary.create_file_writer(tmp_path / "2")
    with one.as_default(step=7):
        assert summary.scalar("a", 1.0)
        with two.as_default():
            assert summary.histogram("h", np.zeros(3))
            assert summary.text("t", "x", step=8)
        assert summary.image("i", np.zeros((1, 1, 1, 1)))
        summary.flush()
        assert len(values(tmp_path / "1")) == 2
    assert not summary.scalar("a", 1.0, step=0)
    summary.flush(two)
    assert values(tmp_path / "1") == [(7, "a", "scalars"), (7, "i", "images")]
    assert values(tmp_path / "2") == [(7, "h", "histograms"), (8, "t", "text")]
    one.close()
    two.close()


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda w: w.scalar("a", [1.0], step=0), ShapeError, "single number"),
        (lambda w: w.scalar("a", "x", step=0), ArgumentTypeError, "real numbers"),
        (lambda w: w.scalar("a", 1.0, step=1.5), ArgumentTypeError, r"Received: step=1\.5"),
        (lambda w: w.scalar("a", 1.0, step="x"), ArgumentTypeError, "Received: step='x'"),
        (lambda w: w.scalar("a", 1.0, step=2**70), ArgumentTypeError, "64 bits"),
        (lambda w: w.scalar("a", 1.0, step=0, description=5), ArgumentTypeError, "description=5"),
        (lambda w: w.scalar("", 1.0, step=0), ArgumentTypeError, "name must be a string"),
        (lambda w: w.histogram("a", ["x"], step=0), ArgumentTypeError, "real numbers"),
        (lambda w: w.histogram("a", [[1], [1, 2]], step=0), ArgumentTypeError, "real numbers"),
        (lambda w: w.histogram("a", [1.0], step=0, buckets=0), ArgumentError, "buckets"),
        (lambda w: w.image("a", np.zeros((1, 1, 1, 1), complex), step=0), ArgumentTypeError, "real numbers"),
        (lambda w: w.image("a", np.zeros((3, 3)), step=0), ShapeError, "height"),
        (lambda w: w.text("a", 5, step=0), ArgumentTypeError, "A text"),
        (lambda w: w.text("a", [], step=0), ArgumentTypeError, "A text"),
    ],
)
def test_bad_values(call: Any, error: type[MinifitError], says: str, tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path) as writer, pytest.raises(error, match=says):
        call(writer)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("logdir", [None, 5, "", b"logs"])
def test_a_folder_has_a_path(logdir: Any) -> None:
    with pytest.raises(ArgumentError, match="logdir must be the path of a folder"):
        summary.create_file_writer(logdir)


def test_what_is_no_unicode_is_replaced(tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path) as writer:
        writer.scalar("a\udc80", 1.0, step=2)
        writer.text("t", ["b\udc80"], step=3)
    (found,) = read_by_tensorboard(tmp_path).values()
    assert found[1:] == [[2, "a?", "scalars", 1.0], [3, "t", "text", ["b?"]]]


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="flush_millis"):
        summary.create_file_writer("logs", flush_millis=0)


@pytest.mark.parametrize("buckets", [100_001, 10**12, 10**100])
def test_buckets_have_an_upper_bound(buckets: int, tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path) as writer:
        writer.histogram("a", [1.0, 2.0], step=0, buckets=100_000)
        with pytest.raises(
            ArgumentError, match=rf"buckets must be at most 100,000\. Received: buckets={buckets}"
        ):
            writer.histogram("a", [1.0, 2.0], step=0, buckets=buckets)


@pytest.mark.parametrize(("update_freq", "steps"), [("epoch", []), (1, [0, 1, 2, 3]), (2, [0, 2])])
def test_a_model_s_call_writes_to_the_files_of_tensor_board(
    update_freq: Any, steps: list[int], tmp_path: Path
) -> None:
    class Writing(layers.Layer):
        def call(self, inputs: Any) -> Any:
            summary.histogram("seen", inputs)
            return inputs

    model = Sequential([layers.Dense(1, input_shape=(3,)), Writing()])
    model.compile("sgd", "mse")
    board = TensorBoard(tmp_path, update_freq=update_freq, profile_batch=0)
    model.fit(X, Y, batch_size=6, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[board])
    model.fit(X, Y, verbose=0)
    seen = {f.name: [step for step, tag, _ in values(f) if tag == "seen"] for f in tmp_path.iterdir()}
    assert seen == {"train": steps, "validation": []}
