"""`SaveFrequency`: the argument `save_freq` of ModelCheckpoint and BackupAndRestore, and its counts.

It counts by the batch numbers of the hooks, so that batches may run together between two saves.
"""

from typing import Any

from minifit.checks import positive
from minifit.errors import ArgumentError
from minifit.settings import Setting


class SaveFrequency:
    """The argument `save_freq`, and the batches since the last save.

    Parameters
    ----------
    save_freq : "epoch" or int
        "epoch", or a number of batches, counted across epochs.

    Attributes
    ----------
    interval : "epoch" or int
        The argument; may be changed at any time.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For another string, a number below 1, and any other value.
    """

    interval = Setting(lambda _, value: _frequency(value))

    def __init__(self, save_freq: Any) -> None:
        self.interval = save_freq
        self.forget()

    @property
    def by_epochs(self) -> bool:
        """True if saves follow epochs."""
        return bool(self.interval == "epoch")

    def forget(self) -> None:
        """Reset the counts."""
        # batches since the last save, and batches of this epoch
        self._since = 0
        self._seen = 0

    def begin_epoch(self) -> None:
        """Begin an epoch, whose batches are numbered from 0."""
        self._seen = 0

    def due(self, batch: int) -> bool:
        """Count up to a batch that has ended, and return True if a save is due; the count then restarts."""
        self._since += batch + 1 - self._seen
        self._seen = batch + 1
        if self.by_epochs or self._since < self.interval:
            return False
        self._since = 0
        return True

    def wake_after(self) -> int | None:
        """Return the number of batches until the next save; None if saves follow epochs."""
        return None if self.by_epochs else self.interval - self._since

    def get_state(self) -> dict[str, int]:
        """Return the counts."""
        return {"since": self._since, "seen": self._seen}

    def set_state(self, state: dict[str, int]) -> None:
        """Restore the counts of a captured run."""
        self._since, self._seen = state["since"], state["seen"]


def _frequency(save_freq: Any) -> Any:
    if not isinstance(save_freq, str):
        return positive("save_freq", save_freq, example=100)
    if save_freq != "epoch":
        raise ArgumentError(
            f'save_freq must be "epoch" or a positive integer. Received: save_freq={save_freq!r}. '
            "Pass for example save_freq=100 for every hundred batches."
        )
    return save_freq
