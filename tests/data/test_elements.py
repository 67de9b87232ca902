"""Elements know their parts and become batches."""

from collections import namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from minifit.data import elements
from minifit.data.elements import TensorSpec
from minifit.errors import ArgumentTypeError, DataError, ShapeError
from minifit.tensor import Tensor

Pair = namedtuple("Pair", "a b")


def test_a_list_is_one_array_and_a_tuple_several() -> None:
    made = elements.element_of(([1.0, 2.0], {"n": [[1, 2]]}, Tensor([3.0])))
    assert [made[0].dtype, made[1]["n"].dtype, made[2].dtype] == [np.float32, np.int32, np.float32]
    assert made[1]["n"].shape == (1, 2)


def test_pythons_floats_are_float32() -> None:
    assert elements.element_of((1.0, [1.0], 1))[0].dtype == elements.element_of([1.0]).dtype == np.float32
    assert elements.element_of(np.float64(1)).dtype == np.float64


def test_pythons_whole_numbers_are_int32_where_they_fit() -> None:
    small, word, large, array = elements.element_of(([1, -2], 3, [2**40], np.arange(2)))
    assert [small.dtype, word.dtype, large.dtype, array.dtype] == [np.int32, np.int32, np.int64, np.int64]


def test_a_column_of_a_table_keeps_its_dtype() -> None:
    class Column:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            return np.arange(3.0)

    assert elements.element_of({"a": Column()})["a"].dtype == np.float64


def test_arrays_are_taken_as_they_are() -> None:
    array = np.arange(3.0)
    assert elements.element_of({"a": array})["a"] is array


def test_masked_values_are_refused() -> None:
    with pytest.raises(DataError, match="a masked array with 1 masked values"):
        elements.element_of((np.ma.array([1, 2], mask=[False, True]),))
    assert type(elements.element_of(np.ma.array([1, 2]))) is np.ndarray


def test_any_mapping_is_a_dict() -> None:
    assert elements.element_of({"a": MappingProxyType({"b": 1})}) == {"a": {"b": np.int64(1)}}


def test_each_part() -> None:
    value = (1, {"a": Pair(2, (3,))})
    made = elements.each_part(lambda n: n + 1, value)
    assert made == elements.map_parts(lambda n: n + 1, value) == (2, {"a": Pair(3, (4,))})
    assert type(made[1]["a"]) is Pair


def test_a_named_tuple_stays_one() -> None:
    assert type(elements.element_of(Pair([1], [2]))) is Pair


@pytest.mark.parametrize("text", ["a", ["a", "bc"], np.array(["a"], object), np.array([b"a"])])
def test_text_stays_numpys(text: Any) -> None:
    made = elements.element_of(text)
    assert made.dtype.kind in "US"
    assert elements.shown(made) is made


@pytest.mark.parametrize("value", [None, object(), [1, None], 1j, ["a", 1.0, None]])
def test_what_holds_no_numbers_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="A tensor holds real numbers"):
        elements.element_of(value)


def test_ragged_rows_are_refused() -> None:
    with pytest.raises(ShapeError, match="ragged"):
        elements.element_of([[1, 2], [3]])


def test_users_see_tensors_and_own_arrays() -> None:
    array = np.arange(3.0)
    assert isinstance(elements.shown((array, np.float32(1)))[1], Tensor)
    owned = elements.as_numpy({"a": array})["a"]
    owned[0] = 9
    assert array[0] == 0


def test_stacked_elements() -> None:
    made = elements.stack([(np.ones(2), {"n": np.int64(i)}) for i in range(3)])
    assert made[0].shape == (3, 2)
    assert made[1]["n"].tolist() == [0, 1, 2]


def test_elements_of_different_shapes_are_no_batch() -> None:
    with pytest.raises(ShapeError, match=r"the same shape\. Received: \(2,\), then \(3,\)\. Pad them"):
        elements.stack([np.ones(2), np.ones(3)])


def test_elements_that_are_nested_differently_are_no_batch() -> None:
    with pytest.raises(DataError, match=r"nested alike\. Received: \('\*', '\*'\), then \*"):
        elements.stack([(np.ones(2), np.ones(2)), np.ones(2)])


@pytest.mark.parametrize("odd", [1, (), (1, 2), {"b": 1}, {"a": (1,)}])
def test_another_form_is_seen_wherever_it_is(odd: Any) -> None:
    made = [elements.element_of(value) for value in ({"a": 1}, odd)]
    for order in (made, made[::-1]):
        with pytest.raises(DataError, match="nested alike"):
            elements.stack(order)


def test_padded_elements() -> None:
    made = elements.padded([np.arange(1, n + 1) for n in (1, 3)], [None], [None])
    assert made.tolist() == [[1, 0, 0], [1, 2, 3]]
    made = elements.padded([np.arange(1, n + 1) for n in (1, 3)], [(4,)], [-1])
    assert made.tolist() == [[1, -1, -1, -1], [1, 2, 3, -1]]


def test_an_element_that_does_not_fit_its_padded_shape() -> None:
    with pytest.raises(ShapeError, match=r"padded shape, \(2,\)\. Received: elements of up to \(3,\)"):
        elements.padded([np.arange(3)], [(2,)], [None])
    with pytest.raises(ShapeError, match="as many axes as their padded shape, 2"):
        elements.padded([np.arange(3)], [(2, None)], [None])


@pytest.mark.parametrize("value", [-1, 0.5, "a", 300, np.nan, [0, 0]])
def test_padding_that_the_dtype_does_not_hold(value: Any) -> None:
    with pytest.raises(
        DataError, match="padding_values must fit the dtype of the parts that they pad, here uint8"
    ):
        elements.padded([np.ones(1, np.uint8)], [(2,)], [value])


def test_texts_are_padded_with_whole_texts() -> None:
    made = elements.padded([np.array(["ab"])], [(2,)], ["longer"])
    assert made.tolist() == [["ab", "longer"]]
    with pytest.raises(DataError, match="Received: 4"):
        elements.padded([np.array(["ab"])], [(2,)], [4])


def test_floats_are_padded_with_the_nearest() -> None:
    made = elements.padded([np.ones(1, np.float32)], [(2,)], [0.1])
    assert made.dtype == np.float32
    assert made[0, 1] == np.float32(0.1)


def test_kinds() -> None:
    spec = TensorSpec((None, 2), "float64", name="x")
    assert (spec.shape, spec.dtype) == ((None, 2), np.float64)
    assert repr(spec) == "TensorSpec(shape=(None, 2), dtype=float64, name='x')"
    assert spec == TensorSpec([None, 2], np.float64)
    assert TensorSpec(()).dtype == np.float32
    assert TensorSpec(None).shape is None
    with pytest.raises(ArgumentTypeError, match="dtype must be a NumPy dtype"):
        TensorSpec((), "number")


def test_kinds_with_and_without_an_axis() -> None:
    spec = (TensorSpec((2,)), {"a": TensorSpec(None)})
    more = elements.with_axis(spec, None)
    assert more == (TensorSpec((None, 2)), {"a": TensorSpec(None)})
    assert elements.without_axis(more) == spec


def test_rows_that_come_of_free_rows_are_free() -> None:
    spec = elements.spec_of((np.ones((4, 2)), np.ones(3)))
    assert elements.freed(spec, [(4,)]) == (TensorSpec((None, 2), float), TensorSpec((3,), float))
