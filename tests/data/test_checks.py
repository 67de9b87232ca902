"""Data and arguments that cannot be used are refused before training, with words that help."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from minifit.data import checks
from minifit.errors import ArgumentError, DataError
from tests.house.kinds import BFloat16Array, Series, TorchLike

Shape = tuple[int, ...]

# -- array_of ------------------------------------------------------------------------------------------------

DTYPES = ["?", "i1", "u1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i8"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4,), (4, 3), (1, 2, 3)], ids=str)
def test_an_array_is_taken_as_it_is(dtype: str, shape: Shape) -> None:
    given = np.ones(shape, dtype)
    assert checks.array_of("x", given) is given


def test_views_are_not_copied() -> None:
    whole = np.arange(24.0).reshape(6, 4)
    for given in (whole[::2], whole[:, 1:3], whole.T, np.asfortranarray(whole)):
        found = checks.array_of("x", given)
        assert np.shares_memory(found, given)
        assert found.strides == given.strides


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ((1.5, 2.5), [1.5, 2.5]),
        ([[1], [2]], [[1], [2]]),
        ([np.array([1, 2]), np.array([3, 4])], [[1, 2], [3, 4]]),
        ([np.array([1, 2])], [1, 2]),  # a list of one input, as Keras takes it
        ((np.array([[1], [2]]),), [[1], [2]]),
        ([[1, 2]], [[1, 2]]),
        (range(3), [0, 1, 2]),
        (memoryview(b"ab"), [97, 98]),
    ],
)
def test_what_else_is_taken(given: Any, expected: Any) -> None:
    assert checks.array_of("x", given).tolist() == expected


class Framed:
    """What pandas and others look like from here."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array([[1, 2], [3, 4]], dtype)


