"""The ops that give numbers another shape."""

from math import prod
from typing import Any

from minifit import ops
from minifit.lowering.program import Program, lowers
from minifit.lowering.values import Unlowered, Value


@lowers(ops.reshape)
def reshape(program: Program, x: Any, shape: Any) -> Value:
    """Return the same numbers in another shape, which keeps the rows of the batch apart."""
    x = program.as_value(x)
    if not x.of_batch:
        raise Unlowered("a reshape of what does not come from the batch")
    wanted = tuple(shape)
    if not wanted or wanted[0] not in (None, -1) or sum(n == -1 for n in wanted[1:]) > 1:
        raise Unlowered("a reshape that does not keep the samples apart")
    rest = [int(n) for n in wanted[1:]]
    size = prod(n for n in rest if n != -1)
    if -1 in rest and size:
        rest[rest.index(-1)] = x.count // size
    if prod(rest) != x.count:
        raise Unlowered("a reshape that does not keep the samples apart")
    return program.view(x, (None, *rest))
