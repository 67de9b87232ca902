"""`BackupAndRestore`: an interrupted run goes on as if nothing had happened."""

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
            f"{name} is the path of a folder. Received: {name}={value!r}. Pass for example 'backup'."
        )
    return value


class _BackupDir(Setting):
    """The folder, which a run keeps to its end."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for another folder while a run uses one."""
        if owner._folder is not None and self.differs(owner, value):
            raise ArgumentError(
                f"A run keeps its {self.name}. Received: {self.name}={value!r} in a run that uses "
                f"{owner.backup_dir!r}. Set it before fit."
            )


class BackupAndRestore(Callback):
    """Backs up the whole training, and goes on from the backup when a run that was interrupted is started again.

    The resumed run equals one that was never interrupted, bit for bit: weights, optimizer, random numbers, the
    place in the data, the sums of the metrics, and the state of every callback that has `get_state` and
    `set_state`. ``docs/backup.md`` says what is exact and what is not.

    Parameters
    ----------
    backup_dir : str or PathLike
        A folder for this run alone; made when it is not there.
    save_freq : "epoch" or int, default "epoch"
        When to back up: after every epoch, or after every so many batches, counted over epochs; then the run goes
        on in the middle of the epoch.
    double_checkpoint : bool, default False
        Whether the backup before the last one is kept, too.
    delete_checkpoint : bool, default True
        Whether the backup is deleted when training has come to its end. A run that is stopped early has come to
        its end; one that an exception ends has not, nor one whose data ends before its last epoch.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For arguments out of range; in `fit` when the folder is in use, or the backup is of another model,
        optimizer, loss or data.
    FileFormatError
        In `fit`, when the backup is damaged.
    OSError
        In `fit`, when the folder cannot be written to.

    Notes
    -----
    It acts after all other callbacks, whatever its place in the list.

    Where several workers train, the chief writes and reads the backups, and all go on from them; a run goes on with as
    many workers as it had.

    Examples
    --------
    >>> callback = BackupAndRestore("backup")

    References
    ----------
    ``tf.keras.callbacks.experimental.BackupAndRestore`` (TensorFlow 2.7); `save_freq`, `double_checkpoint` and
    `delete_checkpoint` from Keras 3. Rules BR-1 to BR-9 of the semantics.
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
        self._folder: BackupFolder | None = None  # while a run uses it
        self._began_in: str | None = None  # the working folder then
        self.backup_dir = backup_dir
        self._frequency = SaveFrequency(save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._completed = False

    @property
    def save_freq(self) -> Any:
        """After every epoch, or after so many batches."""
        return self._frequency.given

    @save_freq.setter
    def save_freq(self, value: Any) -> None:
        self._frequency.given = value

    def check_run(self, run: Run) -> None:
        """See that backups can be written; remember the working folder, from which relative paths are counted."""
        need("BackupAndRestore")
        self._began_in = working_folder()
        absolute(self.backup_dir, self._began_in)  # raises where a relative path has lost its folder

    def _opened(self) -> BackupFolder:
        if self._folder is None:
            self._folder = BackupFolder(absolute(self.backup_dir, self._began_in))
            self._folder.open()
        return self._folder

    def watches(self, hook: str) -> bool:
        """Not every batch: it is woken where it backs up. A subclass may want to see them all."""
        return implements(self, hook, beyond=BackupAndRestore)

    def wake_after(self) -> int | None:
        """How many batches there are until the next backup."""
        return self._frequency.wake_after()

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the backup, if there is one and it is not of a run that this object saw to its end."""
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
            self._go_on_from(captured)

    def _go_on_from(self, captured: Any) -> None:
        state, epochs = self.model.training_state, (self.params or {}).get("epochs")
        reached, asked = (captured["epoch"], captured["batch"]), state.epoch
        if epochs is not None and reached > (epochs, 0):
            raise ArgumentError(
                f"A run goes on from its backup to a later epoch. Received: epochs={epochs}, and in "
                f"{os.fspath(self.backup_dir)!r} a backup of epoch {reached[0]}, batch {reached[1]}. "
                "Pass more epochs, or delete the folder to begin again."
            )
        state.restore(captured)
        if state.epoch + (state.batch == state.batches.steps) < asked:
            console.warn(
                f"The run in {os.fspath(self.backup_dir)!r} goes on where its backup is, at epoch {state.epoch}. "
                f"Received: initial_epoch={asked}, which is not used. Delete the folder to begin there."
            )
        if epochs is not None and state.epoch >= epochs and not state.stop_training:
            console.warn(
                f"The run in {os.fspath(self.backup_dir)!r} has trained all of its epochs: nothing is left to do. "
                f"Received: epochs={epochs}. Pass more, or delete the folder to begin anew."
            )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Batches are numbered anew."""
        self._frequency.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count batches, and back up when it is time."""
        if self._frequency.due(batch):
            self._back_up()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Back up, unless the data has ended: the epoch is not whole."""
        if self._frequency.by_epochs and not self.model.training_state.batches.ended:
            self._back_up()

    def on_train_end(self, logs: Any = None) -> None:
        """Delete the backup if the run is complete; one whose data ended before its time is not."""
        state, epochs = self.model.training_state, (self.params or {}).get("epochs")
        self._completed = epochs is None or state.stop_training or state.epoch >= epochs
        if self._completed and self.delete_checkpoint and self.is_chief:
            self._opened().delete()

    def release(self) -> None:
        """Leave the folder to others."""
        folder, self._folder, self._began_in = self._folder, None, None
        if folder is not None:
            folder.close()

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: a copy opens the folder itself, when the original has left it."""
        return {**vars(self), "_folder": None, "_began_in": None}

    def get_state(self) -> dict[str, Any]:
        """How many batches have been seen since the last backup, and in this epoch."""
        return {"batches": self._frequency.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._frequency.set_state(state["batches"])

    def _back_up(self) -> None:
        if not self.is_chief:
            return  # all workers hold the same numbers
        folder = self._opened()
        folder.keep_previous = self.double_checkpoint
        folder.save(self.model.training_state.capture())
