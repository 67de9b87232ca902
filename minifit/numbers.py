"""`Number`: a single result that counts as Python's float and answers as a tensor does."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit.arrays import FLOAT, Shape


class Number(float):
    """A float with the methods by which programs read a scalar tensor: the result of a metric, the rate of a schedule.

    It computes, compares, formats and is written as JSON like any float, which is also what copies and pickle make of
    it. What is computed of it is one again: ``2 * p * r / (p + r)`` of two results answers to `numpy` as well.

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
    """The number of axes."""

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


_COMPUTING = "neg pos abs add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow"


def _computing(name: str) -> Callable[..., Any]:
    """Return an operation of floats, of which a float that comes out is a Number."""
    of_floats = getattr(float, name)

    @wraps(of_floats)
    def operation(*values: Any) -> Any:
        result = of_floats(*values)
        return Number(result) if type(result) is float else result

    return operation


for _name in _COMPUTING.split():
    setattr(Number, f"__{_name}__", _computing(f"__{_name}__"))
