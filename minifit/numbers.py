"""`Number`: a single result that is a Python float with the methods of a scalar tensor."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit.arrays import FLOAT, Shape


class Number(float):
    """A float with the methods of a scalar tensor: the result of a metric, or the learning rate of a schedule.

    It computes, compares, formats and serializes to JSON like any float. Copies and pickles are plain floats.
    Arithmetic returns a `Number` again, so that ``2 * p * r / (p + r)`` of two results has a `numpy` method as well.

    Examples
    --------
    >>> accuracy = Number(0.75)
    >>> f"{accuracy:.1%}", accuracy.numpy().item(), round(accuracy, 1)
    ('75.0%', 0.75, 0.8)
    """

    __slots__ = ()

    # allows comparisons with an int in the type checker
    if TYPE_CHECKING:

        def __eq__(self, other: object) -> bool: ...

        def __hash__(self) -> int: ...

    shape: Shape = ()
    """The shape of a scalar."""

    ndim = 0
    """The number of axes."""

    dtype = FLOAT
    """The dtype of the number that `numpy` returns."""

    def numpy(self) -> Any:
        """Return the number as a NumPy float32, as a scalar tensor does."""
        return np.float32(self)

    def __reduce__(self) -> Any:
        return float, (float(self),)

    def __copy__(self) -> float:
        return float(self)

    def __deepcopy__(self, _: Any) -> float:
        return float(self)


_OPERATORS = "neg pos abs add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow"


def _operator(name: str) -> Callable[..., Any]:
    """Return an operator of float whose float results become a `Number`."""
    float_operator = getattr(float, name)

    @wraps(float_operator)
    def operation(*values: Any) -> Any:
        result = float_operator(*values)
        return Number(result) if type(result) is float else result

    return operation


for _name in _OPERATORS.split():
    setattr(Number, f"__{_name}__", _operator(f"__{_name}__"))
