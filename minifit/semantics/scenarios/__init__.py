"""The scenarios of the rules, one file a section: small functions that any framework can play."""

from minifit.semantics.scenarios import (
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
