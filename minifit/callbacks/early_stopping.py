"""`EarlyStopping`: stop when it no longer gets better."""

from typing import Any

from minifit import console
from minifit.arrays import Array
from minifit.callbacks.base import Callback
from minifit.callbacks.comparison import Comparison
from minifit.checks import not_negative, number


class EarlyStopping(Callback):
    """Stops training when a monitored value has not become better for a number of epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the logs.
    min_delta : float, default 0
        By how much a value must be better to count; its sign does not matter.
    patience : int, default 0
        Epochs without improvement after which training stops.
    verbose : int, default 0
        Whether to say so.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" is "max" for names that end with acc, accuracy or auc, else "min".
    baseline : float, optional
        A value that must be beaten for the waiting to begin anew.
    restore_best_weights : bool, default False
        Whether the model keeps the weights of its best epoch, also when training ends by itself.
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.

    Attributes
    ----------
    wait : int
        Epochs since the last improvement.
    best : float
    best_epoch : int
        Counted from 0.
    stopped_epoch : int
        Where it stopped training, counted from 0; 0 if it did not.
    best_weights : list of ndarray or None
    monitor_op : ufunc
        ``np.less`` or ``np.greater``: which direction is better.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a negative `patience` or `start_from_epoch`, and what is no number.

    Notes
    -----
    It never stops at the first epoch. NaN is never an improvement.

    Examples
    --------
    >>> callback = EarlyStopping(monitor="loss", patience=3)

    References
    ----------
    ``tf.keras.callbacks.EarlyStopping`` (TensorFlow 2.7); `start_from_epoch` from Keras 2.11. Rules ES-1 to
    ES-4 of the semantics.
    """

    adds_keys = ()

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        not_negative("patience", patience, example=3)
        not_negative("start_from_epoch", start_from_epoch, example=3)
        if baseline is not None:
            number("baseline", baseline, example=0.5)
        self.monitor = monitor
        self.min_delta = abs(number("min_delta", min_delta, example=0.001))
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._comparison = Comparison(monitor, mode, _larger_is_better, self.min_delta)
        self.monitor_op = self._comparison.operation
        self._begin()

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float = self._comparison.worst
        self.best_epoch = 0
        self.best_weights: list[Array] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget an earlier fit."""
        self._begin()
        self._comparison.begin(self.model.metrics)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare this epoch with the best one."""
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._comparison.better(current, self.best):
            self.best, self.best_epoch = current, epoch
            self._keep_weights()
            if self.baseline is None or self._comparison.better(current, self.baseline):
                self.wait = 0
        elif self.best_weights is None:
            self._keep_weights()  # no epoch was better than the first: that is the one to go back to
            self.best_epoch = epoch if self.restore_best_weights else self.best_epoch
        if self.wait >= max(self.patience, 1) and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._restore()

    def on_train_end(self, logs: Any = None) -> None:
        """Say that it stopped training; if it did not, go back to the best weights now."""
        if self.stopped_epoch == 0:
            self._restore()
        elif self.verbose:
            console.say(f"Epoch {self.stopped_epoch + 1}: early stopping")

    def get_monitor_value(self, logs: Any) -> Any:
        """The value to compare, or None, with a warning, at an epoch without it. A subclass may compute another."""
        return self._comparison.value(logs or {}, "EarlyStopping")

    def _keep_weights(self) -> None:
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def _restore(self) -> None:
        if self.best_weights is not None:
            if self.verbose:
                console.say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Any]:
        """What it has seen so far."""
        return {
            "wait": self.wait,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "stopped_epoch": self.stopped_epoch,
            "best_weights": None if self.best_weights is None else [w.copy() for w in self.best_weights],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for name, value in state.items():
            setattr(self, name, value)


def _larger_is_better(monitor: str) -> bool:
    return monitor.endswith(("acc", "accuracy", "auc"))
