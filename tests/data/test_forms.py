"""One array, a list, a tuple or a dict: each becomes arrays in the order of the model, and goes back as it was."""

from collections import namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from minifit.data.forms import ANY, Form, Names, normal_form
from minifit.errors import DataError, UnknownNameError
from tests.data.drawing import dataset

A, B, C = np.zeros((4, 1)), np.ones((4, 2)), np.full((4, 3), 2.0)
TWO = Names(["b", "a"], ["p", "q"])
ONE = Names(["a"], ["p"])
Pair = namedtuple("Pair", ["left", "right"])


def inputs(x: Any, names: Names = ANY) -> tuple[Any, list[Any]]:
    """The form of x, and its arrays in order."""
    given = normal_form(x, None, None, names)
    return given.form.x, [array for _, array in given.inputs]


def same(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(f is e for f, e in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("x", "form", "arrays"),
    [
        (A, 0, [A]),
        ([A, B], [0, 1], [A, B]),
        ((A, B), (0, 1), [A, B]),
        ([A], [0], [A]),
        ({"b": B, "a": A}, {"b": 1, "a": 0}, [A, B]),
        (MappingProxyType({"a": A}), {"a": 0}, [A]),
        ({"b": [B, C], "a": A}, {"b": [1, 2], "a": 0}, [A, B, C]),
        ([A, (B, {"c": C})], [0, (1, {"c": 2})], [A, B, C]),
        (Pair(A, B), Pair(0, 1), [A, B]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_of_a_model_that_takes_whatever_comes(x: Any, form: Any, arrays: list[Any]) -> None:
    found, values = inputs(x)
    assert found == form
    assert type(found) is type(form)
    assert same(values, arrays)


@pytest.mark.parametrize("names", [ANY, ONE], ids=["any", "one"])
@pytest.mark.parametrize("x", [[1, 2], [[1, 2], [3, 4]], [[1, 2]], (1.0,), [], "ab", None, [np.float32(1)]])
def test_rows_are_one_array(x: Any, names: Names) -> None:
    form, values = inputs(x, names)
    assert form == 0
    assert same(values, [x])


def test_of_one_input_a_list_of_arrays_is_no_list_of_inputs() -> None:
    rows = [np.zeros(2), np.ones(2)]
    assert inputs(rows, ONE) == (0, [rows])
    assert inputs([A], ONE)[0] == [0]
    assert inputs({"a": A}, ONE)[0] == {"a": 0}


@pytest.mark.parametrize(
    ("x", "form"),
    [
        ([B, A], [0, 1]),
        ((B, A), (0, 1)),
        ({"a": A, "b": B}, {"a": 1, "b": 0}),
        ([B, {"a": A}], [0, {"a": 1}]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_inputs_come_in_the_order_of_the_model(x: Any, form: Any) -> None:
    found, values = inputs(x, TWO)
    assert found == form
    assert same(values, [B, A])


def test_lists_of_rows_by_place() -> None:
    x = [[[1, 2], [3, 4]], [[5], [6]]]
    assert inputs(x, TWO) == ([0, 1], x)


def test_arrays_in_files_by_place_and_by_name() -> None:
    a, b = dataset(A), dataset(B)
    assert same(inputs([a, b])[1], [a, b])
    assert same(inputs({"a": a, "b": b}, TWO)[1], [b, a])
    group = a.file
    group["other"] = B
    names = Names(["values", "other"])
    assert inputs(group, names)[1] == [group["values"], group["other"]]


@pytest.mark.parametrize(
    ("x", "names", "error", "says"),
    [
        (
            {"bb": B, "a": A},
            TWO,
            UnknownNameError,
            r"model's inputs as keys\. Received: 'bb'\. Did you mean 'b'\?",
        ),
        ({"z": B}, ONE, UnknownNameError, r"Received: 'z'\. Known: 'a'\."),
        ({"a": A}, TWO, DataError, r"every input of the model: 'b', 'a'\. Received: none for 'b'\. Add it"),
        (
            A,
            TWO,
            DataError,
            r"for each input of the model, which has 2: 'b', 'a'\. Received: one\. Pass 2 in",
        ),
        ([A], TWO, DataError, r"which has 2: 'b', 'a'\. Received: a list of 1\. Pass 2 in a list, in this"),
        ((A, B, C), TWO, DataError, r"which has 2: 'b', 'a'\. Received: a tuple of 3\."),
        ({1: A}, ANY, DataError, r"from names to arrays\. Received: a dict with the key 1\. Pass the names"),
        ({}, ANY, DataError, r"Received: an empty dict\."),
        ({"a": {2: A}}, ANY, DataError, r"^x\['a'\] of it can be .*Received: a dict with the key 2\."),
    ],
)
def test_inputs_that_do_not_match(x: Any, names: Names, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        normal_form(x, None, None, names, " of it")
    assert " of it " in str(caught.value)


def test_what_is_no_input_is_told() -> None:
    given = normal_form({"z": C, "a": A, "b": B}, None, None, TWO)
    assert given.extra == ["z"]
    assert same([array for _, array in given.inputs], [B, A])


def test_arrays_are_called_as_they_were_given() -> None:
    given = normal_form({"b": B, "a": [A, C]}, [A, None], None, ANY)
    assert [name for name, _ in given.inputs] == ["x['a'][0]", "x['a'][1]", "x['b']"]
    assert [name for name, _ in given.targets] == ["y[0]", "y[1]"]
    given = normal_form({"a": A, "b": B}, {"q": A}, B, TWO)
    assert [name for name, _ in given.inputs] == ["x['b']", "x['a']"]
    assert [name for name, _ in given.targets] == ["y['p']", "y['q']"]
    assert [name for name, _ in given.weights] == ["sample_weight"]


# -- targets and weights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "targets"),
    [
        ([A, B], [A, B]),
        ({"q": B, "p": A}, [A, B]),
        ({"q": B}, [None, B]),
        ([A, None], [A, None]),
        (A, [A]),  # for every output
    ],
    ids=range(5),
)
def test_targets_by_output(y: Any, targets: list[Any]) -> None:
    given = normal_form(C, y, None, Names(None, ["p", "q"]))
    assert same([array for _, array in given.targets], targets)
    assert given.outputs == 2


@pytest.mark.parametrize("names", [ANY, Names(None, ["p", "q"])], ids=["any", "two"])
@pytest.mark.parametrize(
    ("weight", "weights"),
    [
        (A, [A]),
        ([A, B], [A, B]),
        ([None, B], [None, B]),
        ({"q": B}, [None, B]),
        ({"q": B, "p": A}, [A, B]),
    ],
    ids=range(5),
)
def test_weights_by_output(weight: Any, weights: list[Any], names: Names) -> None:
    given = normal_form(C, {"p": A, "q": B}, weight, names)
    assert same([array for _, array in given.weights], weights)
    assert given.outputs == 2


@pytest.mark.parametrize(
    ("y", "weight", "names", "error", "says"),
    [
        (
            {"r": A},
            None,
            TWO,
            UnknownNameError,
            r"^y of it .*model's outputs as keys\. Received: 'r'\. Known: 'p', 'q'",
        ),
        (
            [A],
            None,
            TWO,
            DataError,
            r"^y of it .*each output of the model, which has 2: 'p', 'q'\. Received: a list",
        ),
        (
            [A, B],
            {"pp": A},
            TWO,
            UnknownNameError,
            r"^sample_weight of it .*Received: 'pp'\. Did you mean 'p'",
        ),
        ([A, B], [A], ANY, DataError, r"^sample_weight of it .*which has 2\. Received: a list of 1\."),
        ({"p": A}, {"q": A}, ANY, UnknownNameError, r"^sample_weight of it .*Received: 'q'\. Known: 'p'"),
        (
            A,
            {0: 1.0},
            ONE,
            DataError,
            r"Received: a dict with the key 0\..*weights of classes are class_weight\.",
        ),
    ],
    ids=range(6),
)
def test_outputs_that_do_not_match(y: Any, weight: Any, names: Names, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        normal_form({"a": A, "b": B} if names is TWO else A, y, weight, names, " of it")


# -- a batch goes back as it was -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        A,
        ([A, B],),
        ({"a": A, "b": B},),
        (A, B),
        (A, [B]),
        ((A, B), {"q": B, "p": A}),
        (A, [B, None]),
        ({"a": A, "b": (B, C)}, B, C),
        (A, B, [C]),
        (A, None, C),
    ],
    ids=range(10),
)
def test_a_batch_is_packed_as_it_was_given(item: Any) -> None:
    x, y, weight = (*item, None, None)[:3] if isinstance(item, tuple) else (item, None, None)
    given = normal_form(x, y, weight, ANY)
    batch = tuple(tuple(array for _, array in part) for part in given.parts)
    packed = given.form.pack(batch)
    assert repr(packed) == repr(item)
    assert type(packed) is type(item)


def test_weights_of_classes_alone_are_weights_of_samples() -> None:
    assert Form(0, 0).pack(((A,), (B,), (C,))) == (A, B, C)
