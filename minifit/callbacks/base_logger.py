"""`BaseLogger`: means of what the batches logged."""

from collections.abc import Iterable
from typing import Any

from minifit.callbacks.base import Callback
from minifit.checks import entries
from minifit.errors import ArgumentTypeError
from minifit.settings import Setting


def _keys(name: str, value: Any) -> set[str]:
    found = [] if value is None else entries(list(value) if isinstance(value, set | frozenset) else value)
    if found is None:
        raise ArgumentTypeError(
            f"{name} is a list of keys. Received: {name}={value!r}. Pass for example ['loss']."
        )
    return set(found)


class BaseLogger(Callback):
    """Averages the batches' logs over the epoch and writes the means into the epoch's logs.

    Each batch counts as its ``logs["size"]`` if it has one, else as 1.

    Parameters
    ----------
    stateful_metrics : iterable of str, optional
        Keys whose last value is taken instead of the mean.

    Notes
    -----
    `fit` logs means over the epoch already; this callback is for loops written by hand. In TensorFlow 2.7 it
    fails in `fit` (rule BL-1).

    References
    ----------
    ``tf.keras.callbacks.BaseLogger`` (TensorFlow 2.7).
    """

    stateful_metrics = Setting(_keys)

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        self.stateful_metrics = stateful_metrics
        self.seen = 0.0
        self.totals: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin anew."""
        self.seen = 0.0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Add up a batch's logs."""
        logs = logs or {}
        size = logs.get("size", 1) * logs.get("num_steps", 1)
        self.seen += size
        for key, value in logs.items():
            if key in self.stateful_metrics:
                self.totals[key] = value
            elif key not in ("size", "num_steps"):
                self.totals[key] = self.totals.get(key, 0) + value * size

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the means into the logs."""
        if logs is not None and self.seen:
            for key, total in self.totals.items():
                logs[key] = total if key in self.stateful_metrics else total / self.seen

    def get_state(self) -> dict[str, Any]:
        """The sums so far."""
        return {"seen": self.seen, "totals": dict(self.totals)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.seen, self.totals = state["seen"], dict(state["totals"])
