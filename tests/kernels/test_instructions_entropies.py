"""Instructions of losses of probabilities do as the definitions of the losses."""

from typing import Any

import numpy as np
import pytest

from minifit import losses
from tests.kernels.carrying import assert_does_as

LOSSES: dict[str, Any] = {
    "binary_crossentropy": losses.binary_crossentropy,
    "categorical_crossentropy": losses.categorical_crossentropy,
    "divergence": losses.kl_divergence,
    "poisson": losses.poisson,
}


def shares(m: int, seed: int) -> Any:
    made = np.random.default_rng(seed).dirichlet(np.ones(m + 1), 4).astype(np.float32)[:, :m]
    return np.ascontiguousarray(made)


@pytest.mark.parametrize("m", [1, 10, 33])
@pytest.mark.parametrize("name", LOSSES)
def test_does_as_its_definition(name: str, m: int) -> None:
    assert_does_as(LOSSES[name], name, shares(m, 0), shares(m, 1))


@pytest.mark.parametrize("name", ["binary_crossentropy", "divergence"])
def test_what_was_held_has_no_slope(name: str) -> None:
    p = np.array([[-0.5, 0.0, 0.5], [1.0, 1.5, 0.1], [1e-8, 1e-7, 2e-7], [0.2, 0.3, 0.4]], np.float32)
    assert_does_as(LOSSES[name], name, shares(3, 0), p)


@pytest.mark.parametrize("m", [2, 10, 33])
def test_class_numbers(m: int) -> None:
    p = shares(m, 1)
    p[0, 1] = 0
    assert_does_as(
        losses.sparse_categorical_crossentropy, "sparse_crossentropy", np.array([1, 0, 1, m - 1]), p
    )
