"""The scenarios of the rules, a few files by subject: small functions that any framework can play."""

from minifit.semantics.scenarios import (
    boards,
    checkpoints,
    data,
    displays,
    epochs,
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
    "epochs",
    "monitors",
    "outputs",
    "rates",
    "restarts",
    "tables",
    "training",
]
