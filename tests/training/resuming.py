"""What tests of resuming share: a run without a break, and the same run put back into a fresh model."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minifit import Model
from minifit.callbacks import Callback
from minifit.optimizers import Optimizer


class Run(Protocol):
    """Everything that a training is made of."""

    def model(self) -> Model:
        """A fresh model, compiled."""

    def fit(self, model: Any, *callbacks: Callback) -> Any:
        """Train it."""


@dataclass
class Outcome:
    """What must be the same after an uninterrupted run and after a resumed one."""

    weights: list[bytes]
    slots: list[dict[str, bytes]]
    iterations: int
    epochs: dict[int, dict[str, str]]


class Recorder(Callback):
    """The logs of every epoch, by its number."""

    def __init__(self) -> None:
        self.epochs: dict[int, dict[str, str]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs[epoch] = {name: exactly(value) for name, value in logs.items()}

    def outcome(self) -> Outcome:
        optimizer: Optimizer = self.model.optimizer
        slots = [
            {name: view.tobytes() for name, view in optimizer.slots_of(w).items()} for w in self.model.weights
        ]
        weights = [w.tobytes() for w in self.model.get_weights()]
        return Outcome(weights, slots, int(optimizer.iterations), self.epochs)


def exactly(value: Any) -> str:
    """A number or an array with all its digits, so that NaN equals NaN."""
    return repr(np.asarray(value).tolist())


class Capture(Callback):
    """Captures the state at the n-th end of a batch, or of an epoch."""

    def __init__(self, at: int, batches: bool) -> None:
        self.left = at
        self.batches = batches
        self.taken: dict[str, Any] | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.batches:
            self._tick()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.batches:
            self._tick()

    def _tick(self) -> None:
        if self.left == 0:
            self.taken = self.model.training_state.capture()
        self.left -= 1


class Restore(Callback):
    """Puts a captured state back before training begins."""

    def __init__(self, captured: dict[str, Any]) -> None:
        self.captured = captured

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.restore(self.captured)


def uninterrupted(run: Run, capture: Capture) -> tuple[Outcome, dict[str, Any] | None]:
    np.random.seed(1)
    recorder = Recorder()
    run.fit(run.model(), recorder, capture)
    return recorder.outcome(), capture.taken


def resumed(run: Run, captured: dict[str, Any]) -> Outcome:
    np.random.seed(2)  # other initial weights and other streams: everything must come from what was captured
    recorder = Recorder()
    run.fit(run.model(), recorder, Restore(captured))
    return recorder.outcome()


def same(run: Run, at: int, batches: bool) -> None:
    """Assert that a run resumed from there goes on bit for bit."""
    expected, captured = uninterrupted(run, Capture(at, batches))
    if captured is None:  # it stopped before
        return
    found = resumed(run, captured)
    assert found.weights == expected.weights
    assert found.slots == expected.slots
    assert found.iterations == expected.iterations
    left = {epoch: logs for epoch, logs in expected.epochs.items() if epoch >= captured["epoch"]}
    assert found.epochs == left
