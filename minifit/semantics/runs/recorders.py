"""The callbacks of the runs: some write down what they are told, some interfere on purpose.

Each class here is joined with a framework's own ``Callback`` by `actor`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minifit.semantics.runs.normal_form import Json, fingerprint, logs_as_json, number, shapes
from minifit.semantics.stage import HOOKS, rate_of


class Recorder:
    """A callback that writes down every hook but those of batches: ``[name, index, logs]``."""

    params: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Json] = []


class BatchRecorder(Recorder):
    """A recorder of the hooks of batches too; of predictions it keeps the shapes."""


class LegacyBatchRecorder(Recorder):
    """A recorder of the hooks of batches by their older names."""


def noting(hook: str) -> Callable[..., None]:
    """Return the method of a recorder for a hook."""
    short = hook[len("on_") :]
    form = shapes if short.startswith("predict") and short.endswith("end") else logs_as_json

    def without_index(self: Any, logs: Any = None) -> None:
        self.events.append([short, None, form(logs)])

    def with_index(self: Any, index: int, logs: Any = None) -> None:
        self.events.append([short, int(index), form(logs)])

    return with_index if "batch" in short or short.startswith("epoch") else without_index


for _hook in HOOKS:
    setattr(BatchRecorder if "batch" in _hook else Recorder, _hook, noting(_hook))
for _hook in ("on_batch_begin", "on_batch_end"):
    setattr(LegacyBatchRecorder, _hook, noting(_hook))


class Inject:
    """A callback that writes chosen values into the logs of each epoch, ahead of the callback that is looked at."""

    def __init__(self, **values: Sequence[Any]) -> None:
        super().__init__()
        self.values = values
        self.seen = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the values of this epoch."""
        for key, sequence in self.values.items():
            if self.seen < len(sequence) and sequence[self.seen] is not None:
                logs[key] = np.float64(sequence[self.seen])  # float64 reads "nan" and "inf", too
        self.seen += 1


class Weights:
    """A callback that keeps the weights after each epoch, and the learning rate before and after it."""

    model: Any

    def __init__(self) -> None:
        super().__init__()
        self.fingerprints: list[list[float]] = []
        self.rates_before: list[Json] = []
        self.rates_after: list[Json] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep the learning rate."""
        self.rates_before.append(number(rate_of(self.model)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the weights and the learning rate."""
        self.fingerprints.append(fingerprint(self.model))
        self.rates_after.append(number(rate_of(self.model)))

    def moments(self) -> list[tuple[Json, list[float]]]:
        """Return each epoch with its fingerprint."""
        return list(enumerate(self.fingerprints))


class BatchWeights:
    """A callback that keeps the weights after each batch, by ``"epoch.batch"``."""

    model: Any

    def __init__(self) -> None:
        super().__init__()
        self.fingerprints: dict[str, list[float]] = {}
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep the number of the epoch."""
        self.epoch = int(epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keep the weights."""
        self.fingerprints[f"{self.epoch}.{batch}"] = fingerprint(self.model)

    def moments(self) -> list[tuple[Json, list[float]]]:
        """Return each batch with its fingerprint."""
        return list(self.fingerprints.items())


class StopAt:
    """A callback that stops training after an epoch or a batch, or breaks it off there by an exception."""

    model: Any

    def __init__(self, epoch: int, batch: Any = None, error: Any = None) -> None:
        super().__init__()
        self.epoch, self.batch, self.error = epoch, batch, error
        self.now = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Interfere here when that is asked for."""
        self.now = epoch
        if self.error == "epoch_begin":
            self.interfere(epoch == self.epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Interfere here when that is asked for."""
        if self.batch is not None and self.error in (None, "batch_end"):
            self.interfere((self.now, batch) == (self.epoch, self.batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Interfere here when that is asked for."""
        if self.batch is None and self.error is None:
            self.interfere(epoch == self.epoch)

    def interfere(self, now: bool) -> None:
        """Raise or stop, if it is time."""
        if now and self.error:
            raise RuntimeError("Interrupting!")
        if now:
            self.model.stop_training = True


ACTORS = {
    c.__name__: c
    for c in (Recorder, BatchRecorder, LegacyBatchRecorder, Inject, Weights, BatchWeights, StopAt)
}
"""The classes above by the names that runs give them."""


def actor(keras: Any, name: str, arguments: dict[str, Any]) -> Any:
    """Return a callback of a framework that does what one of `ACTORS` does."""
    return type(name, (ACTORS[name], keras.callbacks.Callback), {})(**arguments)
