"""`Progress`: where a training is."""

from dataclasses import dataclass, field
from typing import Any

from minifit.workers import Workers


@dataclass(eq=False)
class Progress:
    """The place in a training, and whether to stop there.

    Attributes
    ----------
    epoch, batch : int
        What comes next: the epoch, and the batch within it.
    stop_training : bool
        Whether training ends after this batch and epoch.
    resumed : bool
        Whether a captured state was put back, and no batch has been trained since.
    first_epoch, epochs : int
        Where the run began, in the first of the processes that it takes, and the epoch before which it ends.
    logs : dict
        Those of the last epoch that ended, as the loop made them.
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
        """True if the run that this one goes on from was told to stop before it was captured."""
        return self.resumed and self.stop_training

    @property
    def over(self) -> bool:
        """True if it had come to the end of its last epoch, too."""
        return self.had_stopped and self.batch == 0

    def stops(self, workers: Workers) -> bool:
        """Return whether training ends here: on all workers where it does so on one."""
        if workers.size > 1:
            self.stop_training = workers.largest(self.stop_training)[0] > 0
        return self.stop_training

    def end_epoch(self) -> int:
        """Go on to the next epoch; returns the one that has ended."""
        self.epoch, self.batch = self.epoch + 1, 0
        return self.epoch - 1
