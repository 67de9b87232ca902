"""The callbacks of the scenarios: some write down what they are told, some interfere on purpose."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minifit.callbacks import Callback
from tests.conformance.normal_form import Json, fingerprint, learning_rate, logs_as_json, number, shapes


class Recorder(Callback):
    """Writes down every hook but those of batches: ``[name, index, logs]``."""

    def __init__(self) -> None:
        self.events: list[Json] = []

    def note(self, hook: str, index: int | None, logs: Json) -> None:
        self.events.append([hook, index, logs])

    def on_train_begin(self, logs: Any = None) -> None:
        self.note("train_begin", None, logs_as_json(logs))

    def on_train_end(self, logs: Any = None) -> None:
        self.note("train_end", None, logs_as_json(logs))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.note("epoch_begin", epoch, logs_as_json(logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.note("epoch_end", epoch, logs_as_json(logs))

    def on_test_begin(self, logs: Any = None) -> None:
        self.note("test_begin", None, logs_as_json(logs))

    def on_test_end(self, logs: Any = None) -> None:
        self.note("test_end", None, logs_as_json(logs))

    def on_predict_begin(self, logs: Any = None) -> None:
        self.note("predict_begin", None, logs_as_json(logs))

    def on_predict_end(self, logs: Any = None) -> None:
        self.note("predict_end", None, shapes(logs))


class BatchRecorder(Recorder):
    """Writes down the hooks of batches too; of predictions it keeps the shapes."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.note("train_batch_begin", batch, logs_as_json(logs))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note("train_batch_end", batch, logs_as_json(logs))

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.note("test_batch_begin", batch, logs_as_json(logs))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note("test_batch_end", batch, logs_as_json(logs))

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.note("predict_batch_begin", batch, logs_as_json(logs))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note("predict_batch_end", batch, shapes(logs))


class LegacyBatchRecorder(Recorder):
    """Writes down the hooks of batches by their older names."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.note("batch_begin", batch, logs_as_json(logs))

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        self.note("batch_end", batch, logs_as_json(logs))


class Inject(Callback):
    """Writes chosen values into the logs of each epoch, ahead of the callback that is looked at."""

    def __init__(self, **values: Sequence[Any]) -> None:
        self.values = values
        self.seen = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for key, sequence in self.values.items():
            if self.seen < len(sequence) and sequence[self.seen] is not None:
                logs[key] = np.float64(sequence[self.seen])  # float64 reads "nan" and "inf", too
        self.seen += 1


class Weights(Callback):
    """Keeps the fingerprints of the weights after each epoch, and the learning rate before and after it."""

    def __init__(self) -> None:
        self.fingerprints: list[list[float]] = []
        self.rates_before: list[Json] = []
        self.rates_after: list[Json] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.rates_before.append(number(learning_rate(self.model)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.fingerprints.append(fingerprint(self.model))
        self.rates_after.append(number(learning_rate(self.model)))

    def moments(self) -> list[tuple[Json, list[float]]]:
        """Each epoch with its fingerprint."""
        return list(enumerate(self.fingerprints))


class BatchWeights(Callback):
    """Keeps the fingerprints of the weights after each batch, by ``"epoch.batch"``."""

    def __init__(self) -> None:
        self.fingerprints: dict[str, list[float]] = {}
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.fingerprints[f"{self.epoch}.{batch}"] = fingerprint(self.model)

    def moments(self) -> list[tuple[Json, list[float]]]:
        """Each batch with its fingerprint."""
        return list(self.fingerprints.items())


class StopAt(Callback):
    """Stops training after an epoch or a batch, or breaks it off there by an exception."""

    def __init__(self, epoch: int, batch: int | None = None, error: str | None = None) -> None:
        self.epoch, self.batch, self.error = epoch, batch, error
        self.now = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch
        if self.error == "epoch_begin":
            self.interfere(epoch == self.epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.batch is not None and self.error in (None, "batch_end"):
            self.interfere((self.now, batch) == (self.epoch, self.batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.batch is None and self.error is None:
            self.interfere(epoch == self.epoch)

    def interfere(self, now: bool) -> None:
        if now and self.error:
            raise RuntimeError("Interrupting!")
        if now:
            self.model.stop_training = True


ACTORS: Mapping[str, type[Callback]] = {
    c.__name__: c
    for c in (Recorder, BatchRecorder, LegacyBatchRecorder, Inject, Weights, BatchWeights, StopAt)
}
"""The classes above by the names that scenarios give them."""
