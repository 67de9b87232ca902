"""`EpochLines`: one line for each epoch, until the progress bar comes."""

import time
from typing import Any

import numpy as np

from minifit import console
from minifit.callbacks.base import Callback


class EpochLines(Callback):
    """Prints one line when an epoch ends: number, time, and every value of its logs.

    Added by `fit`, `evaluate` and `predict` themselves; silent with ``verbose=0``.
    """

    adds_keys = ()

    def __init__(self) -> None:
        self._began = 0.0
        self._in_fit = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Note that evaluations from here on are validations."""
        self._in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        """Note that the fit is over."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the line."""
        of = (self.params or {}).get("epochs")
        self._say(f"Epoch {epoch + 1}/{of}" if of else f"Epoch {epoch + 1}", logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Start the clock of an evaluation."""
        if not self._in_fit:
            self._began = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        """Print the line of an evaluation outside of `fit`."""
        if not self._in_fit:
            self._say("Evaluation", logs)

    def release(self) -> None:
        """A fit that was broken off is over, too."""
        self._in_fit = False

    def _say(self, title: str, logs: Any) -> None:
        if (self.params or {}).get("verbose"):
            values = [f"{key}: {_short(value)}" for key, value in (logs or {}).items()]
            console.say(" - ".join([title, f"{time.perf_counter() - self._began:.2f} s", *values]))


def _short(value: Any) -> str:
    """A number with four digits, anything else as it prints."""
    return f"{value:.4f}" if isinstance(value, int | float | np.number) else str(value)
