"""The table of operations: their names, and calls in the names of TensorFlow."""

import operator
from typing import Any

import numpy as np
import pytest

from minifit import nonlinearities, ops
from minifit.errors import ArgumentError, FileFormatError, UnknownNameError
from minifit.operations import BY_KERAS3, BY_TENSORFLOW, OPERATIONS, named, of_function
from minifit.tensor import as_tensor

X = as_tensor(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))


def test_every_public_op_has_a_row() -> None:
    for module in (ops, nonlinearities):
        assert [name for name in module.__all__ if of_function(getattr(module, name)) not in OPERATIONS] == []


def test_names_stand_for_one_operation() -> None:
    assert len({o.tensorflow for o in OPERATIONS}) == len(OPERATIONS)
    assert len({o.keras3 for o in OPERATIONS if o.keras3}) == len([o for o in OPERATIONS if o.keras3])


def test_other_names_are_read_as_the_usual_one() -> None:
    assert named("math.add") is of_function(operator.add)
    assert BY_KERAS3["numpy.Divide"] is named("math.divide")


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "further"),
    [
        (operator.add, (X, 2.0), {}, {"y": 2.0}),
        (operator.matmul, (X, X), {}, {"b": X}),
        (ops.absolute, (X,), {}, {}),
        (ops.mean, (X, 1), {}, {"axis": 1, "keepdims": False}),
        (ops.clip, (X,), {"low": 0.0, "high": 1.0}, {"clip_value_min": 0.0, "clip_value_max": 1.0}),
        (ops.transpose, (X,), {}, {"perm": None}),
        (ops.concatenate, ([X, X],), {}, {"axis": -1}),
        (operator.getitem, (X, (slice(None), 0)), {}, {"slice_spec": (slice(None), 0)}),
    ],
)
def test_a_call_in_the_names_of_tensorflow(function: Any, args: Any, kwargs: Any, further: Any) -> None:
    operation = of_function(function)
    first, named_ = operation.bound(args, kwargs)
    assert first is args[0]
    assert named_ == further
    expected = function(*args, **kwargs)
    np.testing.assert_array_equal(operation.call(first, **named_).numpy(), expected.numpy())


def test_an_argument_that_tensorflow_lacks_is_refused_unless_it_is_the_default() -> None:
    elu = of_function(nonlinearities.elu)
    assert elu.bound((X,), {"alpha": 1.0}) == (X, {})
    with pytest.raises(ArgumentError, match=r"TensorFlow's nn.elu. Received: alpha=0.5"):
        elu.bound((X, 0.5), {})


def test_options_of_tensorflow_that_are_off_do_nothing() -> None:
    transpose = named("transpose")
    assert transpose.call(X, perm=[1, 0], name="transpose", conjugate=False).shape == (2, 2)
    with pytest.raises(FileFormatError, match=r"after the first: perm. Received: conjugate=True"):
        transpose.call(X, conjugate=True)


def test_operations_of_minifit_alone_have_names_of_their_own() -> None:
    assert named("minifit.gather") is of_function(ops.gather)
    assert [a.name for a in named("minifit.gather").further] == ["ids"]


@pytest.mark.parametrize("name", ["os.system", "minifit.__init__", "", None, 3, ["math.add"]])
def test_other_names_are_refused(name: Any) -> None:
    with pytest.raises(UnknownNameError, match="no operation of that name"):
        named(name)


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(UnknownNameError, match=r"math\.reduce_mean"):
        named("math.reducemean")
    assert "math.reduce_mean" in BY_TENSORFLOW


def test_a_function_that_is_no_operation() -> None:
    with pytest.raises(ArgumentError, match=r"one of minifit.ops. Received: len"):
        of_function(len)
