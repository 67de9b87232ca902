"""Symbols in the place of tensors: an op on one is noted instead of being computed."""

from typing import Any

import pytest

from minifit.errors import ArgumentTypeError
from minifit.symbolic import Symbolic, on_symbols


class Noting(Symbolic):
    """A symbol that answers with what it was asked."""

    def of_op(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return function, args, kwargs


@on_symbols
def op(a: Any, b: Any = None) -> Any:
    """Return the arguments."""
    return a, b


def test_numbers_are_computed_with() -> None:
    assert op(1, b=2) == (1, 2)
    assert op([1, 2]) == ([1, 2], None)


@pytest.mark.parametrize("place", ["first", "keyword", "list", "tuple"])
def test_a_symbol_anywhere_is_noted(place: str) -> None:
    s: Any = Noting()
    args: Any = {"first": (s,), "keyword": (1,), "list": ([1, s],), "tuple": ((s, 1),)}[place]
    kwargs = {"b": s} if place == "keyword" else {}
    assert op(*args, **kwargs) == (op, args, kwargs)


def test_operators_keep_the_order_of_their_operands() -> None:
    s: Any = Noting()
    assert (s - 1)[1] == (s, 1)
    assert (1 - s)[1] == (1, s)
    assert (-s)[1] == (s,)


@pytest.mark.parametrize("use", [float, bool, len, iter])
def test_it_has_no_numbers(use: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="no numbers until the model receives data"):
        use(Noting())
