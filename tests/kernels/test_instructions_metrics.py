"""Instructions of metrics do as the functions of metrics do."""

import numpy as np
import pytest

from minifit.metrics import accuracy
from tests.kernels.carrying import carry, randoms


@pytest.mark.parametrize("m", [1, 4, 20])
def test_accuracies(m: int) -> None:
    p, t = randoms(6, m), randoms(6, m, seed=1)
    p[1] = p[1, 0]  # the first of several that are largest
    p[2, -1] = np.nan
    ids, out = np.arange(6) % m, np.zeros(6, np.float32)
    carry(("categorical_accuracy", out, t, p, 1, m), n=6)
    np.testing.assert_array_equal(out, accuracy.categorical_accuracy(t, p))
    carry(("sparse_accuracy", out, ids, p, 1, m), n=6)
    np.testing.assert_array_equal(out, accuracy.sparse_categorical_accuracy(ids, p))
    yes = (t > 0).astype(np.float32)
    carry(("binary_accuracy", out, yes, p, 1, m, 0.25), n=6)
    np.testing.assert_allclose(out, accuracy.binary_accuracy(yes, p, 0.25), rtol=1e-6)
