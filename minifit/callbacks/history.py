"""`History`: what every epoch's logs were."""

from typing import Any

from minifit.callbacks.base import Callback


class History(Callback):
    """Records the logs of every epoch; every `fit` has one, and returns it.

    Attributes
    ----------
    epoch : list of int
        The epochs that were trained, from 0.
    history : dict from str to list of float
        Each key of the logs with its value at every epoch.

    References
    ----------
    ``tf.keras.callbacks.History`` (TensorFlow 2.7).
    """

    adds_keys = ()

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the epochs of an earlier fit (the values stay, as in Keras)."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Append this epoch's logs."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        if self.model is not None:
            self.model.history = self
