"""Instructions that draw: the numbers of NumPy's generators, and where these stand afterwards."""

from math import ceil

import numpy as np
import pytest

from minifit.lowering.streams import draw_address
from tests.kernels.carrying import carry, randoms, shares_of


@pytest.mark.parametrize("n", [1, 4, 5])
@pytest.mark.parametrize("m", [1, 16, 21])
@pytest.mark.parametrize("rate", [0.3, 0.5, 1.0])
def test_dropout_draws_as_numpy(n: int, m: int, rate: float) -> None:
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    rng.random(3, dtype=np.float32), same.random(3, dtype=np.float32)  # half of a 64-bit number is left over
    state = np.full(1, rng.bit_generator.ctypes.state_address, np.int64)
    x, dy = randoms(n, m), randoms(n, m, seed=1)
    y, dx, bits = np.full_like(x, 9), np.full_like(x, 9), np.zeros(n * m, np.int16)
    least = ceil(float(np.float32(rate)) * 2**24)
    draw = ("dropout", y, bits, state, x, m, draw_address(), least, 1.5, 0.25, -2.0)
    carry(draw, ("dropout_slope", dx, dy, bits, m, 1.5), n=n)
    kept = same.random((n, m), dtype=np.float32) >= np.float32(rate)
    np.testing.assert_allclose(
        y, np.where(kept, 1.5 * x + 0.25, -2), rtol=1e-6, atol=1e-6
    )  # it may round once
    np.testing.assert_array_equal(dx, np.where(kept, np.float32(1.5) * dy, np.float32(0)))
    assert rng.bit_generator.state == same.bit_generator.state


def test_dropout_of_ones() -> None:
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    state = np.full(1, rng.bit_generator.ctypes.state_address, np.int64)
    y, bits = np.zeros((4, 3), np.float32), np.zeros(4, np.int16)
    carry(("dropout", y, bits, state, 0, 3, draw_address(), 1 << 23, 2.0, 0.0, 0.0))
    np.testing.assert_array_equal(y, 2 * (same.random((4, 3), dtype=np.float32) >= 0.5))


def test_what_is_no_number_stays_so() -> None:
    rng = np.random.default_rng(3)
    state = np.full(1, rng.bit_generator.ctypes.state_address, np.int64)
    x = np.full((4, 3), np.nan, np.float32)
    y, bits = np.zeros_like(x), np.zeros(4, np.int16)
    carry(("dropout", y, bits, state, x, 3, draw_address(), 1 << 24, 2.0, 0.0, 0.0))
    assert np.isnan(y).all()


def test_a_cursor_goes_through_normal_numbers() -> None:
    numbers = randoms(70)
    cursor, first, second = np.full(1, numbers.ctypes.data, np.int64), np.zeros((4, 9)), np.zeros((4, 3))
    first, second = first.astype(np.float32), second.astype(np.float32)
    carry(("normals", first, cursor, 9, 1.0, 0.5), ("normals", second, cursor, 3, 0.0, 1.0))
    np.testing.assert_allclose(first.ravel(), 1 + 0.5 * numbers[:36], rtol=1e-6)
    np.testing.assert_array_equal(second.ravel(), numbers[36:48])
    assert cursor[0] == numbers[48:].ctypes.data


@pytest.mark.parametrize(("rows", "size"), [(7, 2), (8, 3), (3, 4)])
def test_shares_draw_what_the_whole_batch_does(rows: int, size: int) -> None:
    whole, seen = np.random.default_rng(3), []
    kept = whole.random((rows, 9), dtype=np.float32) >= 0.5
    common = whole.random(5, dtype=np.float32) >= 0.5
    for share in shares_of(rows, size):
        rng = np.random.default_rng(3)
        state = np.full(1, rng.bit_generator.ctypes.state_address, np.int64)
        y, bits = np.full((share.held, 9), 9, np.float32), np.zeros((share.held, 9), np.int16)
        same = np.zeros(5, np.float32)
        setting = (draw_address(), 1 << 23, 1.0, 0.0, 0.0)
        carry(
            ("dropout", y, bits, state, 0, 9, *setting),
            ("dropout", same, bits, state, 0, -5, *setting),
            share=share,
        )
        np.testing.assert_array_equal(y, kept[share.begin : share.begin + share.held])
        np.testing.assert_array_equal(same, common)
        assert rng.bit_generator.state == whole.bit_generator.state
        seen.append(y[: share.rows])
    np.testing.assert_array_equal(np.concatenate(seen), kept)


@pytest.mark.parametrize(("rows", "size"), [(7, 2), (3, 4)])
def test_shares_take_their_rows_of_normal_numbers(rows: int, size: int) -> None:
    numbers = randoms(rows * 12)
    first, second = numbers[: rows * 9].reshape(rows, 9), numbers[rows * 9 :].reshape(rows, 3)
    for share in shares_of(rows, size):
        cursor, one = np.full(1, numbers.ctypes.data, np.int64), np.zeros((share.held, 9), np.float32)
        two = np.zeros((share.held, 3), np.float32)
        carry(("normals", one, cursor, 9, 0.0, 1.0), ("normals", two, cursor, 3, 0.0, 1.0), share=share)
        np.testing.assert_array_equal(one, first[share.begin :][: share.held])
        np.testing.assert_array_equal(two, second[share.begin :][: share.held])
        assert cursor[0] == numbers.ctypes.data + numbers.nbytes
