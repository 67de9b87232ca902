"""Aligned memory, and the workspace that hands it out again."""

from typing import Any

import numpy as np
import pytest

from minifit.arrays import ALIGNMENT, FLOAT, Workspace, aligned_zeros, fresh, without_batch

F64 = np.dtype(np.float64)


@pytest.mark.parametrize("dtype", [FLOAT, F64, np.dtype(np.int64), np.dtype(np.bool_)], ids=str)
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000])
def test_aligned_zeros(size: int, dtype: np.dtype[Any]) -> None:
    made = [aligned_zeros(size, dtype) for _ in range(5)]
    for array in made:
        assert array.shape == (size,)
        assert array.dtype == dtype
        assert size == 0 or array.ctypes.data % ALIGNMENT == 0
        assert not array.any()
        array[...] = 1
    assert not any(np.shares_memory(a, b) for i, a in enumerate(made) for b in made[:i])


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((None, 20), "(None, 20)"),
        ((32, 8, 8), "(None, 8, 8)"),
        ((None,), "(None,)"),
        ((None, None, 3), "(None, None, 3)"),
    ],
)
def test_without_batch(shape: tuple[int | None, ...], text: str) -> None:
    assert without_batch(shape) == text


def test_fresh_is_new_every_time() -> None:
    one, other = fresh((2, 3)), fresh((2, 3))
    assert one.shape == (2, 3)
    assert one.dtype == np.float32
    assert not np.shares_memory(one, other)
    assert fresh((2,), F64).dtype == np.float64


# -- the workspace -------------------------------------------------------------------------------------------


def test_a_step_gets_arrays_of_its_own() -> None:
    workspace = Workspace()
    made = [workspace.take((4, 5)) for _ in range(3)]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(made) for b in made[:i])
    for array in made:
        assert array.shape == (4, 5)
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert array.ctypes.data % ALIGNMENT == 0


def test_the_next_step_gets_the_same_ones_in_order() -> None:
    workspace = Workspace()
    first = [workspace.take((4, 5)), workspace.take((2,), F64)]
    workspace.rewind()
    second = [workspace.take((4, 5)), workspace.take((2,), F64)]
    assert second[0] is first[0]
    assert second[1] is first[1]


def test_what_was_in_it_is_still_there() -> None:
    workspace = Workspace()
    workspace.take((3,))[...] = 7
    workspace.rewind()
    assert workspace.take((3,)).tolist() == [7, 7, 7]


def test_a_smaller_array_uses_the_same_memory() -> None:
    workspace = Workspace()
    big = workspace.take((32, 5))
    workspace.rewind()
    last_batch = workspace.take((7, 5))
    assert last_batch.shape == (7, 5)
    assert last_batch.flags.c_contiguous
    assert np.shares_memory(big, last_batch)
    workspace.rewind()
    again = workspace.take((32, 5))
    assert again.shape == (32, 5)
    assert again.ctypes.data == big.ctypes.data


def test_a_larger_array_gets_more_memory() -> None:
    workspace = Workspace()
    small = workspace.take((7, 5))
    workspace.rewind()
    big = workspace.take((32, 5))
    assert big.shape == (32, 5)
    assert not np.shares_memory(small, big)
    workspace.rewind()
    assert workspace.take((32, 5)) is big


def test_another_dtype_gets_other_memory() -> None:
    workspace = Workspace()
    single = workspace.take((4,))
    workspace.rewind()
    double = workspace.take((4,), F64)
    assert double.dtype == np.float64
    assert not np.shares_memory(single, double)
    workspace.rewind()
    assert workspace.take((4,), np.dtype(np.int64)).dtype == np.int64  # as wide, and still not the same


def test_growing_one_leaves_the_others() -> None:
    workspace = Workspace()
    _, second = workspace.take((2,)), workspace.take((3,))
    workspace.rewind()
    workspace.take((200,))
    assert workspace.take((3,)) is second


def test_a_longer_step_and_a_shorter_one() -> None:
    workspace = Workspace()
    first = workspace.take((2,))
    workspace.rewind()
    long = [workspace.take((2,)) for _ in range(3)]
    assert long[0] is first
    workspace.rewind()
    assert workspace.take((2,)) is first
    workspace.rewind()
    assert all(workspace.take((2,)) is array for array in long)


@pytest.mark.parametrize("shape", [(), (0,), (0, 5), (1, 1, 1)], ids=str)
def test_odd_shapes(shape: tuple[int, ...]) -> None:
    workspace = Workspace()
    assert workspace.take(shape).shape == shape
    workspace.rewind()
    assert workspace.take((3, 3)).shape == (3, 3)
    workspace.rewind()
    assert workspace.take(shape).shape == shape
