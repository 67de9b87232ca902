"""What layers add to the loss and to the metrics."""

from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.layers import Dense, Layer
from minifit.models import Sequential
from minifit.tensor import Context, Tensor

X = np.array([[1.0], [3.0]], np.float32)


class Adds(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss([ops.sum(inputs), inputs], inputs=inputs)
        self.add_metric(inputs, name="seen")
        return inputs


def test_a_term_is_one_number() -> None:
    layer = Adds()
    with Context() as here:
        layer(X)
    assert [float(loss) for _, loss in here.losses] == [4.0, 2.0]
    assert layer.losses == []


def test_a_function_is_asked_whenever_losses_are() -> None:
    layer = Dense(1, use_bias=False, kernel_initializer="ones")
    model = Sequential([layer])
    model.add_loss(lambda: ops.sum(layer.kernel) * 3)
    model.build((None, 1))
    assert [float(loss) for loss in model.losses] == [3.0]
    model(X)
    layer.set_weights([[[2.0]]])
    assert [float(loss) for loss in model.losses] == [6.0]
    model.compile("sgd")
    assert model.evaluate(X, verbose=0) == 6.0


def test_by_hand_the_latest_call_counts() -> None:
    layer = Adds()
    layer(X)
    layer(2 * X)
    assert [float(loss) for loss in layer.losses] == [8.0, 4.0]


def test_in_a_step_of_ones_own_the_latest_call_counts_too() -> None:
    layer, other = Adds(), Adds()
    with Context():
        other(X)
        layer(X)
        layer(2 * X)
        assert [float(loss) for loss in layer.losses] == [8.0, 4.0]
        assert [float(loss) for loss in other.losses] == [4.0, 2.0]


def test_penalties_of_weights_are_losses_too() -> None:
    layer = Dense(1, kernel_regularizer="l2")
    layer(X)
    assert float(layer.losses[0]) == pytest.approx(0.01 * float(np.sum(layer.kernel.value**2)))


def test_a_metric_is_a_mean_and_no_trial_counts() -> None:
    layer = Adds()
    layer.build_for((None, 1))
    layer(X)
    (metric,) = layer.metrics
    assert (metric.name, metric.result()) == ("seen", 2.0)


@pytest.mark.parametrize(
    ("add", "error", "shown"),
    [
        (lambda layer: layer.add_loss(X, weight=1), ArgumentTypeError, "argument 'weight'"),
        (lambda layer: layer.add_metric(X), ArgumentError, "name=None"),
        (lambda layer: layer.add_metric(X, "m", aggregation="max"), ArgumentError, "aggregation='max'"),
    ],
)
def test_other_arguments_are_refused(add: Any, error: type[Exception], shown: str) -> None:
    with pytest.raises(error, match=shown):
        add(Layer())
