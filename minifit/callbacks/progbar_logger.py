"""`ProgbarLogger`: the progress of training, with the values of the logs."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from minifit import console
from minifit.callbacks.base import Callback, Run, written_by_chief
from minifit.errors import ArgumentError, legible
from minifit.progress_bar import ProgressBar, metric_names, shown
from minifit.settings import Setting, flag, unnamed


class _UseSteps(Setting):
    """The choice between steps and samples, which cannot change during a fit."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for a different choice during a fit."""
        if owner._in_fit and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} cannot change during a fit. Received: {self.name}={value!r} in a fit that counts "
                f"{'steps' if owner.use_steps else 'samples'}. Set it before fit."
            )


@written_by_chief
class ProgbarLogger(Callback):
    """A callback that shows a bar for every epoch, evaluation and prediction, and prints a line at its end.

    `fit`, `evaluate` and `predict` add one that counts steps, unless the list has one.

    Parameters
    ----------
    count_mode : {"samples", "steps"}, default "samples"
        The unit of the bar. Samples are counted where their number is known: in a `fit` on arrays, and in loops
        written by hand that pass ``samples`` to `set_params` and ``size`` in the logs of batches. Otherwise the bar
        counts steps.
    stateful_metrics : iterable of str, optional
        Keys whose values are shown unchanged. The values of the model's metrics are always shown unchanged: they are
        already means over the epoch. For other keys in the logs of batches, the mean over the batches is shown during
        an epoch.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For another `count_mode`, or names that are not strings.

    Notes
    -----
    Output goes to ``sys.stdout`` as it is when the epoch begins. With ``verbose=1`` a terminal or notebook shows a bar,
    which tqdm draws at most ten times a second; a pipe or file receives one plain line per epoch, as a terminal does
    with ``verbose=2``. With ``verbose=0`` nothing is printed, and with any other number only the title of each epoch,
    if there are several. Values have four decimals as in Keras, and more if they would otherwise look the same as in
    the previous epoch.

    Examples
    --------
    >>> callback = ProgbarLogger(count_mode="steps")

    References
    ----------
    ``tf.keras.callbacks.ProgbarLogger`` (TensorFlow 2.7). Rules PB-1 to PB-7 of the semantics.
    """

    adds_keys = ()
    use_steps = _UseSteps(flag)
    stateful_metrics = Setting(unnamed(metric_names), then="_choose_averaged")

    def __init__(self, count_mode: str = "samples", stateful_metrics: Iterable[str] | None = None) -> None:
        if count_mode not in ("samples", "steps"):
            raise ArgumentError(
                f"count_mode must be 'samples' or 'steps'. Received: count_mode={count_mode!r}. Pass one of them."
            )
        self._in_fit = False
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = stateful_metrics
        self.verbose: Any = 1
        # whether only the titles of epochs are printed
        self._titles = False
        self.epochs = 1
        self.target: int | None = None
        self.seen = 0
        self._bar = ProgressBar(live=True)
        # samples in a batch, in a fit that counts samples
        self._batch_size = 0
        # the numbers of the last line
        self._shown: dict[str, Any] = {}
        self._sums: dict[str, list[float]] = {}
        # the values of the last batch
        self._values: Mapping[str, Any] = {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Set the number of epochs and steps, and how much to print."""
        super().set_params(params)
        level = params.get("verbose", 1)
        self._titles = level not in (0, 1, 2, "auto")
        self.verbose = 0 if self._titles else level
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps" if self.use_steps or "samples" not in params else "samples")

    def watches(self, hook: str) -> bool:
        """Return False: the bar needs no call at every batch, and is drawn at most ten times a second."""
        return False

    def check_run(self, run: Run) -> None:
        """Record the numbers of samples in a batch and in an epoch."""
        if not self.use_steps and run.samples is not None and run.batch_size is not None:
            self.target, self._batch_size = run.samples, run.batch_size

    # -- fit --------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin a fit: evaluations are now validations, without bars of their own."""
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin a bar."""
        title = f"Epoch {epoch + 1}/{self.epochs}" if self.epochs else f"Epoch {epoch + 1}"
        self._begin(title)
        if self._titles and self.epochs != 1:
            console.say(title)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar, if it is due."""
        self._update(batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Replace the bar with the final line."""
        self._finish(logs)

    def on_train_end(self, logs: Any = None) -> None:
        """End the fit."""
        self.release()

    # -- evaluate and predict -----------------------------------------------------------------------------

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin a bar; in a fit, draw the bar of the epoch as it is before validation."""
        if not self._in_fit:
            self._begin("Evaluation")
        elif self.verbose:
            self._bar.draw_again(self._text(self._values))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar, if it is due; in a fit only its clock changes."""
        if not self._in_fit:
            self._update(batch, logs or {})
        elif self.verbose and self._bar.due():
            self._bar.draw(self._text(self._values))

    def on_test_end(self, logs: Any = None) -> None:
        """Replace the bar with the final line."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Begin a bar."""
        self._begin("Prediction")

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar, if it is due; predictions are not shown."""
        self._update(batch, {})

    def on_predict_end(self, logs: Any = None) -> None:
        """Replace the bar with the final line."""
        self._finish(None)

    def release(self) -> None:
        """Leave the bar of an interrupted epoch on the screen."""
        self._bar.close(leave=True)
        self._in_fit, self._batch_size, self._shown = False, 0, {}

    def lift(self) -> None:
        """Clear the bar from the line while other callbacks may print."""
        self._bar.lift()

    # -- values -----------------------------------------------------------------------------------------

    def _begin(self, title: str) -> None:
        self.seen = 0
        self._sums, self._values = {}, {}
        self._choose_averaged()
        self._bar.live = self.verbose in (1, "auto")
        if self.verbose:
            self._bar.begin(title, self.target, self._unit)

    def _choose_averaged(self) -> None:
        """Look up which values are shown unchanged: those that the model averages itself, and `stateful_metrics`."""
        self._unchanged = self.stateful_metrics | {m.name for m in getattr(self.model, "metrics", ())}

    @property
    def _unit(self) -> str:
        counts_samples = not self.use_steps and (self._batch_size or "samples" in (self.params or {}))
        return "sample" if counts_samples else "step"

    def _update(self, batch: int, logs: Mapping[str, Any]) -> None:
        if self._unit == "step":
            self.seen = batch + 1
        elif self._batch_size:
            self.seen = (batch + 1) * self._batch_size
            self.seen = self.seen if self.target is None else min(self.seen, self.target)
        else:
            self.seen += logs.get("size", 0) * logs.get("num_steps", 1)
        if not self.verbose:
            return
        self._bar.seen = self.seen
        self._values = logs if self._unchanged.issuperset(logs) else self._averaged(logs)
        if self._bar.due():
            self._bar.draw(self._text(self._values))

    def _averaged(self, logs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the logs of a batch, with means over the batches for values that the model does not average."""
        size = logs.get("size", 1) * logs.get("num_steps", 1)
        values: dict[str, Any] = {}
        for key, value in logs.items():
            if key in self._unchanged or isinstance(value, str):
                values[key] = value
            elif key not in ("size", "num_steps", "batch"):
                total, count = self._sums.get(key, (0.0, 0))
                self._sums[key] = [total + value * size, count + size]
                values[key] = self._sums[key][0] / max(self._sums[key][1], 1)
        return values

    def _finish(self, logs: Mapping[str, Any] | None) -> None:
        # the following epochs have the same length
        if self.target is None:
            self.target = self.seen
        values = logs or {}
        if self.verbose:
            self._bar.seen, self._bar.total = self.seen, self.target
            self._bar.finish(self._text(values, self._shown))
        else:
            self._bar.close()
        self._shown = {key: value for key, value in values.items() if isinstance(value, float | np.floating)}

    def _text(self, values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> str:
        before = before or {}
        return "".join(f" - {legible(key)}: {shown(value, before.get(key))}" for key, value in values.items())
