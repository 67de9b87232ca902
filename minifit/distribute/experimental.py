"""The names of ``tf.distribute.experimental`` in TensorFlow."""

from minifit.distribute.multi_worker import (
    MultiWorkerMirroredStrategyExperimental as MultiWorkerMirroredStrategy,
)
from minifit.distribute.options import (
    CollectiveCommunication,
    CommunicationImplementation,
    CommunicationOptions,
)
from minifit.distribute.strategy import ValueContext

__all__ = [
    "CollectiveCommunication",
    "CommunicationImplementation",
    "CommunicationOptions",
    "MultiWorkerMirroredStrategy",
    "ValueContext",
]
