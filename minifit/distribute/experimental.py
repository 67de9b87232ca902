"""Names that TensorFlow has under ``tf.distribute.experimental``."""

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
