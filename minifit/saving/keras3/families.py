"""The families of what a configuration is made of: where Keras 3 has them, and which members minifit has.

The name of a module in a file is compared with those here. Nothing is imported by it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from minifit import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from minifit.saving.keras3.differences import DIFFERENCES
from minifit.saving.keras3.rows import Difference, Refused
from minifit.tables import Table


class Family(NamedTuple):
    """Where Keras 3 has the members of a family, and the table of those that minifit has."""

    module: str
    table: Table


FAMILIES = {
    "layers": Family("keras.layers", layers.TABLE),
    "activations": Family("keras.activations", activations.TABLE),
    "initializers": Family("keras.initializers", initializers.TABLE),
    "regularizers": Family("keras.regularizers", regularizers.TABLE),
    "constraints": Family("keras.constraints", constraints.TABLE),
    "optimizers": Family("keras.optimizers", optimizers.TABLE),
    "schedules": Family("keras.optimizers.schedules", schedules.TABLE),
    "losses": Family("keras.losses", losses.TABLE),
    "metrics": Family(
        "keras.metrics",
        Table("metric", {**metrics.TABLE, "MeanMetricWrapper": metrics.MeanMetricWrapper}),
    ),
}

FAMILY_OF = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "activation": "activations",
    "rate": "schedules",
}
"""The family of an argument's value by the last word of its name: ``kernel_initializer``, ``learning_rate``."""

BY_SHAPE = ("accuracy", "acc")
"""Metrics whose names mean one thing or another by the shapes of the outputs, in Keras 3 too."""


def renamed(family: str, kind: type[Difference]) -> dict[str, str]:
    """The names that differ, of one kind in a family: Keras 3's by those of tf.keras 2.7."""
    found = [row for row in DIFFERENCES.get(family, ()) if isinstance(row, kind)]
    return {name: row.keras3 for row in found for name in row.keras2.split(", ")}


def refuse_named(family: str, name: str, refuse: Callable[[str, str], NoReturn]) -> None:
    """Refuse a name that stands for something else in the other one."""
    for row in DIFFERENCES.get(family, ()):
        if isinstance(row, Refused) and name in row.keras2.split(", "):
            refuse(f"{name!r} of {family}", row.effect.partition(": ")[2].capitalize())


def flat(entries: Any) -> list[Any]:
    """The entries of nested lists and dicts; the configuration of an object is an entry."""
    if entries is None:
        return []
    if isinstance(entries, Mapping) and "class_name" not in entries:
        entries = list(entries.values())
    if isinstance(entries, list | tuple):
        return [e for entry in entries for e in flat(entry)]
    return [entries]
