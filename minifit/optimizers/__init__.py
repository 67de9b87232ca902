"""Optimizers: the ways to update parameters with their gradients, with the arithmetic of TensorFlow 2.7."""

from collections.abc import Mapping
from typing import Any

from minifit.errors import ArgumentTypeError
from minifit.optimizers import schedules
from minifit.optimizers.adadelta import Adadelta
from minifit.optimizers.adagrad import Adagrad
from minifit.optimizers.adam import Adam
from minifit.optimizers.adamax import Adamax
from minifit.optimizers.adamw import AdamW
from minifit.optimizers.base import Optimizer
from minifit.optimizers.ftrl import Ftrl
from minifit.optimizers.nadam import Nadam
from minifit.optimizers.rmsprop import RMSprop
from minifit.optimizers.sgd import SGD
from minifit.registration import get_registered_object
from minifit.tables import Table, described

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

CLASSES = (SGD, Adam, AdamW, Adamax, Nadam, Adagrad, Adadelta, RMSprop, Ftrl)

TABLE = Table("optimizer", {name: c for c in CLASSES for name in (c.__name__.lower(), c.__name__)})


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """Return an optimizer from its name (in any case), its configuration or itself.

    `custom_objects` holds your own classes of optimizers and of schedules, by name.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    custom = custom_objects or {}
    optimizer = TABLE.make(_known(identifier, custom), custom)
    if not isinstance(optimizer, Optimizer):
        raise ArgumentTypeError(
            f"An optimizer must be a name or an Optimizer. Received: {identifier!r}. "
            "Pass for example 'sgd' or SGD(0.1)."
        )
    return optimizer


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer as plain data."""
    return described(optimizer)


deserialize = get


def _known(identifier: Any, custom: Mapping[str, Any]) -> Any:
    """Return the identifier with the name that the table uses, and with its schedule deserialized."""
    if isinstance(identifier, str):
        lower = identifier.lower()
        registered = get_registered_object(identifier, custom) is not None
        return lower if lower in TABLE and not registered else identifier
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        config = dict(identifier.get("config") or {})
        if isinstance(config.get("learning_rate"), Mapping):
            config["learning_rate"] = schedules.deserialize(config["learning_rate"], custom)
        return {"class_name": _known(identifier["class_name"], custom), "config": config}
    return identifier
