"""The reference of the chain trains: its gradients are those of its loss, by finite differences."""

from typing import Any

import numpy as np
import pytest

from minifit.kernels import chain as at
from tests.kernels.helpers import REFERENCE
from tests.kernels.plans import made

CASES: list[dict[str, Any]] = [
    {"activations": (at.TANH, at.LINEAR)},
    {"activations": (at.SIGMOID, at.SOFTMAX)},
    {"activations": (at.SOFTMAX, at.TANH)},
    {"activations": (at.TANH, at.SIGMOID), "loss": at.BINARY_CROSSENTROPY},
    {"activations": (at.TANH, at.LINEAR), "loss": at.BINARY_CROSSENTROPY},
    {"activations": (at.TANH, at.SOFTMAX), "loss": at.CATEGORICAL_CROSSENTROPY},
    {"activations": (at.TANH, at.LINEAR), "loss": at.CATEGORICAL_CROSSENTROPY, "whole": True},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_goes_down_the_gradient_of_its_loss(case: dict[str, Any]) -> None:
    def loss_at(values: Any) -> float:
        one = made(**case, batch_size=20)
        one.arrays["values"][:] = values
        one.run(REFERENCE, rate=0)
        return float(one.sums[0] / one.sums[1])

    start = made(**case, batch_size=20)
    before = start.arrays["values"].copy()
    start.run(REFERENCE, rate=1)
    gradient = before - start.arrays["values"]
    for i in range(0, before.size, 5):
        moved = [before.copy(), before.copy()]
        moved[0][i] += 1e-2
        moved[1][i] -= 1e-2
        slope = (loss_at(moved[0]) - loss_at(moved[1])) / (float(moved[0][i]) - float(moved[1][i]))
        assert gradient[i] == pytest.approx(slope, abs=2e-4)


def test_metrics_are_sums_over_samples() -> None:
    one = made(
        sizes=(5, 3),
        activations=(at.SOFTMAX,),
        loss=at.CATEGORICAL_CROSSENTROPY,
        metrics=(at.CATEGORICAL_ACCURACY, at.MEAN_ABSOLUTE_ERROR, at.MEAN_SQUARED_ERROR, at.BINARY_ACCURACY),
        batch_size=20,
        shuffled=False,
    )
    w, b = one.arrays["values"][:15].reshape(5, 3), one.arrays["values"][15:]
    z = one.arrays["x"] @ w + b
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    t = one.arrays["t"]
    one.run(REFERENCE)
    expected = [
        (t.argmax(1) == p.argmax(1)).sum(),
        np.abs(p - t).mean(1).sum(),
        np.square(p - t).mean(1).sum(),
        (t == (p > 0.5)).mean(1).sum(),
    ]
    np.testing.assert_allclose(one.sums[2::2], expected, rtol=1e-5)
    assert one.sums[1::2].tolist() == [20] * 5
