"""Means over an epoch for loops written by hand, and in fit."""

from typing import Any

import pytest

from minifit.callbacks import BaseLogger, CallbackList
from tests.callbacks.recording import Recorder, data, small_model

X, Y = data()


def by_hand(logger: BaseLogger, batches: list[dict[str, Any]], epochs: int = 1) -> list[dict[str, Any]]:
    """The logs of the epochs as a later callback sees them."""
    after = Recorder()
    made = CallbackList([logger, after])
    for epoch in range(epochs):
        made.on_epoch_begin(epoch)
        for index, logs in enumerate(batches):
            made.on_batch_begin(index)
            made.on_batch_end(index, logs)
        made.on_epoch_end(epoch, {})
    return after.logs("epoch_end")


@pytest.mark.rule("BL-1")
def test_batches_count_by_their_size() -> None:
    batches = [{"size": 3, "loss": 1.0}, {"size": 1, "loss": 5.0}]
    assert by_hand(BaseLogger(), batches, epochs=2) == [{"loss": 2.0}] * 2


@pytest.mark.rule("BL-1")
def test_batches_without_a_size_count_alike() -> None:
    assert by_hand(BaseLogger(), [{"loss": 1.0, "mae": 3.0}, {"loss": 2.0, "mae": 5.0}]) == [
        {"loss": 1.5, "mae": 4.0}
    ]


def test_several_steps_in_one_count_as_so_many() -> None:
    batches = [{"size": 2, "num_steps": 3, "loss": 1.0}, {"size": 2, "num_steps": 1, "loss": 5.0}]
    assert by_hand(BaseLogger(), batches) == [{"loss": 2.0}]


@pytest.mark.rule("BL-1")
def test_of_stateful_metrics_the_last_value_is_taken() -> None:
    logger = BaseLogger(stateful_metrics=["auc"])
    batches = [{"size": 3, "loss": 1.0, "auc": 0.25}, {"size": 1, "loss": 5.0, "auc": 0.75}]
    assert by_hand(logger, batches) == [{"loss": 2.0, "auc": 0.75}]
    assert logger.stateful_metrics == {"auc"}


def test_an_epoch_without_batches_writes_nothing() -> None:
    logger = BaseLogger()
    logs = {"loss": 3.0}
    logger.on_epoch_begin(0)
    logger.on_epoch_end(0, logs)
    logger.on_epoch_end(0)
    assert logs == {"loss": 3.0}


@pytest.mark.rule("BL-1")
def test_in_fit_it_averages_what_it_is_given() -> None:
    given, after = Recorder(), Recorder()
    history = small_model(metrics=["mae"]).fit(
        X, Y, 4, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[given, BaseLogger(), after]
    )
    for epoch in range(2):
        batches = given.logs("train_batch_end")[3 * epoch : 3 * epoch + 3]
        logs = after.logs("epoch_end")[epoch]
        assert logs["loss"] == pytest.approx(sum(b["loss"] for b in batches) / 3)
        assert logs["mae"] == pytest.approx(sum(b["mae"] for b in batches) / 3)
        assert logs["val_loss"] == given.logs("epoch_end")[epoch]["val_loss"]
        assert history.history["loss"][epoch] == logs["loss"]
