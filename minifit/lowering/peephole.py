"""A peephole optimization: plain gradient descent without gradients in memory.

Where the update is just ``w -= rate * g``, the product that computes the gradient is added to the weights directly.
Memory is traversed once instead of three times, and the results are the same up to rounding.
"""

from collections.abc import Sequence
from typing import Any

from minifit.lowering.places import Memory, Place
from minifit.lowering.program import Instruction

DESCENTS = {"dense_slope_w": "descend_w", "dense_slope_b": "descend_b"}
"""Instructions that write a gradient, with those that add the step to the weights instead."""


def merge_updates(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions with the updates of gradient descent merged into the instructions of the gradients."""
    merged = list(instructions)
    for update in [each for each in merged if each.name == "sgd"]:
        merged = _without(update, merged)
    return merged


def _without(update: Instruction, instructions: list[Instruction]) -> list[Instruction]:
    """Return the instructions with one update merged, or unchanged where other instructions use the same memory.

    Other instructions do when a gradient is a sum of several parts or is clipped, and when the weights are read or
    changed, as by weight decay, between their gradient and the update.
    """
    weights, grads, _, rates = update.fields
    end = instructions.index(update)
    merged: dict[int, Instruction] = {}
    updated: list[Memory] = []
    for i, each in enumerate(instructions):
        if i == end:
            continue
        if i < end and any(_overlap(place, part) for place in _places(each) for part in updated):
            return instructions
        if not any(_overlap(place, grads) for place in _places(each)):
            continue
        if each.name not in DESCENTS or i > end or any(_overlap(place, grads) for place in each.fields[1:]):
            return instructions
        part = _part_of(weights, each.outputs[0], grads)
        if any(_overlap(part, other) for other in updated):
            return instructions
        updated.append(part)
        merged[i] = Instruction(DESCENTS[each.name], (part,), (part, *each.fields[1:], rates))
    return [merged.get(i, each) for i, each in enumerate(instructions) if i != end]


def _part_of(weights: Memory, grad: Place, grads: Memory) -> Memory:
    """Return the weights of a gradient; both buffers have the same layout."""
    assert isinstance(grad, Memory)
    begin = (grad.address - grads.address) // grads.array.itemsize
    return Memory(weights.array[begin : begin + grad.array.size])


def _places(instruction: Instruction) -> list[Memory]:
    return [place for place in instruction.fields if isinstance(place, Memory)]


def _overlap(one: Any, other: Memory) -> bool:
    """Return whether a field of a row is memory that overlaps another place."""
    return (
        isinstance(one, Memory)
        and one.address < other.address + other.array.nbytes
        and other.address < one.address + one.array.nbytes
    )
