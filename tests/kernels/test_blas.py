"""NumPy's BLAS is found in what NumPy has loaded, and only a routine that multiplies rightly is used."""

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minifit.kernels import blas
from minifit.kernels.parts import PLAIN

SGEMM = blas._SGEMM


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    blas.routines.cache_clear()
    yield
    blas.routines.cache_clear()


def multiply(*given: Any) -> None:
    """``cblas_sgemm`` for matrices row by row, as Python can say it."""
    _, left, right, n, m, k, alpha, a, row_a, b, row_b, beta, c, row_c = given

    def matrix(place: int, row: int, rows: int) -> Any:
        return np.ctypeslib.as_array((ctypes.c_float * (rows * row)).from_address(place)).reshape(rows, row)

    x = matrix(a, row_a, n) if left == PLAIN else matrix(a, row_a, k).T
    w = matrix(b, row_b, k) if right == PLAIN else matrix(b, row_b, m).T
    y = matrix(c, row_c, n)
    y[...] = alpha * (x @ w) + beta * y


def test_a_routine_that_multiplies_is_right() -> None:
    assert blas._is_correct(SGEMM(multiply))


@pytest.mark.parametrize(
    "change",
    [
        {6: 1.0},  # alpha
        {11: 0.0},  # beta
        {1: PLAIN, 2: PLAIN},
    ],
)
def test_a_routine_that_forgets_something_is_refused(change: dict[int, Any]) -> None:
    def forgetful(*given: Any) -> None:
        altered = [change.get(i, value) for i, value in enumerate(given)]
        altered[8], altered[10] = (altered[5], altered[4]) if 1 in change else (given[8], given[10])
        multiply(*altered)

    assert not blas._is_correct(SGEMM(forgetful))


def test_it_is_found_in_the_wheels_of_numpy() -> None:
    if "openblas" not in str(np.show_config(mode="dicts")):
        pytest.skip("a NumPy that was built with another BLAS")
    assert blas.routines()


def test_where_no_library_has_it_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "NAMES", ("no_such_routine",))
    assert blas.routines() == 0


def test_where_it_does_not_pass_the_check_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_is_correct", lambda *given: False)
    assert blas.routines() == 0


def test_a_file_that_is_no_library_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> None:
        raise OSError("not a library")

    monkeypatch.setattr(ctypes, "CDLL", refused)
    assert blas.routines() == 0


# -- the number of threads -------------------------------------------------------------------------------------------


class _OpenBLAS:
    """A library with the routines of OpenBLAS, and a number of threads."""

    def __init__(self, threads: int, without: str = "") -> None:
        self.sgemm = SGEMM(multiply)
        self.get = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: threads)
        self.change = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: None)
        found = {"scipy_cblas_sgemm64_": self.sgemm, blas._GET: self.get, blas._SET: self.change}
        vars(self).update({name: routine for name, routine in found.items() if name != without})


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The BLAS that NumPy has loaded; nothing in the environment says how many threads there are to be."""
    found: list[Any] = []
    monkeypatch.setattr(blas, "_libraries", lambda: iter(found))
    for name in blas.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return found


def test_of_another_blas_the_number_of_threads_stays(libraries: list[Any]) -> None:
    libraries.append(_OpenBLAS(4, without=blas._GET))
    assert blas.routines()
    assert blas._table[blas.SET] == 0
    assert blas.most_threads() == 1


def test_one_without_products_in_parts_keeps_its_number_of_threads(libraries: list[Any]) -> None:
    libraries.append(_OpenBLAS(4))
    assert blas.routines()
    assert blas._table[blas.MOST] == 4
    assert blas._table[blas.BATCH] == 0
    assert blas.most_threads() == 1


def test_a_number_of_threads_that_the_user_set_is_never_touched(
    monkeypatch: pytest.MonkeyPatch, libraries: list[Any]
) -> None:
    libraries.append(_OpenBLAS(4))
    blas.routines()
    assert blas._table[blas.SET] != 0
    for name in blas.THREAD_VARIABLES:
        monkeypatch.setenv(name, "4")
        blas.routines.cache_clear()
        blas.routines()
        assert blas._table[blas.SET] == 0, name
        monkeypatch.delenv(name)
