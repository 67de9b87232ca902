"""The normal form keeps what must be equal and drops what may differ."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minifit
from minifit.errors import ShapeError
from minifit.semantics.runs import normal_form as normal
from minifit.semantics.stage import X, Y, fit, model_of


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (np.float32(1 / 3), 0.3333333),
        (float("nan"), "nan"),
        (-np.inf, "-inf"),
        (np.arange(2), [0, 1]),
        (True, True),
        (None, None),
        (np.int64(3), 3),
    ],
)
def test_numbers(value: object, form: object) -> None:
    assert normal.number(value) == form
    assert type(normal.number(value)) is type(form)


def test_logs_are_sorted() -> None:
    assert list(normal.logs_as_json({"b": 1, "a": 2})) == ["a", "b"]
    assert normal.logs_as_json(None) == {}
    assert normal.shapes({"outputs": [np.ones((2, 3)), np.ones(2)]}) == {
        "outputs": ["array(2, 3)", "array(2,)"]
    }


def test_results() -> None:
    history = SimpleNamespace(epoch=[np.int64(0)], history={"loss": [np.float32(0.5)]})
    assert json.dumps(normal.result(history)) == '{"epoch": [0], "history": {"loss": [0.5]}}'
    assert normal.result((np.float32(0.5), 1)) == [0.5, 1]
    assert normal.result({"b": 1, "a": 2}) == {"a": 2, "b": 1}


def test_errors_have_the_name_by_which_they_are_caught() -> None:
    assert normal.standard_name(ShapeError("no")) == "ValueError"


def test_messages() -> None:
    text = "Epoch 00003: early stopping\nRestoring model weights\nBatch 2: Invalid loss\nelse\nEpoch 4: hello"
    found = [[3, "early_stop"], [None, "restoring"], [None, "invalid_loss"], [4, "other"]]
    assert normal.messages(text) == found


def test_files(tmp_path: Path) -> None:
    for name in ("w.h5", "events.out.tfevents.1.host", "t.index", "t.data-00000-of-00001", "bk/a", "bk/b"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert normal.files_in(tmp_path) == ["bk/*", "events", "t", "w.h5"]


def test_cells_whatever_the_separator() -> None:
    assert normal.cells("epoch;loss\n0;0.3333333333\n") == [["epoch", "loss"], [0.0, 0.333333]]


def test_the_body_of_a_request() -> None:
    assert normal.request_body('{"a": 1}') == {"a": 1}
    assert normal.request_body("data=%7B%22a%22%3A+1%7D") == {"data": {"a": 1}}


def test_event_files_have_steps_and_values(tmp_path: Path) -> None:
    board = minifit.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    history = fit(model_of(minifit), (board,), 2, validation_data=(X, Y))
    tags = normal.event_files(tmp_path)["train"]["tags"]
    steps, values = zip(*tags["scalars epoch_loss"], strict=True)
    assert steps == (0, 1)
    assert values == pytest.approx(history.history["loss"])
    assert tags["histograms dense/kernel_0"] == [0, 1]


def test_the_moments_of_weights() -> None:
    assert normal.moments_of([1.0, 2.0], [(0, [1.0, 2.0]), (1, [1.0, 2.1]), (2, [1.00001, 2.0])]) == [0, 2]
