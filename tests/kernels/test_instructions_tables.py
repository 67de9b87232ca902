"""Instructions of tables: rows taken, their gradients summed, and numbers that are no rows."""

import numpy as np
import pytest

from tests.kernels.carrying import carry, randoms


@pytest.mark.parametrize("m", [1, 16, 21])
def test_rows_and_their_gradient(m: int) -> None:
    table, dy, ids = randoms(6, m), randoms(12, m, seed=1), np.arange(12, dtype=np.float32) % 5
    y, dtable, expected = np.zeros_like(dy), np.full_like(table, 9), np.zeros_like(table)
    carry(
        ("check_rows", ids, 3, 6),
        ("take_rows", y, table, ids, 3, m),
        ("take_rows_slope", dtable, dy, ids, 3, m, -6 * m),
    )
    np.add.at(expected, ids.astype(int), dy)
    np.testing.assert_array_equal(y, table[ids.astype(int)])
    np.testing.assert_allclose(dtable, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("number", [-1, -1.5, 6, np.nan, np.inf, -np.inf])
def test_what_is_no_row_is_refused(number: float) -> None:
    ids = np.array([0, 5, number, 1], np.float32)
    assert carry(("check_rows", ids, 1, 6)) == 0
    assert carry(("check_rows", ids, 1, 6), n=2) == 1


def test_fractions_are_cut_off() -> None:
    ids, y, table = np.array([-0.9, 0.9, 1.5, 5.99], np.float32), np.zeros((4, 2), np.float32), randoms(6, 2)
    assert carry(("check_rows", ids, 1, 6), ("take_rows", y, table, ids, 1, 2)) == 1
    np.testing.assert_array_equal(y, table[[0, 0, 1, 5]])
