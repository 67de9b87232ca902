"""`History`: the logs of every epoch, and a plot of them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minifit.callbacks import curves
from minifit.callbacks.base import Callback

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class History(Callback):
    """A callback that records the logs of every epoch; every `fit` has one and returns it.

    A History can be pickled, without its model.

    Attributes
    ----------
    epoch : list of int
        The epochs that were trained, counted from 0.
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
        # the position of each value on the axis of epochs
        self._places: dict[str, list[int]] = {}
        self._last = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Clear the epochs of an earlier fit; the values are kept, as in Keras."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Append this epoch's logs."""
        self.epoch.append(epoch)
        # counted from 1; a second fit continues after the first
        self._last = max(self._last, epoch) + 1
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
        """Draw the curves of training and validation, with separate axes for each metric.

        Requires matplotlib: ``pip install minifit-training[plot]``. Works without a screen and does not use `pyplot`.

        Parameters
        ----------
        path : str or PathLike, optional
            File to save the picture to: as PNG, or in the format of its suffix.
        metrics : str or list of str, optional
            Metrics to draw, such as ``"loss"`` or ``["loss", "accuracy"]``; by default all that were logged.
        ax : matplotlib Axes or list of them, optional
            Axes to draw on, one for each metric; by default those of a new figure.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook displays it. Change it further through its ``axes``.

        Raises
        ------
        MissingPackageError
            Without matplotlib.
        ArgumentError
            Before the first epoch, for a metric that was not logged, or for a suffix unknown to matplotlib.

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
