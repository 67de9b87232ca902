"""The helpers of the scenarios do on minifit what their docstrings say."""

import logging
import urllib.request
import warnings
from pathlib import Path
from typing import Any

import pytest

import minifit
from minifit.semantics import stage


def test_the_model_begins_at_zero_and_learns() -> None:
    model = stage.model_of(minifit)
    assert stage.weight_of(model) == 0.0
    assert stage.rate_of(model) == pytest.approx(stage.RATE)
    stage.fit(model)
    assert stage.weight_of(model) == pytest.approx(
        0.3
    )  # minus the rate times the slope: 0.01 * 2 * mean(2 x * x)


def test_the_hooks_are_heard_in_their_order() -> None:
    events: list[str] = []
    stage.fit(stage.model_of(minifit), (stage.recorder(minifit, events),))
    assert events == [
        "train_begin",
        "epoch_begin 0",
        "train_batch_begin 0",
        "train_batch_end 0",
        "epoch_end 0",
        "train_end",
    ]


def test_scores_end_with_their_values() -> None:
    history = stage.fit(stage.model_of(minifit), (stage.scores(minifit, [3.0, None, 1.0]),), epochs=3)
    assert history.history["score"] == [3.0, 1.0]
    assert stage.epochs_of(minifit, [1.0, 2.0]) == 2


@pytest.mark.parametrize(("error", "word"), [(ValueError(), "refused"), (KeyError(), "raises KeyError")])
def test_what_counts_as_a_refusal(error: Exception, word: str) -> None:
    def action() -> None:
        raise error

    assert stage.refusal(action) == word
    assert stage.refusal(lambda: None) == "accepted"


def test_what_is_tried_returns_or_raises() -> None:
    callbacks: Any = minifit.callbacks
    assert stage.tried(lambda: 3) == 3
    assert stage.tried(lambda: 1 / 0) == "raises ZeroDivisionError"
    with pytest.raises(TypeError, match="unexpected keyword"):
        stage.tried(lambda: callbacks.EarlyStopping(patients=1))


def test_an_argument_that_does_not_exist_is_no_refusal() -> None:
    callbacks: Any = minifit.callbacks
    with pytest.raises(TypeError, match="unexpected keyword"):
        stage.refusal(lambda: callbacks.EarlyStopping(patients=1))


def test_warnings_are_heard_raised_and_logged() -> None:
    with stage.heard_warnings() as texts:
        warnings.warn("raised", stacklevel=1)
        logging.getLogger("absl").warning("logged")
    assert sorted(texts) == ["logged", "raised"]


def test_posts_are_heard() -> None:
    with stage.served() as (address, posts):
        request = urllib.request.Request(f"{address}/here", b"data=%7B%7D", {"Content-Type": "text/x"})
        urllib.request.urlopen(request).close()
    assert posts == [["/here", "data", "{}"]]
    assert stage.strict_json('{"a": NaN}') == {"a": "invalid"}


def test_a_table_is_rows_of_cells(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(b"a,b\r\n1,2\r\n")
    assert stage.table(file) == [["a", "b"], ["1", "2"]]
