"""`History`: what every epoch's logs were, and a picture of them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minifit.callbacks import curves
from minifit.callbacks.base import Callback

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class History(Callback):
    """Records the logs of every epoch; every `fit` has one, and returns it.

    It can be pickled; the model stays behind.

    Attributes
    ----------
    epoch : list of int
        The epochs that were trained, from 0.
    history : dict from str to list of float
        Each key of the logs with its value at every epoch.
    params : dict
        ``epochs``, ``steps`` and ``verbose`` of the fit.

    References
    ----------
    ``tf.keras.callbacks.History`` (TensorFlow 2.7).
    """

    adds_keys = ()

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}
        self._places: dict[str, list[int]] = {}  # where on the axis of epochs each value lies
        self._last = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the epochs of an earlier fit (the values stay, as in Keras)."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Append this epoch's logs."""
        self.epoch.append(epoch)
        self._last = max(self._last, epoch) + 1  # counted from 1, and a second fit goes on behind the first
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
            self._places.setdefault(key, []).append(self._last)
        if self.model is not None and getattr(self.model, "history", None) is not self:
            self.model.history = self

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        metrics: str | Sequence[str] | None = None,
        ax: "Axes | Sequence[Axes] | None" = None,
    ) -> "Figure":
        """Draw the curves of training and validation, each metric with its own axes.

        Needs matplotlib: ``pip install minifit-training[plot]``. Works without a screen, and leaves `pyplot` alone.

        Parameters
        ----------
        path : str or PathLike, optional
            File to save the picture to: PNG, or what another suffix says.
        metrics : str or list of str, optional
            What to draw: ``"loss"``, or ``["loss", "accuracy"]``. By default everything that was logged.
        ax : matplotlib Axes or list of them, optional
            Where to draw, one for each metric. By default in a new figure.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it. Its ``axes`` are there for further changes.

        Raises
        ------
        MissingPackageError
            Without matplotlib.
        ArgumentError
            Before the first epoch, for a metric that was not logged, or a suffix that matplotlib does not know.

        Examples
        --------
        >>> history = History()
        >>> for epoch, loss in enumerate([0.9, 0.5, 0.4]):
        ...     history.on_epoch_end(epoch, {"loss": loss, "val_loss": loss + 0.1})
        >>> figure = history.plot()
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation']
        """
        return curves.draw(self.history, self._places, path, metrics, ax)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "model"}
