"""`Symbolic`: a tensor without numbers, on which Python's operators and the ops build a graph.

The ops accept a symbolic tensor wherever they accept a tensor; `minifit.graph` has the nodes they create.
"""

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from minifit.arrays import Array
from minifit.errors import ArgumentTypeError

Op = TypeVar("Op", bound=Callable[..., Any])


class Symbolic:
    """A tensor that has a shape but no numbers yet. An op on it becomes part of a graph instead of being computed."""

    # set on the values of a program, and on no other symbolic tensor
    program: Any
    # makes NumPy leave arithmetic with a symbolic tensor to the methods here
    __array_ufunc__ = None

    def of_op(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the symbol for the result of an op with this symbol among its arguments."""
        raise NotImplementedError

    def converted(self, dtype: Any) -> Any:
        """Return the symbol for the same numbers in another dtype; in graphs all symbols stand for float32."""
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        raise self._no_numbers("an array")

    def __float__(self) -> float:
        raise self._no_numbers("a float")

    def __bool__(self) -> bool:
        raise self._no_numbers("a bool")

    def __len__(self) -> int:
        raise self._no_numbers("a length")

    def __iter__(self) -> Any:
        raise self._no_numbers("something to iterate over")

    def _no_numbers(self, expected: str) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"A symbolic tensor has no numbers until the model receives data. Received: {self!r} in place of "
            f"{expected}. Compute with minifit.ops, or put the computation into the call of a Layer."
        )


def _add_operators() -> None:
    """Add Python's operators to `Symbolic`, each as an op on its operands in order."""

    def method(function: Callable[..., Any], reflected: bool) -> Callable[..., Any]:
        def of_two(self: Symbolic, *others: Any) -> Any:
            return self.of_op(function, (*others, self) if reflected else (self, *others), {})

        return of_two

    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
        setattr(Symbolic, f"__{name}__", method(getattr(operator, name), False))
        setattr(Symbolic, f"__r{name}__", method(getattr(operator, name), True))
    for name in ("neg", "abs", "getitem", "lt", "le", "gt", "ge"):
        setattr(Symbolic, f"__{name}__", method(getattr(operator, name), False))


_add_operators()


def on_symbols(function: Op) -> Op:
    """Decorate an op to accept symbolic tensors, alone or in a list; its result is then a symbol of a graph."""
    known = no_symbols.issuperset

    @wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        if not known(map(type, args)) or (kwargs and not known(map(type, kwargs.values()))):
            for arg in (*args, *kwargs.values()):
                symbol = _symbol_in(arg)
                if symbol is not None:
                    return symbol.of_op(op, args, kwargs)
        return function(*args, **kwargs)

    return cast(Op, op)


no_symbols: set[type] = {np.ndarray, np.float32, bool, int, float, str, type(None)}
"""Types of op arguments that never contain symbolic tensors and need no search."""


def _symbol_in(value: Any) -> Symbolic | None:
    """Return the first symbolic tensor in an argument, or None."""
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, list | tuple):
        return next((s for s in value if isinstance(s, Symbolic)), None)
    return None
