"""`BackupAndRestore`: an interrupted run resumes exactly where it was."""

import os
from typing import Any

from minifit import console
from minifit.callbacks.base import Callback, Run, implements
from minifit.callbacks.save_frequency import SaveFrequency
from minifit.distribute.agreeing import value_of_chief
from minifit.errors import ArgumentError
from minifit.saving.atomic import PathLike
from minifit.saving.backups import BackupFolder
from minifit.saving.hdf5 import need
from minifit.saving.paths import absolute, working_folder
from minifit.settings import Setting, flag
from minifit.workers import ALONE


def _path(name: str, value: Any) -> PathLike:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ArgumentError(
            f"{name} must be the path of a folder. Received: {name}={value!r}. Pass for example 'backup'."
        )
    return value


class _BackupDir(Setting):
    """The folder, which cannot change during a run."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for a different folder while a run uses one."""
        if owner._folder is not None and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} cannot change during a run. Received: {self.name}={value!r} in a run that uses "
                f"{owner.backup_dir!r}. Set it before fit."
            )


class BackupAndRestore(Callback):
    """A callback that backs up the whole training, and resumes from the backup when an interrupted run is restarted.

    The resumed run equals one that was never interrupted, bit for bit: weights, optimizer, random numbers, the
    position in the data, the sums of the metrics, and the state of every callback that has `get_state` and
    `set_state`. ``docs/backup.md`` says what is exact and what is not.

    Parameters
    ----------
    backup_dir : str or PathLike
        A folder for this run alone; created if missing.
    save_freq : "epoch" or int, default "epoch"
        "epoch" backs up after every epoch. An integer is a number of batches, counted across epochs; the run then
        resumes in the middle of an epoch.
    double_checkpoint : bool, default False
        Whether to keep the backup before the last one, too.
    delete_checkpoint : bool, default True
        Whether to delete the backup when training is complete. A run that is stopped early is complete; a run that
        an exception ends is not, nor is one whose data ends before its last epoch.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments out of range; in `fit`, if the folder is in use, or if the backup is of another model, optimizer,
        loss or data.
    FileFormatError
        In `fit`, if the backup is damaged.
    OSError
        In `fit`, if the folder cannot be written to.

    Notes
    -----
    The callback acts after all other callbacks, whatever its place in the list.

    With several workers, the chief writes and reads the backups, and all workers resume from them. The number of
    workers must be the same as before.

    Examples
    --------
    >>> callback = BackupAndRestore("backup")

    References
    ----------
    ``tf.keras.callbacks.experimental.BackupAndRestore`` (TensorFlow 2.7); `save_freq`, `double_checkpoint` and
    `delete_checkpoint` from Keras 3. Rules BR-1 to BR-10 of the semantics.
    """

    adds_keys = ()
    acts_last = True
    backup_dir = _BackupDir(_path)
    double_checkpoint, delete_checkpoint = Setting(flag), Setting(flag)

    def __init__(
        self,
        backup_dir: PathLike,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        # the folder, while a run uses it, and the working folder when the run began
        self._folder: BackupFolder | None = None
        self._began_in: str | None = None
        self.backup_dir = backup_dir
        self._frequency = SaveFrequency(save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._completed = False

    @property
    def save_freq(self) -> Any:
        """The interval between backups: "epoch" or a number of batches."""
        return self._frequency.interval

    @save_freq.setter
    def save_freq(self, value: Any) -> None:
        self._frequency.interval = value

    def check_run(self, run: Run) -> None:
        """Check that backups can be written; record the working folder, to which relative paths refer."""
        need("BackupAndRestore")
        self._began_in = working_folder()
        # raises if the folder of a relative path is gone
        absolute(self.backup_dir, self._began_in)

    def _opened(self) -> BackupFolder:
        if self._folder is None:
            self._folder = BackupFolder(absolute(self.backup_dir, self._began_in))
            self._folder.open()
        return self._folder

    def watches(self, hook: str) -> bool:
        """Return True for a hook that a subclass overrides; `wake_after` names the batches at which to back up."""
        return implements(self, hook, beyond=BackupAndRestore)

    def wake_after(self) -> int | None:
        """Return the number of batches until the next backup."""
        return self._frequency.wake_after()

    def on_train_begin(self, logs: Any = None) -> None:
        """Resume from the backup, if there is one and this object has not completed its run."""
        completed, self._completed = self._completed, False
        self._frequency.forget()
        captured = None
        if self.is_chief:
            folder = self._opened()
            if completed:
                folder.delete()
            else:
                captured = folder.load()
        if not completed:
            captured = value_of_chief(getattr(self.model, "workers", ALONE), captured)
        if captured is not None:
            self._resume_from(captured)

    def _resume_from(self, captured: Any) -> None:
        state, epochs = self.model.training_state, (self.params or {}).get("epochs")
        reached, initial = (captured["epoch"], captured["batch"]), state.epoch
        if epochs is not None and reached > (epochs, 0):
            raise ArgumentError(
                f"epochs must not end before the backup. Received: epochs={epochs}, and in "
                f"{os.fspath(self.backup_dir)!r} a backup of epoch {reached[0]}, batch {reached[1]}. "
                "Pass more epochs, or delete the folder to start from the beginning."
            )
        state.restore(captured)
        if state.epoch + (state.batch == state.batches.steps) < initial:
            console.warn(
                f"The run in {os.fspath(self.backup_dir)!r} resumes at its backup, at epoch {state.epoch}. "
                f"Received: initial_epoch={initial}, which is not used. Delete the folder to begin there."
            )
        if epochs is not None and state.epoch >= epochs and not state.stop_training:
            console.warn(
                f"The run in {os.fspath(self.backup_dir)!r} has trained all of its epochs: nothing is left to do. "
                f"Received: epochs={epochs}. Pass more, or delete the folder to start from the beginning."
            )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Restart the numbers of batches."""
        self._frequency.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count batches, and back up when a backup is due."""
        if self._frequency.due(batch):
            self._back_up()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Back up, unless the data ended early and the epoch is incomplete."""
        if self._frequency.by_epochs and not self.model.training_state.batches.ended:
            self._back_up()

    def on_train_end(self, logs: Any = None) -> None:
        """Delete the backup if the run is complete; a run whose data ended too early is not."""
        state, epochs = self.model.training_state, (self.params or {}).get("epochs")
        self._completed = epochs is None or state.stop_training or state.epoch >= epochs
        if self._completed and self.delete_checkpoint and self.is_chief:
            self._opened().delete()

    def release(self) -> None:
        """Unlock the folder for other runs."""
        folder, self._folder, self._began_in = self._folder, None, None
        if folder is not None:
            folder.close()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy without the folder: a copy opens it itself, once the original has released it."""
        return {**vars(self), "_folder": None, "_began_in": None}

    def get_state(self) -> dict[str, Any]:
        """Return the numbers of batches since the last backup and in this epoch."""
        return {"batches": self._frequency.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the counts of a captured run."""
        self._frequency.set_state(state["batches"])

    def _back_up(self) -> None:
        # all workers hold the same numbers
        if not self.is_chief:
            return
        folder = self._opened()
        folder.keep_previous = self.double_checkpoint
        folder.save(self.model.training_state.capture())
