"""`BaseLogger`: means over the epoch of the logs of its batches."""

from collections.abc import Iterable
from typing import Any

from minifit.callbacks.base import Callback
from minifit.checks import entries
from minifit.errors import ArgumentTypeError
from minifit.settings import Setting


def _keys(name: str, value: Any) -> set[str]:
    keys = [] if value is None else entries(list(value) if isinstance(value, set | frozenset) else value)
    if keys is None:
        raise ArgumentTypeError(
            f"{name} must be a list of keys. Received: {name}={value!r}. Pass for example ['loss']."
        )
    return set(keys)


class BaseLogger(Callback):
    """A callback that averages the batches' logs over the epoch and writes the means into the epoch's logs.

    A batch is weighted by its ``logs["size"]``, or by 1 without it.

    Parameters
    ----------
    stateful_metrics : iterable of str, optional
        Keys whose last value is used instead of the mean.

    Notes
    -----
    `fit` already logs means over the epoch; this callback is for loops written by hand. In TensorFlow 2.7 it
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
        """Reset the sums."""
        self.seen = 0.0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Add the logs of a batch to the sums."""
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
        """Return the sums so far."""
        return {"seen": self.seen, "totals": dict(self.totals)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the sums of a captured run."""
        self.seen, self.totals = state["seen"], dict(state["totals"])
