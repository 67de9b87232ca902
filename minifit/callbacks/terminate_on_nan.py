"""`TerminateOnNaN`: stops training when the loss is NaN or infinite."""

import math
from typing import Any

from minifit.callbacks.base import Callback, implements, say
from minifit.errors import LossError


class TerminateOnNaN(Callback):
    """A callback that stops training at the first batch whose loss is NaN or infinite.

    Parameters
    ----------
    raise_error : bool, default False
        Whether to raise an error instead of stopping, so that nothing counts as complete.

    Raises
    ------
    LossError
        With `raise_error`, from `fit`; a `RuntimeError` and a `ValueError`.

    References
    ----------
    ``tf.keras.callbacks.TerminateOnNaN`` (TensorFlow 2.7); `raise_error` from Keras 3. Rules TN-1 and TN-2 of the
    semantics.
    """

    adds_keys = ()

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def watches(self, hook: str) -> bool:
        """Return True for a hook that a subclass overrides; the loop itself pauses at a loss that is not finite."""
        return implements(self, hook, beyond=TerminateOnNaN)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Check the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise LossError(
                f"The loss must stay finite. Received: {loss} at batch {batch}. Look for NaN in the data, or lower the "
                "learning rate."
            )
        say(self, f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
