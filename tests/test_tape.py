"""GradientTape: what it follows, what it returns, what it leaves as it was. The numbers are those of TensorFlow 2.7."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape, Sequential, layers, nest, ops
from minifit.arrays import Workspace
from minifit.errors import ArgumentError, ArgumentTypeError, GradientError, ShapeError
from minifit.kernels import reference
from minifit.parameters import Parameter, ParameterBuffer
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor, current
from tests.ops.cases import CASES as OPS


def variable(*numbers: float) -> Parameter:
    return Parameter("v:0", np.array(numbers, np.float32))


def plain(grads: Any) -> Any:
    return nest.map_leaves(lambda g: None if g is None else g.numpy().tolist(), grads)


# -- what is followed ----------------------------------------------------------------------------------------


def test_a_constant_is_followed_from_watch_on() -> None:
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        y = x * x
        tape.watch(x)
        z = y * x
    assert plain(tape.gradient(z, [x])) == [[1, 4]]
    assert not x.requires_grad


def test_a_constant_that_is_not_watched_has_no_gradient() -> None:
    x, v = Tensor([1.0, 2.0]), variable(3, 4)
    with GradientTape(persistent=True) as tape:
        y = x * x
        z = x * v
    assert tape.gradient(y, x) is None
    assert plain(tape.gradient(z, [x, v])) == [None, [1, 2]]


def test_variables_are_followed_when_they_are_used() -> None:
    v, w, unused = variable(1, 2), variable(3, 4), variable(5)
    with GradientTape() as tape:
        y = v * w
    assert tape.watched_variables() == (v, w)
    assert plain(tape.gradient(y, (v, {"w": w}, unused))) == ([3, 4], {"w": [1, 2]}, None)


def test_variables_that_are_not_trainable_are_followed_when_watched() -> None:
    v = Parameter("mean:0", np.ones(2, np.float32), trainable=False)
    with GradientTape(persistent=True) as tape:
        before = v * 2.0
        tape.watch(v)
        after = v * 3.0
    assert tape.gradient(before, v) is None
    assert plain(tape.gradient(after, v)) == [3, 3]


def test_without_watch_accessed_variables_only_what_is_watched_counts() -> None:
    v, w = variable(1, 2), variable(3, 4)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = (v * v) * w
    assert tape.watched_variables() == (w,)
    assert plain(tape.gradient(y, [v, w])) == [None, [1, 4]]


def test_what_is_computed_outside_of_the_block_is_not_followed() -> None:
    v = variable(1, 2)
    y = v * v
    with GradientTape(persistent=True) as tape:
        tape.watch(y)
        z = y * v
    late = z * 2.0
    assert plain(tape.gradient(z, [y, v])) == [[1, 2], [1, 4]]  # v as in z = y * v alone
    assert tape.gradient(late, v) is None


def test_a_block_can_be_entered_again() -> None:
    v = variable(1, 2)
    with GradientTape() as tape:
        y = v * v
    with tape:
        z = y * v
    assert plain(tape.gradient(z, v)) == [3, 12]


def test_stop_recording() -> None:
    v = variable(1, 2)
    with GradientTape(persistent=True) as tape:
        y = v * v
        with tape.stop_recording():
            z = y * 3.0
        w = y * z
    assert plain(tape.gradient(w, v)) == [6, 48]  # z counts as a constant
    assert tape.gradient(z, v) is None


def test_reset() -> None:
    v = variable(1, 2)
    with GradientTape() as tape:
        y = v * v
        tape.reset()
        z = y * 3.0 + v
    assert plain(tape.gradient(z, v)) == [1, 1]


def test_a_tape_that_records_is_needed() -> None:
    tape = GradientTape()
    with tape:
        pass
    with pytest.raises(GradientError, match="reset"):
        tape.reset()
    with pytest.raises(GradientError, match="stop_recording"), tape.stop_recording():
        pass
    with tape, pytest.raises(GradientError, match="a tape that is recording"):
        tape.__enter__()
    for method in (GradientTape().watch, GradientTape().gradient):
        with pytest.raises(GradientError, match="was not entered"):
            method(*[variable(1)] * (1 + (method.__name__ == "gradient")))


# -- gradients -----------------------------------------------------------------------------------------------


def test_a_tape_is_used_up_by_its_first_gradient() -> None:
    v = variable(1, 2)
    with GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(GradientError, match="used up"):
        tape.gradient(y, v)


def test_a_persistent_tape_gives_several_gradients() -> None:
    v = variable(1, 2)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * y
    assert plain([tape.gradient(y, v), tape.gradient(z, v), tape.gradient(z, y)]) == [[2, 4], [4, 32], [2, 8]]


@pytest.mark.parametrize("case", OPS, ids=str)
def test_rules_can_be_applied_twice(case: Any) -> None:
    inputs = [Tensor(np.array(x)) for x in case.inputs]
    floats = [t for t in inputs if t.dtype.kind == "f"]
    with GradientTape(persistent=True) as tape:
        tape.watch(floats)
        y = case.function(*inputs)
    grads = [plain(tape.gradient(y, floats)) for _ in range(2)]
    assert any(grad is not None for grad in grads[0])
    assert grads[0] == grads[1]


def test_two_tapes_follow_the_same_ops() -> None:
    v, w = variable(1, 2), variable(3, 4)
    with GradientTape() as first, GradientTape() as second:
        y = v * w
        z = y * v
    assert plain([first.gradient(y, v), second.gradient(z, [v, w])]) == [[3, 4], [[6, 16], [1, 4]]]


def test_sources_in_between_and_targets_that_are_sources() -> None:
    v = variable(1, 2)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * 3.0
    assert plain(tape.gradient(z, [y, v])) == [[3, 3], [6, 12]]
    assert plain(tape.gradient([z, y], [y])) == [[4, 4]]
    assert plain(tape.gradient(v, v)) == [1, 1]
    assert y.grad is None


def test_the_targets_are_summed() -> None:
    v = variable(1, 2)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * 3.0
    assert plain(tape.gradient({"y": y, "z": z}, {"v": v})) == {"v": [8, 16]}
    assert plain(tape.gradient([y, z], v, output_gradients=[[1.0, 10.0], None])) == [8, 52]
    for one in ([1.0, 10.0], Tensor([1.0, 10.0]), [Tensor([1.0, 10.0])], [[1.0, 10.0]]):
        assert plain(tape.gradient(y, v, output_gradients=one)) == [2, 40]
    with GradientTape() as tape:
        y = variable(3) * (w := variable(2))
    assert plain(tape.gradient(y, w, output_gradients=[5.0])) == [15]


def test_unconnected_gradients() -> None:
    class Unconnected(Enum):
        ZERO = "zero"

    v, w = variable(1, 2), variable(3)
    with GradientTape(persistent=True) as tape:
        y = v * v
    assert plain(tape.gradient(y, [v, w], unconnected_gradients="zero")) == [[2, 4], [0]]
    assert plain(tape.gradient(y, w, unconnected_gradients=Unconnected.ZERO)) == [0]
    with pytest.raises(ArgumentError, match="'none' or 'zero'"):
        tape.gradient(y, v, unconnected_gradients="nothing")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3.0, variable(1)), ArgumentTypeError, "float"),
        ((Tensor(np.array([1, 2])), variable(1)), ArgumentTypeError, "int64"),
        ((variable(1), np.ones(1)), ArgumentTypeError, "ndarray"),
        ((variable(1), variable(1), Tensor([1.0, 2.0])), ShapeError, r"\(2,\)"),
        ((variable(1), variable(1), [1.0, 2.0]), ArgumentError, "2 for 1"),
        (([variable(1)] * 2, variable(1), [None]), ArgumentError, "1 for 2"),
    ],
)
def test_what_has_no_gradient_is_refused(arguments: Any, error: type[Exception], text: str) -> None:
    with GradientTape() as tape, pytest.raises(error, match=text):
        tape.gradient(*arguments)


def test_only_tensors_of_floats_are_watched() -> None:
    with GradientTape() as tape:
        for wrong in (np.ones(2), 1.0, Tensor(np.array([1])), None):
            with pytest.raises(ArgumentTypeError, match="watches tensors"):
                tape.watch(wrong)


# -- gradients of gradients ----------------------------------------------------------------------------------


def test_the_gradient_of_a_gradient_is_refused() -> None:
    v, w = variable(1, 2), variable(3, 4)
    with GradientTape(persistent=True) as outer:
        with GradientTape() as inner:
            y = v * v * v
        g = inner.gradient(y, v)
        h = g * w
        fine = ops.stop_gradient(g) * v
    with pytest.raises(GradientError, match="no gradients of gradients"):
        outer.gradient(h, v)
    assert plain(outer.gradient(h, w)) == plain(g)  # of w it is a constant
    assert plain(outer.gradient(fine, v)) == plain(g)


def test_outside_of_tapes_a_gradient_is_a_constant() -> None:
    v = variable(1, 2)
    with GradientTape() as tape:
        y = v * v
        inside = tape.gradient(y, v)
    assert not inside.requires_grad
    with GradientTape() as later:
        z = inside * v
    assert plain(later.gradient(z, v)) == [2, 4]


# -- what is left as it was ----------------------------------------------------------------------------------


def adopted(*parameters: Parameter) -> ParameterBuffer:
    buffer = ParameterBuffer()
    buffer.adopt(parameters)
    return buffer


def test_the_gradients_of_backward_stay() -> None:
    v, w = variable(1, 2), variable(3, 4)
    buffer = adopted(v, w)
    with GradientTape() as tape:
        y = v * w
    y.backward()
    kept, grads = v.grad, buffer.grads.copy()
    assert plain(tape.gradient(y, v, output_gradients=[5.0, 5.0])) == [15, 20]
    assert v.grad is kept is v.grad_view
    np.testing.assert_array_equal(buffer.grads, grads)
    assert v.requires_grad
    assert w.requires_grad


def test_a_rule_that_fails_leaves_all_as_it_was() -> None:
    v = variable(1, 2)
    adopted(v)
    grad_view = v.grad_view

    def broken(_: Any) -> Any:
        raise KeyboardInterrupt

    with GradientTape() as tape:
        y = v * v
        z = current().result(y.value, broken, y)
        total = z + y
    with pytest.raises(KeyboardInterrupt):
        tape.gradient(total, v)
    assert [t.grad for t in (v, y, z, total)] == [None] * 4
    assert v.grad_view is grad_view


def test_only_what_is_wanted_is_computed() -> None:
    asked: list[str] = []

    def noting(x: Tensor, name: str) -> Tensor:
        def rule(g: Any) -> Any:
            asked.append(name)
            return (g,)

        return current().result(x.value, rule, x)

    v, w = variable(1, 2), variable(3, 4)
    with GradientTape() as tape:
        y = noting(v, "v") * noting(w, "w")
    tape.gradient(y, v)
    assert asked == ["v"]


# -- in steps, in models -------------------------------------------------------------------------------------


def in_a_step(function: Callable[[], Any], recording: bool = True) -> Any:
    with Context(reference, Workspace(), recording, Streams(1)):
        return function()


@pytest.mark.parametrize("recording", [True, False])
def test_in_a_step_gradients_are_those_of_backward(recording: bool) -> None:
    dense = layers.Dense(3, activation="tanh")
    dense.build((None, 2))
    kernel, bias = dense.weights
    adopted(kernel, bias)
    x = np.random.default_rng(0).standard_normal((4, 2))
    dense(Tensor(x.astype(np.float32))).sum().backward()
    expected = [np.array(w.grad) for w in dense.weights]
    kernel.grad = bias.grad = None
    kernel.requires_grad = bias.requires_grad = False  # as a frozen layer's

    def step() -> Any:
        with GradientTape() as tape:
            y = dense(Tensor(x.astype(np.float32))).sum()
        return tape.gradient(y, dense.weights)

    for grad, wanted in zip(in_a_step(step, recording), expected, strict=True):
        np.testing.assert_array_equal(grad.numpy(), wanted)


def test_a_tape_sees_into_a_model_and_ends_with_its_block() -> None:
    model = Sequential([layers.Dense(3, activation="relu"), layers.Dense(1)])
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
    with GradientTape() as tape:
        loss = ops.mean(ops.mean_squared_error(y, model(x, training=True)))
    assert current().tapes == ()
    grads = tape.gradient(loss, model.trainable_weights)
    loss.backward()
    for grad, weight in zip(grads, model.trainable_weights, strict=True):
        assert weight.grad is not None
        np.testing.assert_allclose(grad.numpy(), weight.grad, rtol=1e-6)


def test_what_a_model_computes_without_recording_is_not_followed() -> None:
    model = Sequential([layers.Dense(1)])
    with GradientTape() as tape:
        model.build((None, 2))
        model.layers[0].compute_output_shape((None, 2))
        assert tape.watched_variables() == ()


def test_watched_targets_of_a_loss_have_a_gradient() -> None:
    t, p = Tensor([[1.0, 2.0]]), Tensor([[2.0, 4.0]])
    with GradientTape() as tape:
        tape.watch([t, p])
        loss = ops.mean_squared_error(t, p)
    assert plain(tape.gradient(loss, [t, p])) == [[[-1, -2]], [[1, 2]]]
