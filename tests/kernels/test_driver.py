"""The loop of a program: which batches it takes, and where it stops."""

import numpy as np
import pytest

from tests.kernels.carrying import carry, randoms


def test_batches_follow_one_another() -> None:
    data, out = randoms(10, 3), np.zeros((4, 3), np.float32)
    assert carry(("gather", out, data, 3), n=4, batches=2) == 2
    np.testing.assert_array_equal(out, data[4:8])


def test_the_last_batch_has_what_is_left() -> None:
    data, out, order = randoms(10, 3), np.zeros((4, 3), np.float32), np.arange(10)[::-1].copy()
    assert carry(("gather", out, data, 3), n=4, first=2, order=order) == 1
    np.testing.assert_array_equal(out[:2], data[1::-1])
    assert not out[2:].any()


@pytest.mark.parametrize(("bad", "taken"), [(0, 0), (5, 1), (11, 2)])
def test_a_refused_batch_ends_it_before_anything_changes(bad: int, taken: int) -> None:
    ids, batch, out = np.zeros(12, np.int64), np.zeros(4, np.int64), np.zeros(4, np.float32)
    ids[bad] = 7
    total = np.zeros(2)
    rows = (
        ("gather", batch, ids, 2),
        ("check_classes", batch, 1, 3),
        ("to_float", out, batch, 1),
        ("mean_of", total[:1], total[1:], out, 0, 1, 1),
    )
    assert carry(*rows, n=4, batches=3) == taken
    assert total[1] == 4 * taken
