"""A model as plain data."""

import numpy as np

from minifit.saving.description import LayerWeights, Weight


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
