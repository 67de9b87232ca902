"""What targets are converted to."""

import numpy as np
import pytest

from minifit.data.batch import target_dtype


@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", ">i4"])
def test_class_numbers_stay_whole(code: str) -> None:
    assert target_dtype(np.dtype(code)) == np.int64


@pytest.mark.parametrize("code", ["?", "f2", "f4", "f8", ">f8", "u8"])
def test_other_targets_become_float32(code: str) -> None:
    assert target_dtype(np.dtype(code)) == np.float32
