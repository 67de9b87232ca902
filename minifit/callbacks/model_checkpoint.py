"""`ModelCheckpoint`: the model or its weights on disk, at every epoch or when it has become better."""

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
from minifit.distribute.agreeing import take_chiefs_weights
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving import formats
from minifit.saving.device_options import CheckpointOptions, SaveOptions
from minifit.saving.hdf5 import checked_options, need
from minifit.saving.paths import in_folder, working_folder
from minifit.settings import Setting


class ModelCheckpoint(Monitoring):
    """Saves the model, or its weights, after every epoch or every so many batches.

    A file appears whole or not at all: a crash, a full disk or a kill in the middle leaves the one that was there.

    Parameters
    ----------
    filepath : str or PathLike
        May have placeholders for ``epoch`` and ``batch`` (both from 1) and the keys of the logs, with formats:
        ``"weights.{epoch:02d}-{val_loss:.2f}.h5"``. The suffix decides the format of the file. A whole model may be
        saved to a folder, as by ``model.save``. Under the stand-in names without a suffix are folders and checkpoints.
    monitor : str, default "val_loss"
        The key of the logs by which `save_best_only` judges.
    verbose : int, default 0
        Whether to say what is saved.
    save_best_only : bool, default False
        Whether to save only when `monitor` is better than ever before, in this fit and earlier ones.
    save_weights_only : bool, default False
        Whether to save the weights alone.
    mode : {"auto", "min", "max"}, default "auto"
        "auto" is "max" for names that contain acc or begin with fmeasure, else "min".
    save_freq : "epoch" or int, default "epoch"
        After every epoch, or after so many batches, counted over all epochs.
    options : dict, CheckpointOptions or SaveOptions, optional
        How arrays are stored: ``compression`` ("gzip"), ``compression_opts`` (0 to 9), ``shuffle`` (bool). TensorFlow's
        objects name a device, of which there is one, and say nothing of that.
    initial_value_threshold : float, optional
        What the first value must be better than, for a training that goes on from an earlier one.
    **kwargs
        ``period``, the older way to save after every so many epochs; ``load_weights_on_restart``, to begin with the
        weights of the newest file.

    Attributes
    ----------
    best : float
        The best value so far.
    monitor_op : ufunc
        ``np.less`` or ``np.greater``: which direction is better.
    epochs_since_last_save : int

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments that cannot be used.
    MissingKeyError
        From `fit`, before training, when nothing can fill a placeholder (rule MC-3).
    KeyError
        From `fit`, at the first save, when something might have filled it and did not.
    OSError
        From `fit`, when a file cannot be written.

    Notes
    -----
    With `steps_per_execution` the batches are looked at in whole executions. The logs of batches have no validation
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
        self._began_in: str | None = None  # the working folder, while a fit runs

    @property
    def save_freq(self) -> Any:
        """After every epoch, or after so many batches."""
        return self._frequency.given

    @save_freq.setter
    def save_freq(self, value: Any) -> None:
        self._frequency.given = value

    @property
    def _pattern(self) -> FilePattern:
        return FilePattern(self.filepath)

    @staticmethod
    def _larger_is_better(monitor: str) -> bool:
        return "acc" in monitor or monitor.startswith("fmeasure")

    @property
    def best(self) -> Any:
        """The best value so far; before the first one, `initial_value_threshold` if there is one."""
        threshold = self.initial_value_threshold
        return super().best if threshold is None or self._best is not None else threshold

    @best.setter
    def best(self, value: Any) -> None:
        self._best = value

    def _take_older(
        self, period: int | None = None, load_weights_on_restart: bool | None = None, **unknown: Any
    ) -> None:
        """Arguments of earlier versions, each with a warning."""
        if unknown:
            raise ArgumentTypeError(
                "ModelCheckpoint takes, besides its own arguments, period and load_weights_on_restart alone. "
                f"Received: {', '.join(unknown)}. Leave it out."
            )
        if period is not None:
            console.warn(
                "period is an older argument; save_freq says how many batches lie between two saves."
            )
        if load_weights_on_restart is not None:
            console.warn(
                "load_weights_on_restart is an older argument; call model.load_weights before fit instead."
            )
        self.period = 1 if period is None else period
        self.load_weights_on_restart = bool(load_weights_on_restart)

    # -- before training --------------------------------------------------------------------------------

    def check_run(self, run: Run) -> None:
        """Refuse a folder in the place of the file, and placeholders that nothing fills or that do not fit."""
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
                f"filepath={self.filepath!r}. Leave it out, or give a name that ends with .weights.h5."
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
                    f"ModelCheckpoint's filepath {self.filepath!r} needs {name!r} in the logs, which will be there "
                    "only if a callback ahead of it writes it. Saving fails if none does."
                )
            elif not added:
                raise pattern.missing(name, keys)
        pattern.check(run.coming_keys)

    def writes_to(self) -> tuple[str, ...]:
        """The file, or the pattern of its names."""
        return (self.filepath,)

    def on_train_begin(self, logs: Any = None) -> None:
        """Warn of a doubtful direction; with the older argument, take the weights of the newest file."""
        if self.save_best_only:
            self.begin_monitoring()
        if self.load_weights_on_restart:
            if self.is_chief and (newest := FilePattern(self._at(self.filepath)).newest()) is not None:
                self.model.load_weights(newest)
            take_chiefs_weights(self.model)

    # -- when -------------------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Not every batch: it is woken where it saves. A subclass may want to see them all."""
        decides = type(self)._should_save_on_batch is not ModelCheckpoint._should_save_on_batch
        return implements(self, hook, beyond=ModelCheckpoint) or (decides and hook == "on_train_batch_end")

    def wake_after(self) -> int | None:
        """How many batches there are until the next save."""
        return self._frequency.wake_after()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the number of the epoch; batches are numbered anew."""
        self._current_epoch = epoch
        self._frequency.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the batches, and save when there were enough."""
        if self._should_save_on_batch(batch):
            self._save_model(epoch=self._current_epoch, batch=batch, logs=logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, unless batches are counted."""
        self.epochs_since_last_save += 1
        if self._frequency.by_epochs and self.epochs_since_last_save >= self.period:
            self.epochs_since_last_save = 0
            self._save_model(epoch=epoch, batch=None, logs=logs or {})

    def _should_save_on_batch(self, batch: int) -> bool:
        """Return True where it is time to save; the count of batches begins again then.

        This method and the next two have their names from tf.keras: subclasses of others call and override them.
        """
        return self._frequency.due(batch)

    def _to_come(self, batch: int | None) -> tuple[str, ...]:
        """Return the keys that the logs of this fit have, if not at every epoch."""
        return self._expected if batch is None else self._batch_keys

    # -- what -------------------------------------------------------------------------------------------

    def _save_model(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """Save, unless only the best model is kept and this is none."""
        needed = {self.monitor} if self.save_best_only else set()
        if any(key in self._to_come(batch) and key not in logs for key in needed.union(self._pattern.names)):
            return  # an epoch without validation
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
        """Return the path that `filepath` stands for."""
        counted = {} if batch is None else {"batch": batch + 1}
        return self._pattern.fill({**counted, **(logs or {}), "epoch": epoch + 1})

    def _write(self, path: str) -> None:
        if self.is_chief:
            save = self.model.save_weights if self.save_weights_only else self.model.save
            save(self._at(path), overwrite=True, options=self.options)

    def _at(self, path: str) -> str:
        """Return the path from where the run began, whatever the working folder is now."""
        return in_folder(self._began_in or working_folder(), path)

    def release(self) -> None:
        """End the fit: relative paths are counted from the working folder again."""
        self._began_in = None

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose:
            say(self, f"Epoch {epoch + 1}: {text}")

    # -- a resumed run ----------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """The best value, and how far it has counted."""
        return {
            "best": self.best,
            "epochs_since_last_save": self.epochs_since_last_save,
            "batches": self._frequency.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.best, self.epochs_since_last_save = state["best"], state["epochs_since_last_save"]
        self._frequency.set_state(state["batches"])
