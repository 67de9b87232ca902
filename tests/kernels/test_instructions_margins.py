"""Instructions of margins and angles do as the definitions of the losses."""

import numpy as np
import pytest

from minifit import losses
from minifit.workers import Share
from tests.kernels.carrying import assert_does_as, carry, randoms


@pytest.mark.parametrize("m", [1, 10, 33])
@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "categorical_hinge"])
def test_margins(name: str, m: int) -> None:
    t, p = np.sign(randoms(4, m)), randoms(4, m, seed=1)
    p[0] = t[0]  # a margin of 0
    assert_does_as(getattr(losses, name), name, np.maximum(t, 0) if name.startswith("cat") else t, p)


def test_equal_predictions_share_the_slope() -> None:
    t, p = np.eye(4, 20, dtype=np.float32), np.ones((4, 20), np.float32)
    assert_does_as(losses.categorical_hinge, "categorical_hinge", t, p)


@pytest.mark.parametrize("m", [1, 10, 33])
def test_cosines(m: int) -> None:
    t, p = randoms(4, m), randoms(4, m, seed=1)
    t[1] = p[2] = 0
    assert_does_as(losses.cosine_similarity, "cosine", t, p, -1.0)
    assert_does_as(lambda t, p: -losses.cosine_similarity(t, p), "cosine", t, p, 1.0)


@pytest.mark.parametrize("n", [1, 15, 40])
def test_targets_are_0_and_1_only_if_all_are(n: int) -> None:
    t = np.array([0, 1] * n, np.float32)
    signs = np.zeros_like(t)
    carry(("signs", signs, t, 1), n=2 * n)
    np.testing.assert_array_equal(signs, t * 2 - 1)
    t[-1] = -1
    carry(("signs", signs, t, 1), n=2 * n)
    np.testing.assert_array_equal(signs, t)


@pytest.mark.parametrize(("others", "told"), [(0, True), (1, False)])
def test_signs_as_all_workers_say(others: int, told: bool) -> None:
    t, y, found = (
        np.array([[1.0], [0.0]], np.float32),
        np.zeros((2, 1), np.float32),
        np.full(2, 9, np.float32),
    )
    carry(
        ("other_signs", found, t, 1), ("signs", y, t, 1, np.full(1, others, np.float32)), share=Share(0, 2, 4)
    )
    np.testing.assert_array_equal(y, 2 * t - 1 if told else t)
    np.testing.assert_array_equal(found, [0, 9])
    carry(("other_signs", found, t - 1, 1), share=Share(0, 2, 4))
    np.testing.assert_array_equal(found, [1, 9])
    carry(("other_signs", found, t - 1, 1), share=Share(1, 0, 1))
    np.testing.assert_array_equal(found, [0, 9])
