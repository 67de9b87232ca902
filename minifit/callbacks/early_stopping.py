"""`EarlyStopping`: stops training when a value no longer improves."""

from typing import Any

from minifit.arrays import Array
from minifit.callbacks.base import say
from minifit.callbacks.monitoring import Monitoring
from minifit.checks import epochs, number, reference
from minifit.settings import Setting


class EarlyStopping(Monitoring):
    """A callback that stops training when a monitored value has not improved for a number of epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        A key of the logs.
    min_delta : float, default 0
        The least improvement that counts; its sign is ignored.
    patience : int or float, default 0
        Epochs without improvement after which training stops. A fraction is rounded up; infinity is never reached.
    verbose : int, default 0
        Whether to print a line when training stops and when weights are restored.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" is "max" for names that end with acc, accuracy or auc, else "min".
    baseline : float, optional
        A value that must be beaten for `wait` to return to 0.
    restore_best_weights : bool, default False
        Whether to restore the weights of the best epoch, also when training runs to its end.
    start_from_epoch : int, default 0
        Epochs before this one are ignored.

    Attributes
    ----------
    wait : int
        Epochs since the last improvement.
    best : float
    best_epoch : int
        Counted from 0.
    stopped_epoch : int
        The epoch at which the callback stopped training, counted from 0; 0 if it did not.
    best_weights : list of ndarray or None
    monitor_op : ufunc
        ``np.less`` or ``np.greater``: which direction is better.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a negative `patience` or `start_from_epoch`, and values that are not numbers.

    Notes
    -----
    The callback never stops at the first epoch. NaN is never an improvement.

    Examples
    --------
    >>> callback = EarlyStopping(monitor="loss", patience=3)

    References
    ----------
    ``tf.keras.callbacks.EarlyStopping`` (TensorFlow 2.7); `start_from_epoch` from Keras 2.11. Rules ES-1 to
    ES-5 of the semantics.
    """

    adds_keys = ()
    min_delta = Setting(lambda name, value: abs(number(name, value, example=0.001)))
    patience, start_from_epoch = Setting(epochs), Setting(epochs)
    baseline = Setting(reference)

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
        self.monitor, self.mode = monitor, mode
        self.min_delta = min_delta
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._begin()

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        return monitor.endswith(("acc", "accuracy", "auc"))

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self._best = None
        self.best_epoch = 0
        self.best_weights: list[Array] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Reset the state of an earlier fit."""
        self._begin()
        self.begin_monitoring()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare this epoch with the best one."""
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        better = self._comparison.better
        if better(current, self.best):
            self.best, self.best_epoch = current, epoch
            self._keep_weights()
            if self.baseline is None or better(current, self.baseline):
                self.wait = 0
        elif self.best_weights is None:
            # no epoch was better than the first one, whose weights are then the ones to restore
            self._keep_weights()
            self.best_epoch = epoch if self.restore_best_weights else self.best_epoch
        if self.wait >= max(self.patience, 1) and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._restore()

    def on_train_end(self, logs: Any = None) -> None:
        """Print that the callback stopped training; if it did not, restore the best weights now."""
        if self.stopped_epoch == 0:
            self._restore()
        elif self.verbose:
            say(self, f"Epoch {self.stopped_epoch + 1}: early stopping")

    def get_monitor_value(self, logs: Any) -> Any:
        """Return the value to compare; None, with a warning, if it is missing. A subclass may compute another value."""
        return self.monitored(logs or {})

    def _keep_weights(self) -> None:
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def _restore(self) -> None:
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                say(self, f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Any]:
        """Return the counts and the best value and weights so far."""
        return {
            "wait": self.wait,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "stopped_epoch": self.stopped_epoch,
            "best_weights": None if self.best_weights is None else [w.copy() for w in self.best_weights],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a captured run."""
        for name, value in state.items():
            setattr(self, name, value)
