"""`Progbar`: the progress bar of `fit` for hand-written loops."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from minifit.checks import not_negative, positive
from minifit.errors import ArgumentError, legible
from minifit.progress_bar import ProgressBar, metric_names, shown


class Progbar:
    """A progress bar that looks like that of `fit`.

    Parameters
    ----------
    target : int or None
        Total number of steps; None when unknown.
    width : int, default 30
        Characters of the bar itself.
    verbose : {1, 0, 2}, default 1
        0 is silent, 1 shows a bar on a terminal or in a notebook and a line at the end, 2 shows only the line.
    interval : float, default 0.05
        Shortest time between two updates of the bar, in seconds.
    stateful_metrics : iterable of str, optional
        Names of values that are shown unchanged. Other values are averaged over the steps.
    unit_name : str, default "step"
        Word for a step.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For any other argument.

    Notes
    -----
    The clock starts here. The final line is ``10/10 steps - 0.25 s - loss: 0.1234``.

    Examples
    --------
    >>> bar = Progbar(2, verbose=0)
    >>> bar.update(1, [("loss", 0.5)])
    >>> bar.add(1, [("loss", 0.25)])

    References
    ----------
    ``tf.keras.utils.Progbar`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if verbose not in (0, 1, 2):
            raise ArgumentError(
                "verbose must be 0 (silent), 1 (a bar) or 2 (a line at the end). "
                f"Received: verbose={verbose!r}. Pass one of them."
            )
        self.target = None if target is None else positive("target", target, least=0)
        self.width = positive("width", width)
        self.verbose = verbose
        self.interval = not_negative("interval", interval, 0.05, infinite=True)
        self.stateful_metrics = metric_names(stateful_metrics)
        self.unit_name = unit_name
        self._bar = ProgressBar(live=verbose == 1)
        self._began = time.time()
        self._is_shown = False
        self._seen = 0
        self._sums: dict[str, tuple[Any, int]] = {}

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show the progress of the loop.

        Parameters
        ----------
        current : int
            Number of steps done.
        values : list of tuple (name, value), optional
            Values of the steps since the last call.
        finalize : bool, optional
            Whether this is the last call; None means that it is once `current` reaches the target.
        """
        for name, value in values or ():
            self._take(name, value, max(current - self._seen, 1))
        self._seen = current
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if not self.verbose:
            return
        if not self._is_shown:
            self._bar.live, self._bar.width, self._bar.interval = self.verbose == 1, self.width, self.interval
            self._bar.begin("", self.target, self.unit_name, self._began)
            self._is_shown = True
        self._bar.seen, self._bar.total = current, self.target
        if finalize:
            self._bar.finish(self._text())
            self._is_shown = False
        elif self._bar.due():
            self._bar.draw(self._text())

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Advance the bar by `n` steps; `values` as for `update`."""
        self.update(self._seen + n, values)

    def _take(self, name: str, value: Any, steps: int) -> None:
        """Add a value to its mean; replace the value of a stateful metric."""
        if name in self.stateful_metrics:
            self._sums[name] = value, 1
            return
        total, count = self._sums.get(name, (0.0, 0))
        self._sums[name] = total + float(np.mean(value)) * steps, count + steps

    def _text(self) -> str:
        means = {name: total if count == 1 else total / count for name, (total, count) in self._sums.items()}
        return "".join(f" - {legible(name)}: {shown(value)}" for name, value in means.items())
