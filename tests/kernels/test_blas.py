"""NumPy's BLAS is found in what NumPy has loaded, and only a routine that multiplies rightly is used."""

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.kernels import blas

SGEMM = ctypes.CFUNCTYPE(None, *blas._ARGUMENTS)


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    blas.sgemm_address.cache_clear()
    yield
    blas.sgemm_address.cache_clear()


def multiply(*given: Any) -> None:
    """``cblas_sgemm`` for matrices row by row, as Python can say it."""
    _, left, right, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c = given

    def matrix(place: int, row: int, rows: int) -> Any:
        return np.ctypeslib.as_array((ctypes.c_float * (rows * row)).from_address(place)).reshape(rows, row)

    x = matrix(a, row_a, n) if left == blas.PLAIN else matrix(a, row_a, k).T
    w = matrix(b, row_b, k) if right == blas.PLAIN else matrix(b, row_b, m).T
    y = matrix(c, row_c, n)
    y[...] = alpha * (x @ w) + beta * y


def address_of(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def test_a_routine_that_multiplies_is_right() -> None:
    assert blas._right(address_of(SGEMM(multiply)))


@pytest.mark.parametrize(
    "change",
    [
        {6: 1.0},  # alpha
        {11: 0.0},  # beta
        {1: blas.PLAIN, 2: blas.PLAIN},
    ],
)
def test_a_routine_that_forgets_something_is_refused(change: dict[int, Any]) -> None:
    def forgetful(*given: Any) -> None:
        altered = [change.get(i, value) for i, value in enumerate(given)]
        altered[8], altered[10] = (altered[5], altered[4]) if 1 in change else (given[8], given[10])
        multiply(*altered)

    routine = SGEMM(forgetful)
    assert not blas._right(address_of(routine))


def test_it_is_found_in_the_wheels_of_numpy() -> None:
    if "openblas" not in str(np.show_config(mode="dicts")):
        pytest.skip("a NumPy that was built with another BLAS")
    assert blas.sgemm_address()


def test_where_no_library_has_it_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "NAMES", ("no_such_routine",))
    assert blas.sgemm_address() == 0


def test_where_it_does_not_pass_the_check_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_right", lambda address: False)
    assert blas.sgemm_address() == 0


def test_a_file_that_is_no_library_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> None:
        raise OSError("not a library")

    monkeypatch.setattr(ctypes, "CDLL", refused)
    assert blas.sgemm_address() == 0
