"""The scenarios of the rules, one file a section: small functions that any framework can play."""

from minifit.semantics.scenarios import (
    boards,
    checkpoints,
    data,
    displays,
    monitors,
    outputs,
    rates,
    restarts,
    tables,
    training,
)

__all__ = [
    "boards",
    "checkpoints",
    "data",
    "displays",
    "monitors",
    "outputs",
    "rates",
    "restarts",
    "tables",
    "training",
]
