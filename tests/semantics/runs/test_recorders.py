"""The callbacks of the runs are callbacks of the framework, and do what their docstrings say."""

from typing import Any

import pytest

import minifit
from minifit.semantics.runs.recorders import ACTORS, actor
from minifit.semantics.stage import fit, model_of


@pytest.mark.parametrize("name", ACTORS)
def test_each_is_a_callback_of_the_framework(name: str) -> None:
    arguments: dict[str, Any] = {"epoch": 0} if name == "StopAt" else {}
    assert isinstance(actor(minifit, name, arguments), minifit.callbacks.Callback)


@pytest.mark.parametrize(
    ("name", "batches"),
    [
        ("Recorder", []),
        ("BatchRecorder", ["train_batch_begin", "train_batch_end"]),
        ("LegacyBatchRecorder", ["batch_begin", "batch_end"]),
    ],
)
def test_recorders_write_down_hooks(name: str, batches: list[str]) -> None:
    recorder = actor(minifit, name, {})
    history = fit(model_of(minifit), (recorder,))
    assert [hook for hook, *_ in recorder.events] == [
        "train_begin",
        "epoch_begin",
        *batches,
        "epoch_end",
        "train_end",
    ]
    assert recorder.events[-2] == ["epoch_end", 0, {"loss": history.history["loss"][0]}]


def test_chosen_values_are_in_the_logs() -> None:
    inject = actor(minifit, "Inject", {"score": ["nan", None, 2]})
    history = fit(model_of(minifit), (inject,), 3).history
    assert history["score"] == pytest.approx([float("nan"), 2.0], nan_ok=True)


def test_weights_are_kept_by_epoch_and_by_batch() -> None:
    weights, by_batch = actor(minifit, "Weights", {}), actor(minifit, "BatchWeights", {})
    fit(model_of(minifit), (weights, by_batch), 2, batch_size=2)
    assert [when for when, _ in weights.moments()] == [0, 1]
    assert [when for when, _ in by_batch.moments()] == ["0.0", "0.1", "1.0", "1.1"]
    assert weights.moments()[1][1] == by_batch.moments()[3][1]
    assert weights.rates_after == pytest.approx([0.01, 0.01])


def test_training_is_stopped() -> None:
    assert fit(model_of(minifit), (actor(minifit, "StopAt", {"epoch": 1}),), 4).epoch == [0, 1]
    stop = actor(minifit, "StopAt", {"epoch": 1, "batch": 0})
    assert fit(model_of(minifit), (stop,), 4, batch_size=2).epoch == [0, 1]


@pytest.mark.parametrize("error", ["epoch_begin", "batch_end"])
def test_training_is_broken_off(error: str) -> None:
    stop = actor(minifit, "StopAt", {"epoch": 1, "batch": 0, "error": error})
    with pytest.raises(RuntimeError, match="Interrupting"):
        fit(model_of(minifit), (stop,), 4)
