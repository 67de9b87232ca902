"""Each kind of thing that is no array of numbers has words of its own; tests/house/test_bad_data.py has them all."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from minifit.data import refusals
from minifit.errors import DataError


class Dense:
    """Looks like data to NumPy, whatever else it can do."""

    nnz = 3

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.zeros(3)

    def __call__(self) -> None: ...


@pytest.mark.parametrize("given", [3, [1], (1,), np.zeros(3), range(3), Dense(), np.ma.masked_array([1, 2])])
def test_what_numpy_may_try(given: Any) -> None:
    refusals.refuse("x", given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (partial(int, "3"), r"the function partial\. Call it"),
        (np.ndarray, r"the class ndarray\. Make an object"),
        (iter([1]), r"a list_iterator\. Pass the arrays that it yields"),
        ((i for i in range(3)), r"a generator\. Pass the arrays"),
        ("a" * 1000, r"the text 'a+\.\.\.a+'\. Read"),
        (
            np.ma.masked_array([1, 2], [True, False]),
            r"a masked array with 1 masked values\. Fill .* x\.filled\(0\)",
        ),
    ],
)
def test_what_is_something_else(given: Any, says: str) -> None:
    with pytest.raises(DataError, match=rf"^x of batch 3 must be one array of numbers\. Received: {says}"):
        refusals.refuse("x of batch 3", given)


def test_a_row_of_objects_is_named() -> None:
    for entry, says in ((None, "None at row 1"), ("b", "'b' at row 1"), (1j, "1j at row 1")):
        array = np.array([1, entry], object)
        assert f"dtype object from list, with {says}. Encode" in str(
            refusals.not_numbers("y", [1, entry], array)
        )


def test_ragged_rows_whose_lengths_agree_at_first() -> None:
    deep = [[[1, 2], [3, 4]], [[1, 2], [3]]]
    assert "Received: a ragged list. Pad" in str(refusals.ragged("x", deep))
    assert "row 0 has 1 values, row 1 has 2" in str(refusals.ragged("x", [1, [2, 3]]))
