"""`AddLoss` and `AddMetric`: layers that add their input to the loss or to a metric, and return it."""

from typing import Any

from minifit.layers.base import Layer
from minifit.settings import Fixed
from minifit.tensor import Tensor


class AddLoss(Layer):
    """A layer for ``model.add_loss(symbol)`` that adds its input to the loss.

    Parameters
    ----------
    unconditional : bool, default False
        Accepted as in files of Keras, without effect.
    **kwargs
        As for `Layer`.

    References
    ----------
    The layer of this name in files of TensorFlow 2.7.
    """

    unconditional = Fixed()

    def __init__(self, unconditional: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unconditional = bool(unconditional)

    def call(self, inputs: Tensor) -> Tensor:
        """Add the input to the loss and return it."""
        self.add_loss(inputs)
        return inputs

    lower = Layer.lower_by_call

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "unconditional": self.unconditional}


class AddMetric(Layer):
    """A layer for ``model.add_metric(symbol, name)`` that reports the mean of its input.

    Parameters
    ----------
    metric_name : str
        The key in the logs.
    aggregation : "mean"
    **kwargs
        As for `Layer`.

    References
    ----------
    The layer of this name in files of TensorFlow 2.7.
    """

    metric_name, aggregation = Fixed(), Fixed()

    def __init__(
        self, metric_name: str | None = None, aggregation: str | None = "mean", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.metric_name, self.aggregation = metric_name, aggregation

    def call(self, inputs: Tensor) -> Tensor:
        """Update the mean with the input and return the input."""
        self.add_metric(inputs, self.metric_name, self.aggregation)
        return inputs

    lower = Layer.lower_by_call

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "metric_name": self.metric_name, "aggregation": self.aggregation}
