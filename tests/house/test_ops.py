"""Every op: its gradient against finite differences, its values against NumPy, and what it refuses."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array, Workspace
from minifit.errors import ArgumentTypeError
from minifit.kernels import reference
from minifit.tensor import Context, Tensor, as_tensor
from minifit.utils.gradients import check_gradients
from tests.ops.cases import (
    BY_NAME,
    CASES,
    CONSTANT,
    Case,
    gradient_of,
)


@pytest.mark.parametrize("case", BY_NAME)
def test_gradient(case: Case) -> None:
    assert check_gradients(case.function, *case.inputs) < 1e-5


@pytest.mark.parametrize("case", BY_NAME)
def test_values(case: Case) -> None:
    made = case.function(*(Tensor(x) for x in case.inputs))
    wanted = np.asarray(case.numpy(*case.inputs))
    assert made.dtype == np.float64
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made.value, wanted, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize("case", [p for p in BY_NAME if not str(p.id).startswith("cast")])
def test_float32_stays_and_gives_the_same(case: Case) -> None:
    single = [Tensor(x.astype(np.float32), requires_grad=True) for x in case.inputs]
    made = case.function(*single)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, np.asarray(case.numpy(*case.inputs)), rtol=1e-4, atol=1e-5)
    made.backward()
    for x in single:
        assert x.grad is not None
        assert x.grad.shape == x.shape
        assert x.grad.dtype == np.float32


@pytest.mark.parametrize("case", BY_NAME)
def test_memory_that_is_used_again_changes_nothing(case: Case) -> None:
    def step(here: Context) -> list[Array]:
        tensors = [Tensor(x, requires_grad=True) for x in case.inputs]
        with here:
            made = case.function(*tensors)
            made.backward(np.cos(np.arange(made.value.size)).reshape(made.shape))
        return [made.numpy(), *(np.array(t.grad) for t in tensors)]

    workspace = Workspace()
    fresh = step(Context())
    for _ in range(3):
        workspace.rewind()
        for again, once in zip(step(Context(reference, workspace)), fresh, strict=True):
            np.testing.assert_array_equal(again, once)


def test_every_op_is_in_the_table() -> None:
    assert {c.op for c in CASES} == set(ops.__all__) - CONSTANT


def test_every_public_function_is_listed() -> None:
    modules = [module for module in vars(ops).values() if isinstance(module, ModuleType)]
    files = [module for module in modules if module.__name__.startswith("minifit.")]  # not those of pytest
    own = {name for file in files for name, value in vars(file).items() if hasattr(value, "__wrapped__")}
    assert own == set(ops.__all__)


def test_gradients_at_kinks_are_those_of_keras() -> None:
    assert gradient_of(ops.relu, [0.0]) == [0.0]
    assert gradient_of(ops.abs, [0.0]) == [0.0]
    assert gradient_of(lambda x: ops.mean_absolute_error([0.0], x), [0.0]) == [0.0]
    assert gradient_of(lambda x: ops.clip(x, 0.0, 1.0), [0.0, 1.0]) == [1.0, 1.0]
    assert gradient_of(lambda x: ops.penalty(x, 1.0, 1.0), [0.0]) == [0.0]


@pytest.mark.parametrize(
    "function",
    [
        ops.tanh,
        ops.sigmoid,
        ops.softmax,
        lambda x: ops.dense(as_tensor(x), Tensor(np.ones((3, 2), np.float32)), None),
        lambda x: ops.dropout(as_tensor(x), 0.1, np.random.default_rng(0)),
        lambda x: ops.penalty(as_tensor(x), 0.0, 0.01),
        lambda x: ops.mean_squared_error([[0.5, 0.5, 0.5]], x),
    ],
    ids=["tanh", "sigmoid", "softmax", "dense", "dropout", "penalty", "mean_squared_error"],
)
def test_integers_count_as_float32(function: Callable[[Any], Tensor]) -> None:
    made = function(np.array([[1, 2, 3]]))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.value, function(np.array([[1, 2, 3]], np.float32)).value)


@pytest.mark.parametrize("op", [ops.exp, ops.relu, ops.sum, ops.softmax])
@pytest.mark.parametrize("value", ["text", [1j], [object()], None])
def test_what_is_no_real_number_is_refused(op: Callable[[Any], Tensor], value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="real numbers"):
        op(value)
