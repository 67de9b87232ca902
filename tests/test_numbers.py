"""A number is a float in every respect, and answers as a scalar tensor."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.checks import real
from minifit.numbers import Number
from minifit.saving import tree

HALF = Number(0.5)


def test_it_is_a_float() -> None:
    assert isinstance(HALF, float)
    assert HALF == 0.5
    assert HALF < 1
    assert HALF + 1 == 1.5
    assert f"{HALF:.3f} {HALF} {HALF!r}" == "0.500 0.5 0.5"
    assert round(Number(0.123), 2) == 0.12
    assert real(HALF) == 0.5
    assert hash(HALF) == hash(0.5)


def test_it_answers_as_a_scalar_tensor() -> None:
    assert (HALF.shape, HALF.ndim, str(HALF.dtype)) == ((), 0, "float32")
    assert type(HALF.numpy()) is np.float32
    assert HALF.numpy() == 0.5
    assert float(ops.square(HALF)) == 0.25


def test_what_is_computed_of_it_answers_too() -> None:
    half: Any = HALF
    for computed in (
        2 * half * half / (half + 0.5),
        1 - half,
        -half * -1,
        abs(half),
        half**1,
        2.5 % half + 0.5,
    ):
        assert (type(computed), computed.numpy()) == (Number, 0.5)
    assert type(HALF * np.ones(2)) is np.ndarray
    assert (HALF < 1) is True


@pytest.mark.parametrize(
    "way",
    [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v)), lambda v: json.loads(json.dumps(v))],
)
def test_copies_and_files_hold_a_float(way: Callable[[Any], Any]) -> None:
    assert type(way(HALF)) is float
    assert way({"a": [HALF]}) == {"a": [0.5]}


def test_a_captured_state_holds_a_float() -> None:
    text, _ = tree.pack({"best": HALF})
    assert tree.unpack(text, np.zeros(0, np.uint8)) == {"best": 0.5}
