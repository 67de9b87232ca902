"""The families of objects in a configuration: their modules in Keras 3 and their members in minifit.

The name of a module in a file is only compared with those here. Nothing is imported because a file names it.
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
    """A family of objects: its module in Keras 3 and the table of its members in minifit."""

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
"""The metrics whose meaning depends on the shapes of the outputs, also in Keras 3."""


def renamed(family: str, kind: type[Difference]) -> dict[str, str]:
    """Return the names of a family that differ in this way: from those of tf.keras 2.7 to Keras 3's."""
    rows = [row for row in DIFFERENCES.get(family, ()) if isinstance(row, kind)]
    return {name: row.keras3 for row in rows for name in row.keras2.split(", ")}


def refuse_named(family: str, name: str, refuse: Callable[[str, str], NoReturn]) -> None:
    """Call `refuse` for a name that means something else in the other framework."""
    for row in DIFFERENCES.get(family, ()):
        if isinstance(row, Refused) and name in row.keras2.split(", "):
            reason = row.effect.partition(": ")[2]
            refuse(f"{name!r} of {family}", reason[:1].upper() + reason[1:])


def flat(entries: Any) -> list[Any]:
    """Return the entries of nested lists and dicts; the configuration of an object is one entry."""
    if entries is None:
        return []
    if isinstance(entries, Mapping) and "class_name" not in entries:
        entries = list(entries.values())
    if isinstance(entries, list | tuple):
        return [e for entry in entries for e in flat(entry)]
    return [entries]
