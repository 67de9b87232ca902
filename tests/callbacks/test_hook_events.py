"""The logs that a trace keeps, and the changes that count."""

from typing import Any

import numpy as np
import pytest

from minifit.callbacks.hook_events import MOST_KEYS, HookChange, differs, kept, plain
from minifit.tensor import Tensor

ARRAY = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        ("text\x1b[2J", "text\\x1b[2J"),
        (ARRAY, "ndarray of shape (2, 3), float32"),
        (Tensor(ARRAY), "Tensor of shape (2, 3), float32"),
        ([1, 2], "list"),
    ],
)
def test_values_are_numbers_or_texts(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_long_values_are_cut() -> None:
    assert len(str(plain(10**5000))) < 200
    assert len(plain("long" * 1000)) < 200
    logs = kept({str(number): number for number in range(MOST_KEYS + 5)})
    assert len(logs) == MOST_KEYS + 1
    assert logs["..."] == "5 more keys"


def test_logs_that_are_none() -> None:
    assert kept(None) == {}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1.0, 1.0, False),
        (1.0, np.float32(1.0), False),
        (float("nan"), float("nan"), False),
        (float("nan"), 1.0, True),
        (1.0, 2.0, True),
        ("a", "b", True),
        (None, 1.0, True),
        (ARRAY, ARRAY, False),
        (ARRAY, ARRAY.copy(), True),
        (False, True, True),
    ],
)
def test_differences(before: Any, after: Any, expected: bool) -> None:
    assert differs(before, after) is expected


def test_a_change_in_words() -> None:
    assert str(HookChange("logs['lr']", None, 0.123456)) == "logs['lr']: none -> 0.1235"
