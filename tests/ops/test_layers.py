"""Ops of layers: dropout, rows of tables, what they remember, and what they refuse."""

import numpy as np
import pytest

from minifit import ops
from minifit.parameters import Parameter, ParameterBuffer
from minifit.tensor import Tensor, as_tensor
from minifit.utils.gradients import check_gradients
from tests.ops.cases import B, W, X, draw


def test_dropout_keeps_the_share_it_should() -> None:
    x = Tensor(np.ones(100_000, np.float32))
    kept = ops.dropout(x, 0.25, np.random.default_rng(0)).value
    assert set(np.unique(kept).tolist()) == {0.0, float(np.float32(1) / np.float32(0.75))}
    assert float((kept > 0).mean()) == pytest.approx(0.75, abs=0.01)
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("rate", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_dropout_at_its_ends(rate: float, left: float) -> None:
    made = ops.dropout(Tensor(np.ones(50, np.float32)), rate, np.random.default_rng(0))
    np.testing.assert_array_equal(made.value, np.full(50, left))


def test_dropout_draws_from_the_generator_it_is_given() -> None:
    x, rng = Tensor(np.ones(50, np.float32)), np.random.default_rng(0)
    first, second = ops.dropout(x, 0.5, rng).value, ops.dropout(x, 0.5, rng).value
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(ops.dropout(x, 0.5, np.random.default_rng(0)).value, first)


def test_softmax_and_sigmoid_of_huge_values() -> None:
    z = np.array([[1e30, 0.0, -1e30]], np.float32)
    np.testing.assert_array_equal(ops.softmax(z).value, [[1, 0, 0]])
    np.testing.assert_allclose(ops.sigmoid(z).value, [[1, 0.5, 0]], atol=1e-37)


def test_the_logits_are_remembered_and_only_there() -> None:
    z = Tensor(X, requires_grad=True)
    assert ops.softmax(z).logits is z
    assert ops.sigmoid(z).logits is z
    assert (ops.softmax(z) * 1.0).logits is None
    assert ops.tanh(z).logits is None


def test_a_parameter_in_two_ops_adds_up_in_its_slot() -> None:
    w = Parameter("w", draw(4, 4))
    ParameterBuffer().adopt([w])

    def function(x: Tensor) -> Tensor:
        return ops.dense(ops.dense(x, w, None, "tanh"), w, None) + ops.penalty(w, 0.0, 0.1)

    check_gradients(function, X, parameters=[w])
    function(Tensor(X.astype(np.float32))).sum().backward()
    assert w.grad is w.grad_view


def test_a_parameter_times_itself() -> None:
    w = Parameter("w", draw(3, 3))
    ParameterBuffer().adopt([w])
    check_gradients(lambda: ops.dense(w, w, None), parameters=[w])


def test_dense_writes_its_gradients_straight_into_the_buffer() -> None:
    w, b = Parameter("w", W), Parameter("b", B)
    buffer = ParameterBuffer()
    buffer.adopt([w, b])
    ops.dense(Tensor(X.astype(np.float32)), w, b).sum().backward()
    assert w.grad is w.grad_view
    assert b.grad is b.grad_view
    np.testing.assert_allclose(np.asarray(w.grad), np.repeat(X.sum(0)[:, None], 2, 1), rtol=1e-5)
    np.testing.assert_allclose(buffer.grads[b.start : b.start + 2], [3, 3])


def test_an_unknown_activation() -> None:
    with pytest.raises(ValueError, match=r"There is no fused activation of that name\. Received: 'rleu'"):
        ops.activation(as_tensor(X), "rleu")


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 1), (0,), (0, 3)], ids=str)
def test_gather(shape: tuple[int, ...]) -> None:
    table = Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    ids = np.array([4, 0, 4, 4, 2, 0])[: int(np.prod(shape))].reshape(shape)
    y = ops.gather(table, ids)
    np.testing.assert_array_equal(y.value, table.value[ids])
    g = np.cos(np.arange(y.value.size)).reshape(y.shape)
    expected = np.zeros((5, 2))
    np.add.at(expected, ids, g)
    y.backward(g)
    assert table.grad is not None
    np.testing.assert_allclose(table.grad, expected)


def test_gather_twice() -> None:
    table, ids = np.sin(np.arange(10.0)).reshape(5, 2), np.array([[1, 1], [4, 0]])
    check_gradients(lambda t: ops.gather(t, ids) * ops.gather(t, ids[::-1]), table)