def test_anything_with_an_array_inside() -> None:
    assert checks.array_of("x", Framed()).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("entries", "dtype"),
    [
        ([1, 2], np.int64),
        ([1, 2.5], np.float64),
        ([True, False], np.bool_),
        ([np.float32(1), np.int8(2)], np.float64),
        ([Decimal("0.5"), Fraction(1, 4)], np.float64),
        ([[1, math.nan], [2, 3]], np.float64),
    ],
    ids=str,
)
def test_objects_that_are_all_numbers(entries: list[Any], dtype: Any) -> None:
    found = checks.array_of("x", np.array(entries, object))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.array(entries, np.float64))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": [1, 2]}, "x must be one array.*Received: a dict in place of an array.*Pass one of its arrays"),
        ([[1, 2], [3]], "x must have rows of equal length.*Received: a ragged list.*Pad the short rows"),
        (
            [np.zeros((2, 3)), np.zeros((2, 4))],
            "x must be one array.*Received: a list of 2 arrays.*np.concatenate joins",
        ),
        (["a", "b"], "x must hold real numbers.*Received: dtype <U1 from list.*Encode it"),
        (np.array([1 + 2j]), "x must hold real numbers.*Received: dtype complex128 from ndarray"),
        (np.array([1, None]), "x must hold real numbers.*Received: dtype object"),
        (np.array(["2020-01-01"], "M8[D]"), "x must hold real numbers.*Received: dtype datetime64"),
        (None, "x must be one array.*Received: None.*Pass the data"),
        (3, "x must have one row for each sample.*Received: a single number.*Pass an array"),
        (np.array(3.0), "x must have one row for each sample"),
        ([], r"x must hold at least one sample.*Received: shape \(0,\).*Check how it was made"),
        (np.zeros((0, 3)), r"x must hold at least one sample.*Received: shape \(0, 3\)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_data(given: Any, says: str) -> None:
    with pytest.raises(DataError, match=rf"^({says})"):
        checks.array_of("x", given)


@pytest.mark.parametrize(
    "given",
    [
        TorchLike([[1.0, 2.0]]),
        TorchLike([[1.0, 2.0]], grad=True),
        TorchLike([[1.0, 2.0]], "bfloat16"),
        TorchLike([[1.0, 2.0]], "bfloat16", grad=True, device="cuda:0"),
        [TorchLike([[1.0, 2.0]], "bfloat16", grad=True)],
        [[TorchLike(1.0, grad=True), TorchLike(2.0, grad=True)]],
        BFloat16Array([[1.0, 2.0]]),
        Series([[1.0, 2.0]]),
    ],
    ids=repr,
)
def test_tensors_of_other_libraries(given: Any) -> None:
    assert checks.array_of("x", given).tolist() == [[1.0, 2.0]]


def test_what_another_library_says_when_it_has_no_numbers() -> None:
    class Meta:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            raise RuntimeError("a tensor of the device meta has no data")

    with pytest.raises(
        DataError,
        match=r"x must be one array of numbers\. Received: a Meta that NumPy cannot read: a tensor of the device meta",
    ):
        checks.array_of("x", Meta())


def test_a_tensor_that_cannot_be_brought_to_this_machine() -> None:
    class Meta(TorchLike):
        def detach(self) -> TorchLike:
            return self

        def cpu(self) -> TorchLike:
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    with pytest.raises(
        DataError, match=r"Received: a Meta that NumPy cannot read: Cannot copy out of meta tensor"
    ):
        checks.array_of("x", Meta([[1.0]]))


def test_the_error_names_the_argument() -> None:
    with pytest.raises(DataError, match=r"^sample_weight must"):
        checks.array_of("sample_weight", [])


# -- same_length ---------------------------------------------------------------------------------------------


def test_the_common_length() -> None:
    assert checks.same_length(x=np.zeros((5, 2)), y=None, sample_weight=np.zeros(5)) == 5
    assert checks.same_length(x=np.zeros(3)) == 3


def test_lengths_that_differ() -> None:
    with pytest.raises(
        DataError, match=r"same number of samples\. Received: x has 4, y has 3\. Shorten or complete"
    ):
        checks.same_length(x=np.zeros(4), y=np.zeros(3), sample_weight=None)
    with pytest.raises(DataError, match="x has 4, y has 4, sample_weight has 5"):
        checks.same_length(x=np.zeros(4), y=np.zeros(4), sample_weight=np.zeros(5))


# -- split ---------------------------------------------------------------------------------------------------

# What TensorFlow 2.7 makes of n samples and a fraction: how many train, how many validate.
SPLITS = [
    (5, 0.25, 3, 2),
    (5, 0.5, 2, 3),
    (5, 0.1, 4, 1),
    (5, 0.2, 4, 1),
    (5, 0.21, 3, 2),
    (5, 0.3, 3, 2),
    (5, 0.7, 1, 4),
    (5, 0.01, 4, 1),
    (10, 0.3, 7, 3),
    (10, 0.7, 3, 7),
    (10, 0.1, 9, 1),
    (100, 0.2, 80, 20),
]


@pytest.mark.parametrize(("n", "fraction", "train", "validate"), SPLITS)
def test_where_the_cut_is(n: int, fraction: float, train: int, validate: int) -> None:
    x = np.arange(n)
    (first,), (last,) = checks.split(fraction, x)
    assert first is not None
    assert last is not None
    assert (first.tolist(), last.tolist()) == (list(range(train)), list(range(n - validate, n)))
    assert train + validate == n
    assert np.shares_memory(first, x)
    assert np.shares_memory(last, x)


@pytest.mark.parametrize("n", [2, 3, 7, 10, 33, 100, 997])
def test_the_rule_of_the_cut(n: int) -> None:
    for hundredths in range(1, 100):
        fraction = hundredths / 100
        at = math.floor(n * (1.0 - fraction))
        if 0 < at < n:
            (first,), _ = checks.split(fraction, np.arange(n))
            assert first is not None
            assert len(first) == at
        else:
            with pytest.raises(ArgumentError):
                checks.split(fraction, np.arange(n))


def test_all_arrays_are_cut_alike() -> None:
    x, y, w = np.arange(10).reshape(5, 2), np.arange(5), np.arange(5.0)
    train, validation = checks.split(0.4, x, y, None, w)
    assert [None if a is None else a.tolist() for a in train] == [
        [[0, 1], [2, 3], [4, 5]],
        [0, 1, 2],
        None,
        [0, 1, 2],
    ]
    assert [None if a is None else a.tolist() for a in validation] == [[[6, 7], [8, 9]], [3, 4], None, [3, 4]]


def test_a_fraction_in_float32() -> None:
    (first,), (last,) = checks.split(np.float32(0.2), np.arange(5))
    assert first is not None
    assert last is not None
    assert (len(first), len(last)) == (3, 2)  # as TensorFlow 2.7 cuts


@pytest.mark.parametrize(("n", "fraction"), [(5, 0.8), (5, 0.9), (5, 0.99), (10, 0.9), (1, 0.5), (1, 0.01)])
def test_a_side_without_a_sample(n: int, fraction: float) -> None:
    says = rf"at least one sample on each side\. Received: validation_split={fraction} for {n} samples\. Choose another"
    with pytest.raises(ArgumentError, match=says):
        checks.split(fraction, np.arange(n))


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1, -0.1, 1.5, True, "0.2", None, float("nan"), [0.2]])
def test_what_is_no_fraction(fraction: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"between 0 and 1\. Received: validation_split=.*Pass for example 0\.2"
    ):
        checks.split(fraction, np.arange(5))
