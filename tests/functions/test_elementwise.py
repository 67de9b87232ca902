"""These functions give the results that TensorFlow recorded."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit.functions import elementwise, linalg, neural, reductions, shaping
from minifit.layers import Input
from minifit.models import Model
from minifit.tensor import Tensor
from tests.functions.playing import each, play


@each("elementwise")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("elementwise", expression)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: elementwise.sin(x) + elementwise.round(x),
        lambda x: reductions.reduce_mean(elementwise.divide(x, 2.0), axis=1, keepdims=True),
        lambda x: shaping.concat([x, linalg.l2_normalize(x, 1)], 1),
        lambda x: neural.leaky_relu(neural.softmax(x, 1)),
        lambda x: elementwise.not_equal(x, 0.0),
        lambda x: shaping.clip_by_value(shaping.transpose(x, [0, 1]), -0.1, 0.1),
        lambda x: reductions.reduce_logsumexp(x, 1),
    ],
)
def test_functions_stand_in_graphs(function: Callable[[Any], Any]) -> None:
    x = Input((3,))
    data = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    found = Model(x, function(x)).predict(data, verbose=0)
    np.testing.assert_allclose(found, function(Tensor(data)).numpy(), rtol=1e-6)
