"""`Progress`: the place in a training."""

from dataclasses import dataclass, field
from typing import Any

from minifit.workers import Workers


@dataclass(eq=False)
class Progress:
    """The place in a training, and whether to stop there.

    Attributes
    ----------
    epoch, batch : int
        The next epoch, and the next batch within it.
    stop_training : bool
        Whether training ends after this batch and epoch.
    resumed : bool
        Whether a captured state was restored, and no batch has been trained since.
    first_epoch, epochs : int
        The epoch with which the run began, in its first process, and the epoch before which it ends.
    logs : dict
        The logs of the last finished epoch, as the loop made them.
    """

    epoch: int = 0
    batch: int = 0
    stop_training: bool = False
    resumed: bool = False
    first_epoch: int = 0
    epochs: int = 0
    logs: dict[str, Any] = field(default_factory=dict)

    @property
    def had_stopped(self) -> bool:
        """True if the captured run had been told to stop."""
        return self.resumed and self.stop_training

    @property
    def over(self) -> bool:
        """True if the captured run had been told to stop and had finished its last epoch."""
        return self.had_stopped and self.batch == 0

    def stops(self, workers: Workers) -> bool:
        """Return whether training ends here: if it ends on one worker, it ends on all."""
        if workers.size > 1:
            self.stop_training = workers.largest(self.stop_training)[0] > 0
        return self.stop_training

    def end_epoch(self) -> int:
        """Move on to the next epoch, and return the one that has ended."""
        self.epoch, self.batch = self.epoch + 1, 0
        return self.epoch - 1
