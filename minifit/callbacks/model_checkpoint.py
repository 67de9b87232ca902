"""`ModelCheckpoint`: saves the model or its weights, regularly or when a value improves."""

import errno
import os
from collections.abc import Mapping
from typing import Any, Literal

from minifit import console
from minifit.callbacks.base import Logs, Run, implements, say
from minifit.callbacks.file_pattern import FilePattern
from minifit.callbacks.monitoring import Monitoring
from minifit.callbacks.save_frequency import SaveFrequency
from minifit.checks import positive, reference
from minifit.distribute.agreeing import adopt_chiefs_weights
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving import formats
from minifit.saving.device_options import CheckpointOptions, SaveOptions
from minifit.saving.hdf5 import checked_options, need
from minifit.saving.paths import in_folder, working_folder
from minifit.settings import Setting


class ModelCheckpoint(Monitoring):
    """A callback that saves the model or its weights after every epoch, or after a number of batches.

    A file appears complete or not at all: a crash, a full disk or a kill during a save leaves the previous file.

    Parameters
    ----------
    filepath : str or PathLike
        May contain placeholders for ``epoch`` and ``batch`` (both counted from 1) and for the keys of the logs, with
        formats: ``"weights.{epoch:02d}-{val_loss:.2f}.h5"``. The suffix decides the format of the file. A whole model
        may be saved to a folder, as with ``model.save``. Under the stand-in for tf.keras, names without a suffix are
        folders and checkpoints.
    monitor : str, default "val_loss"
        The key of the logs that `save_best_only` compares.
    verbose : int, default 0
        Whether to print a line for every save, and whenever `save_best_only` finds no improvement.
    save_best_only : bool, default False
        Whether to save only if the value of `monitor` is the best so far, in this fit and in earlier ones.
    save_weights_only : bool, default False
        Whether to save only the weights.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" is "max" for names that contain acc or begin with fmeasure, else "min".
    save_freq : "epoch" or int, default "epoch"
        "epoch" saves after every epoch. An integer is a number of batches, counted across epochs.
    options : dict, CheckpointOptions or SaveOptions, optional
        How arrays are stored: ``compression`` ("gzip"), ``compression_opts`` (0 to 9), ``shuffle`` (bool). TensorFlow's
        objects only name a device; they have no effect here.
    initial_value_threshold : float, optional
        A value that the first one must improve on, for a training that continues an earlier one.
    **kwargs
        ``period``, the older argument for saving after every so many epochs; ``load_weights_on_restart``, to begin with
        the weights of the newest file.

    Attributes
    ----------
    best : float
        The best value so far.
    monitor_op : ufunc
        ``np.less`` or ``np.greater``, by the direction that is better.
    epochs_since_last_save : int

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments that cannot be used.
    MissingKeyError
        From `fit`, before training, if nothing can fill a placeholder (rule MC-3).
    KeyError
        From `fit`, at the first save, if a callback might have filled a placeholder and did not.
    OSError
        From `fit`, if a file cannot be written.

    Notes
    -----
    With `steps_per_execution`, batches are counted after every execution. The logs of batches have no validation
    values.

    Examples
    --------
    >>> callback = ModelCheckpoint("best.h5", monitor="val_accuracy", mode="max", save_best_only=True)

    References
    ----------
    ``tf.keras.callbacks.ModelCheckpoint`` (TensorFlow 2.7); `initial_value_threshold` from Keras 2.8. Rules MC-1 to
    MC-7 of the semantics.
    """

    adds_keys = ()
    filepath = Setting(lambda _, value: FilePattern(value).text)
    options = Setting(lambda _, value: None if value is None else dict(checked_options(value)))
    initial_value_threshold = Setting(reference)
    period = Setting(positive)

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | Literal["epoch"] = "epoch",
        options: Mapping[str, Any] | CheckpointOptions | SaveOptions | None = None,
        initial_value_threshold: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.filepath, self.monitor, self.mode = filepath, monitor, mode
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self._frequency = SaveFrequency(save_freq)
        self.options = options
        self._take_older(**kwargs)
        self.initial_value_threshold = initial_value_threshold
        self.epochs_since_last_save = 0
        self._current_epoch = 0
        self._batch_keys: tuple[str, ...] = ()
        # the working folder at the start of the fit, while a fit runs
        self._began_in: str | None = None

    @property
    def save_freq(self) -> Any:
        """The interval between saves: "epoch" or a number of batches."""
        return self._frequency.interval

    @save_freq.setter
    def save_freq(self, value: Any) -> None:
        self._frequency.interval = value

    @property
    def _pattern(self) -> FilePattern:
        return FilePattern(self.filepath)

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        return "acc" in monitor or monitor.startswith("fmeasure")

    @property
    def best(self) -> Any:
        """The best value so far; before the first one, `initial_value_threshold` if it is set."""
        threshold = self.initial_value_threshold
        return super().best if threshold is None or self._best is not None else threshold

    @best.setter
    def best(self, value: Any) -> None:
        self._best = value

    def _take_older(
        self, period: int | None = None, load_weights_on_restart: bool | None = None, **unknown: Any
    ) -> None:
        """Apply arguments of earlier versions, each with a warning."""
        if unknown:
            raise ArgumentTypeError(
                "ModelCheckpoint accepts only its own arguments, period and load_weights_on_restart. "
                f"Received: {', '.join(unknown)}. Remove it."
            )
        if period is not None:
            console.warn(
                "period is an older argument; save_freq sets the number of batches between two saves."
            )
        if load_weights_on_restart is not None:
            console.warn(
                "load_weights_on_restart is an older argument; call model.load_weights before fit instead."
            )
        self.period = 1 if period is None else period
        self.load_weights_on_restart = bool(load_weights_on_restart)

    # -- before training --------------------------------------------------------------------------------

    def check_run(self, run: Run) -> None:
        """Raise for a folder instead of a file, a placeholder that nothing fills, or a format that does not fit."""
        need("ModelCheckpoint")
        file = self.filepath if self.save_weights_only else formats.place(self.filepath)
        is_begin = self.save_weights_only and formats.is_checkpoint(self.filepath)
        if (os.path.isdir(file) and not is_begin) or os.fspath(file)[-1:] in (os.sep, os.altsep):
            raise IsADirectoryError(
                errno.EISDIR, "ModelCheckpoint needs the name of a file, not of a folder", self.filepath
            )
        if self.save_weights_only and not formats.of(self.filepath).holds_weights:
            raise ArgumentError(
                "A .keras file holds a whole model. Received: save_weights_only=True with "
                f"filepath={self.filepath!r}. Leave it out, or use a name that ends with .weights.h5."
            )
        super().check_run(run)
        self._batch_keys, self._began_in = run.keys, working_folder()
        hook, keys = "on_epoch_end", ("epoch", *run.coming_keys)
        if not self._frequency.by_epochs:
            hook, keys = "on_train_batch_end", ("epoch", "batch", *run.keys)
        pattern = self._pattern
        ahead = run.ahead_of(self)
        for name in set(pattern.names) - set(keys) if run.keys_known else ():
            added = ahead.added_by_callbacks(name, hook)
            if added is None:
                console.warn(
                    f"ModelCheckpoint's filepath {self.filepath!r} needs {name!r} in the logs, which is there only if "
                    "an earlier callback writes it. Saving fails if none does."
                )
            elif not added:
                raise pattern.missing(name, keys)
        pattern.check(run.coming_keys)

    def writes_to(self) -> tuple[str, ...]:
        """Return the file, or the pattern of its names."""
        return (self.filepath,)

    def on_train_begin(self, logs: Any = None) -> None:
        """Warn if the guessed direction seems wrong; with `load_weights_on_restart`, load the newest file."""
        if self.save_best_only:
            self.begin_monitoring()
        if self.load_weights_on_restart:
            if self.is_chief and (newest := FilePattern(self._at(self.filepath)).newest()) is not None:
                self.model.load_weights(newest)
            adopt_chiefs_weights(self.model)

    # -- when to save -----------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Return True for a hook that a subclass overrides; `wake_after` names the batches at which to save."""
        decides = type(self)._should_save_on_batch is not ModelCheckpoint._should_save_on_batch
        return implements(self, hook, beyond=ModelCheckpoint) or (decides and hook == "on_train_batch_end")

    def wake_after(self) -> int | None:
        """Return the number of batches until the next save."""
        return self._frequency.wake_after()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Record the number of the epoch, and restart the numbers of batches."""
        self._current_epoch = epoch
        self._frequency.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count batches, and save when a save is due."""
        if self._should_save_on_batch(batch):
            self._save_model(epoch=self._current_epoch, batch=batch, logs=logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, unless `save_freq` counts batches."""
        self.epochs_since_last_save += 1
        if self._frequency.by_epochs and self.epochs_since_last_save >= self.period:
            self.epochs_since_last_save = 0
            self._save_model(epoch=epoch, batch=None, logs=logs or {})

    def _should_save_on_batch(self, batch: int) -> bool:
        """Return True if a save is due; the count of batches then restarts.

        This method, `_save_model` and `_get_file_path` have the names of tf.keras: users' subclasses call and override
        them.
        """
        return self._frequency.due(batch)

    def _expected_keys(self, batch: int | None) -> tuple[str, ...]:
        """Return the keys that the logs of this fit will have, if not at every epoch."""
        return self._expected if batch is None else self._batch_keys

    # -- saving -----------------------------------------------------------------------------------------

    def _save_model(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save, unless `save_best_only` is set and the value is not the best."""
        needed = {self.monitor} if self.save_best_only else set()
        # an epoch without validation saves nothing
        if any(
            key in self._expected_keys(batch) and key not in logs for key in needed.union(self._pattern.names)
        ):
            return
        path = self._get_file_path(epoch, batch, logs)
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            self._write(path)
            return
        current = self.monitored(logs, batch is not None)
        if current is None:
            return
        if not self._comparison.better(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {self.best:.5f}")
            return
        self._say(
            epoch,
            f"{self.monitor} improved from {self.best:.5f} to {current:.5f}, saving model to {path}",
        )
        self._write(path)
        self.best = current

    def _get_file_path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """Return `filepath` with its placeholders filled."""
        counted = {} if batch is None else {"batch": batch + 1}
        return self._pattern.fill({**counted, **(logs or {}), "epoch": epoch + 1})

    def _write(self, path: str) -> None:
        if self.is_chief:
            save = self.model.save_weights if self.save_weights_only else self.model.save
            save(self._at(path), overwrite=True, options=self.options)

    def _at(self, path: str) -> str:
        """Return the path relative to the working folder at the start of the run, whatever it is now."""
        return in_folder(self._began_in or working_folder(), path)

    def release(self) -> None:
        """End the fit: relative paths refer to the current working folder again."""
        self._began_in = None

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose:
            say(self, f"Epoch {epoch + 1}: {text}")

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Return the best value and the counts of epochs and batches."""
        return {
            "best": self.best,
            "epochs_since_last_save": self.epochs_since_last_save,
            "batches": self._frequency.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the state of a captured run."""
        self.best, self.epochs_since_last_save = state["best"], state["epochs_since_last_save"]
        self._frequency.set_state(state["batches"])
