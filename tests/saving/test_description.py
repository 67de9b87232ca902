"""A model as plain data."""

import numpy as np
import pytest

from minifit.errors import FileFormatError
from minifit.saving.description import LayerWeights, Weight, remembered


def test_the_order_of_a_layers_weights_is_that_of_keras() -> None:
    one = np.zeros(1, np.float32)
    inner = LayerWeights("inner", "Norm", [Weight("gamma", one), Weight("mean", one, trainable=False)])
    last = LayerWeights("last", "Dense", [Weight("kernel", one)])
    outer = LayerWeights(
        "outer",
        "Block",
        [Weight("count", one, trainable=False), Weight("scale", one)],
        {"a": inner, "b": [last]},
    )
    assert [w.name for w in outer.all_weights()] == ["scale", "gamma", "kernel", "count", "mean"]


@pytest.mark.parametrize("rate", [np.inf, -1.0, np.nan, [0.1, 0.2]])
def test_a_learning_rate_that_no_optimizer_takes_is_refused_before_weights_change(rate: object) -> None:
    with pytest.raises(FileFormatError, match="A learning rate is a finite number of at least 0"):
        remembered(0, [], [], np.asarray(3), np.asarray(rate))
    assert remembered(0, [], [], np.asarray(3), np.asarray(0.1))["learning_rate"] == 0.1
