"""Symbols that count as a loss or a metric."""

import numpy as np
import pytest

from minifit import ops
from minifit.errors import ArgumentError
from minifit.layers import AddLoss, AddMetric
from minifit.tensor import Context


def test_the_input_is_added_to_the_loss_and_passed_on() -> None:
    layer, x = AddLoss(), np.array([[1.0], [3.0]], np.float32)
    with Context() as here:
        np.testing.assert_array_equal(layer(x).numpy(), x)
    ((owner, loss),) = here.losses
    assert owner is layer
    assert float(loss) == 2.0


def test_the_mean_of_the_input_is_reported() -> None:
    layer = AddMetric(metric_name="seen")
    for value in (1.0, 3.0):
        layer(ops.square(np.full((2, 1), value, np.float32)))
    (metric,) = layer.metrics
    assert metric.name == "seen"
    assert metric.result() == 5.0


@pytest.mark.parametrize("arguments", [{}, {"metric_name": "m", "aggregation": "sum"}])
def test_a_metric_needs_a_name_and_is_a_mean(arguments: dict[str, str]) -> None:
    with pytest.raises(ArgumentError, match="a name and aggregation='mean'"):
        AddMetric(**arguments)(np.ones((1, 1), np.float32))
