"""Gradients are held within bounds, and weights where their constraints have them."""

from typing import Any

import numpy as np
import pytest

from minifit.constraints import MinMaxNorm, NonNeg
from tests.kernels.carrying import carry, randoms

CLOSE: Any = {"rtol": 1e-5, "atol": 1e-7}
ODD = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)


@pytest.mark.parametrize("norm", [0.5, 1e6])
def test_a_norm_of_several_parts_is_clipped(norm: float) -> None:
    parts = randoms(20), randoms(9000, seed=1)
    told = [part.copy() for part in parts]
    size = np.sqrt(sum(np.square(part, dtype=float).sum() for part in told))
    found = np.zeros(2)
    carry(
        ("add_squares", found[:1], 0, parts[0], -20),
        ("add_squares", found[1:], found[:1], parts[1], -9000),
        *(("clip_norm", part, part, -part.size, found[1:], norm) for part in parts),
    )
    assert found[1] == pytest.approx(size**2, rel=1e-5)
    for part, before in zip(parts, told, strict=True):
        np.testing.assert_allclose(part, before * min(norm / size, 1), **CLOSE)


def test_a_norm_that_is_no_number_makes_all_of_them_none() -> None:
    g, found = randoms(20), np.zeros(1)
    g[3] = np.nan
    carry(("add_squares", found, 0, g, -20), ("clip_norm", g, g, -20, found, 1e6))
    assert np.isnan(g).all()


def test_not_negative() -> None:
    w = np.concatenate([randoms(20), ODD])
    expected = NonNeg()(w)
    carry(("not_negative", w, w, -24))
    np.testing.assert_array_equal(w, expected)


@pytest.mark.parametrize("axis", [0, 1, 2, [0, 1], [1, 2], [0, 1, 2]])
@pytest.mark.parametrize("bounds", [(0.0, 0.5, 1.0), (1.0, 1.0, 1.0), (0.5, 2.0, 0.3), (0.0, np.inf, 1.0)])
def test_norms_move_into_bounds(axis: Any, bounds: tuple[float, float, float]) -> None:
    w = randoms(3, 5, 20)
    expected = MinMaxNorm(*bounds, axis=axis)(w)
    axes = [axis] if isinstance(axis, int) else axis
    lengths = [
        int(np.prod(part))
        for part in (w.shape[: axes[0]], [w.shape[a] for a in axes], w.shape[axes[-1] + 1 :])
    ]
    name = "bound_norms_of_rows" if lengths[2] == 1 else "bound_norms"
    carry((name, w, w, *lengths, *bounds))
    np.testing.assert_allclose(w, expected, rtol=1e-5, atol=1e-6)
