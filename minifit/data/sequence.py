"""`Sequence`: a data set that returns its batches by number."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class Sequence(ABC):
    """The base class of data sets that return any batch by its number.

    `fit` uses a new random order of the batches in every epoch; with ``shuffle=False``, the order of their numbers.

    Methods
    -------
    __getitem__(index)
        Batch number `index`, from 0: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.
    __len__()
        The number of batches.
    on_epoch_end()
        Called after every epoch of a `fit`, after the hooks of the callbacks, and after every evaluation and
        prediction on the Sequence. Override it to change the data between epochs.

    Notes
    -----
    A resumed run calls `on_epoch_end` as often as the interrupted run had called it. So the changes made there are
    repeated exactly, if they are deterministic or use the Sequence's own random generator with a seed. If a Sequence
    has ``get_state()`` and ``set_state(state)``, as callbacks may have, its state is restored instead.

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
        """Return batch number `index`."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of batches."""

    def on_epoch_end(self) -> None:
        """Do nothing; override it to change the data between epochs."""

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))
