"""`Sequence`: a data set as batches that are asked for by number."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class Sequence(ABC):
    """A base for data sets that give any batch by its number.

    `fit` goes through the batches in a new random order at every epoch, or in theirs with ``shuffle=False``.

    Methods
    -------
    __getitem__(index)
        Batch number `index`, from 0: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.
    __len__()
        The number of batches.
    on_epoch_end()
        Called after every epoch of a `fit`, behind the hooks of the callbacks, and after every evaluation and
        prediction that goes through it. The place to change the data between epochs.

    Notes
    -----
    An interrupted run that is resumed calls `on_epoch_end` as often as it had been called. So what is changed there
    is as it was, if it follows from numbers alone or from a random generator of the Sequence's own with a seed. A
    Sequence that has ``get_state()`` and ``set_state(state)``, as callbacks may have them, is given its state
    instead.

    References
    ----------
    ``tf.keras.utils.Sequence``.

    Examples
    --------
    >>> import numpy as np
    >>> import minifit
    >>> class Squares(minifit.utils.Sequence):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(index * 8, index * 8 + 8)[:, None] / 32
    ...         return x, x**2
    >>> model = minifit.Sequential([minifit.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(Squares(), epochs=2, verbose=0)
    """

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Batch number `index`."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of batches."""

    def on_epoch_end(self) -> None:
        """Nothing to change between epochs."""

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))
