"""`SaveFrequency`: whether to save after every epoch or after so many batches, and when that is.

ModelCheckpoint and BackupAndRestore share it. It counts by what it is told, so that batches may run together between
two saves.
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
        After every epoch, or after so many batches, counted over epochs.

    Attributes
    ----------
    given : "epoch" or int
        The argument; may be set at any time.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For another text, a number below 1, and what is neither.
    """

    given = Setting(lambda _, value: _frequency(value))

    def __init__(self, save_freq: Any) -> None:
        self.given = save_freq
        self.forget()

    @property
    def by_epochs(self) -> bool:
        """Whether epochs are what counts."""
        return bool(self.given == "epoch")

    def forget(self) -> None:
        """Count anew."""
        self._since = 0  # batches since the last save
        self._seen = 0  # batches of this epoch

    def begin_epoch(self) -> None:
        """Told when an epoch begins: its batches are numbered from 0."""
        self._seen = 0

    def due(self, batch: int) -> bool:
        """Told at the end of a batch, or of several: whether it is time to save. If so, the count begins anew."""
        self._since += batch + 1 - self._seen
        self._seen = batch + 1
        if self.by_epochs or self._since < self.given:
            return False
        self._since = 0
        return True

    def wake_after(self) -> int | None:
        """In how many batches it will be time; None where epochs count."""
        return None if self.by_epochs else self.given - self._since

    def get_state(self) -> dict[str, int]:
        """How far it has counted."""
        return {"since": self._since, "seen": self._seen}

    def set_state(self, state: dict[str, int]) -> None:
        """Go on from there."""
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
