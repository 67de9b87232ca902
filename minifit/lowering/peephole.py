"""Peephole: plain gradient descent without gradients in memory.

Where the update is nothing but ``w -= rate * g``, the product that makes a gradient is added to the weights as it is
made: memory is gone through once instead of three times. The results are the same up to rounding.
"""

from collections.abc import Sequence
from typing import Any

from minifit.lowering.places import Memory, Place
from minifit.lowering.program import Instruction

DESCENTS = {"dense_slope_w": "descend_w", "dense_slope_b": "descend_b"}
"""Instructions that write a gradient, and those that make the step with it."""


def descending(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions with each step of gradient descent made where its gradients are."""
    found = list(instructions)
    for update in [each for each in found if each.name == "sgd"]:
        found = _without(update, found)
    return found


def _without(update: Instruction, instructions: list[Instruction]) -> list[Instruction]:
    """Return the instructions without an update, or as they are where something else has to do with its memory.

    That is so where a gradient is the sum of several parts, or is clipped, and where weights are read between their
    gradient and the update, or change there, as by weight decay.
    """
    weights, grads, _, rates = update.fields
    end = instructions.index(update)
    made: dict[int, Instruction] = {}
    stepped: list[Memory] = []
    for i, each in enumerate(instructions):
        if i == end:
            continue
        if i < end and any(_meet(place, part) for place in _places(each) for part in stepped):
            return instructions
        if not any(_meet(place, grads) for place in _places(each)):
            continue
        if each.name not in DESCENTS or i > end or any(_meet(place, grads) for place in each.fields[1:]):
            return instructions
        part = _part_of(weights, each.outputs[0], grads)
        if any(_meet(part, other) for other in stepped):
            return instructions
        stepped.append(part)
        made[i] = Instruction(DESCENTS[each.name], (part,), (part, *each.fields[1:], rates))
    return [made.get(i, each) for i, each in enumerate(instructions) if i != end]


def _part_of(weights: Memory, grad: Place, grads: Memory) -> Memory:
    """Return the weights that a gradient is of: both buffers are laid out alike."""
    assert isinstance(grad, Memory)
    begin = (grad.address - grads.address) // grads.array.itemsize
    return Memory(weights.array[begin : begin + grad.array.size])


def _places(instruction: Instruction) -> list[Memory]:
    return [place for place in instruction.fields if isinstance(place, Memory)]


def _meet(one: Any, other: Memory) -> bool:
    """Return whether a field of a row is memory that another place has a part of."""
    return (
        isinstance(one, Memory)
        and one.address < other.address + other.array.nbytes
        and other.address < one.address + one.array.nbytes
    )
