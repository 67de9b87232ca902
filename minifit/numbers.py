"""`Number`: a single result that counts as Python's float and answers as a tensor does."""

from typing import TYPE_CHECKING, Any

import numpy as np

from minifit.arrays import FLOAT, Shape


class Number(float):
    """A float with the methods by which programs read a scalar tensor: the result of a metric, the rate of a schedule.

    It computes, compares, formats and is written as JSON like any float, which is also what copies and pickle make of
    it.

    Examples
    --------
    >>> accuracy = Number(0.75)
    >>> f"{accuracy:.1%}", accuracy.numpy().item(), round(accuracy, 1)
    ('75.0%', 0.75, 0.8)
    """

    __slots__ = ()

    if TYPE_CHECKING:  # so that it may be compared with an int

        def __eq__(self, other: object) -> bool: ...

        def __hash__(self) -> int: ...

    shape: Shape = ()
    """No axes."""

    ndim = 0
    """How many axes."""

    dtype = FLOAT
    """The kind of number that `numpy` returns."""

    def numpy(self) -> Any:
        """Return it as a NumPy number of float32, as a scalar tensor does."""
        return np.float32(self)

    def __reduce__(self) -> Any:
        return float, (float(self),)

    def __copy__(self) -> float:
        return float(self)

    def __deepcopy__(self, _: Any) -> float:
        return float(self)
