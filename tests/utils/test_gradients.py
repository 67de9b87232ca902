"""`check_gradients` finds every kind of wrong gradient, passes the right ones and leaves nothing behind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, GradientError
from minifit.layers.base import Layer
from minifit.layers.dense import Dense
from minifit.layers.dropout import Dropout
from minifit.parameters import Parameter, ParameterBuffer
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor, current
from minifit.utils.gradients import check_gradients

X = np.random.default_rng(0).standard_normal((3, 4))


def scaled(gradient: Callable[[Array], Any]) -> Callable[[Tensor], Tensor]:
    """``2 * x`` with a gradient rule of one's own."""
    return lambda x: current().result(2 * x.value, lambda g: (gradient(g),), x)


class Scale(Layer):
    """A layer with one weight that is trained and one that is not."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        size = (int(input_shape[-1] or 0),)
        self.factor = self.add_weight("factor", size, initializer="ones")
        self.shift = self.add_weight("shift", size, initializer="ones", trainable=False)

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self.factor + self.shift


class Forgetful(Scale):
    """Computes with a weight as if it were a constant."""

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * np.array(self.factor)


def wrong_penalty(x: Tensor) -> Tensor:
    """The sum of squares, with a gradient rule that is half of the right one."""
    return current().result(np.square(x.value).sum(), lambda g: (g * x.value,), x)


# -- what passes ---------------------------------------------------------------------------------------------


def test_a_right_gradient_passes_with_its_error() -> None:
    error = check_gradients(scaled(lambda g: 2 * g), X)
    assert 0 < error < 1e-6


def test_a_function_of_several_inputs() -> None:
    check_gradients(lambda a, b: a * b + a, X, X[0])


def test_lists_and_float32_count_in_float64() -> None:
    seen: list[Any] = []

    def look(a: Tensor, b: Tensor) -> Tensor:
        seen.extend([a.dtype, b.dtype])
        return a * b

    check_gradients(look, [1.0, 2.0], np.ones(2, np.float32))
    assert set(seen) == {np.dtype(np.float64)}


def test_the_reference_kernels_compute_without_a_workspace() -> None:
    def look(x: Tensor) -> Tensor:
        assert current().kernels.__name__ == "minifit.kernels.reference"
        assert current().workspace is None
        return x * 2.0

    check_gradients(look, X)


def test_integers_and_truth_values_are_constants() -> None:
    def pick(x: Tensor, rows: Tensor, keep: Tensor) -> Tensor:
        assert rows.dtype == np.int64
        assert keep.dtype == np.bool_
        return ops.where(keep, x[rows], 0.0)

    check_gradients(pick, X, np.array([2, 0]), np.array([True, False, True, True]))


def test_an_input_that_does_not_matter_has_gradient_zero() -> None:
    check_gradients(lambda a, b: a * 3.0, X, X)


def test_scalars_and_empty_inputs() -> None:
    check_gradients(lambda a: a * a, 3.0)
    assert check_gradients(lambda a, b: a + b.sum(), 3.0, np.ones((0, 2))) < 1e-6


def test_a_parameter_is_checked() -> None:
    w = Parameter("w", np.ones(4))
    check_gradients(lambda x: x * w * w, X, parameters=[w])


def test_parameters_alone() -> None:
    w = Parameter("w", np.ones(4))
    check_gradients(lambda: w * w, parameters=[w, w])


def test_a_frozen_parameter_is_a_constant() -> None:
    w = Parameter("w", np.ones(4), trainable=False)
    check_gradients(lambda x: x * w, X, parameters=[w])


def test_two_parameters_of_one_name() -> None:
    a, b = Parameter("w", np.ones(4)), Parameter("w", np.full(4, 2.0))
    check_gradients(lambda x: x * a * b * b, X, parameters=[a, b])


def test_a_layer_is_built_and_all_its_trained_weights_are_checked() -> None:
    layer = Scale("scale")
    check_gradients(layer, X)
    assert layer.built
    assert layer.factor.dtype == layer.shift.dtype == np.float32


def test_a_layer_that_is_built_keeps_its_weights() -> None:
    layer = Dense(2, activation="tanh", name="dense")
    before = layer(X.astype(np.float32)).numpy()
    check_gradients(layer, X)
    np.testing.assert_array_equal(layer(X.astype(np.float32)).numpy(), before)


def test_a_frozen_layer_computes_in_float64_too() -> None:
    layer = Dense(2, name="dense")
    layer.trainable = False
    check_gradients(layer, X)


def test_dropout_draws_the_same_mask_every_time() -> None:
    layer = Dropout(0.5, name="dropout")
    check_gradients(lambda x: layer(x, training=True), X)


@pytest.mark.parametrize("where", ["activity_regularizer", "kernel_regularizer"])
def test_what_a_layer_adds_to_the_loss_counts(where: str) -> None:
    made: Any = Dense
    check_gradients(made(2, name="dense", **{where: "l2"}), X)
    with pytest.raises(GradientError, match=r"The gradient of .* is wrong"):
        check_gradients(made(2, name="dense", **{where: wrong_penalty}), X)


# -- what does not -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gradient",
    [
        pytest.param(lambda g: g, id="too small"),
        pytest.param(lambda g: -2 * g, id="wrong sign"),
        pytest.param(lambda g: 2 * g + 1e-3, id="a little off"),
        pytest.param(lambda g: None, id="none"),
        pytest.param(lambda g: g * np.nan, id="nan"),
    ],
)
def test_a_wrong_gradient_is_found(gradient: Callable[[Array], Any]) -> None:
    with pytest.raises(GradientError, match=r"The gradient of input 0 is wrong"):
        check_gradients(scaled(gradient), X)


def test_the_worst_element_is_named_with_both_numbers() -> None:
    def rule(g: Array) -> Array:
        wrong = 2 * g
        wrong[1, 2] *= 5
        return wrong

    weight = np.random.default_rng(0).standard_normal((3, 4))[1, 2]
    found = (
        rf"input 1 .* element \(1, 2\): backward\(\) gives {10 * weight:.4g}\d*, finite .* {2 * weight:.4g}"
    )
    with pytest.raises(GradientError, match=found):
        check_gradients(lambda a, b: a + scaled(rule)(b), X, X)


def test_a_gradient_of_the_wrong_shape_is_found() -> None:
    with pytest.raises(GradientError, match=r"Received: \(4,\) for input 0 of shape \(3, 4\)"):
        check_gradients(scaled(lambda g: g[0]), X)


def test_a_parameter_at_fault_is_named() -> None:
    with pytest.raises(GradientError, match=r"gradient of forgetful/factor:0 is wrong"):
        check_gradients(Forgetful("forgetful"), X)


def test_tolerances_decide() -> None:
    slightly = scaled(lambda g: 2 * g * 1.001)
    assert check_gradients(slightly, X, rtol=1e-2) == pytest.approx(1e-3, rel=0.1)
    with pytest.raises(GradientError):
        check_gradients(slightly, X)


def test_a_kink_is_no_gradient() -> None:
    with pytest.raises(GradientError, match="kink"):
        check_gradients(ops.relu, [0.0])


def test_a_numpy_function_in_between_is_found() -> None:
    with pytest.raises(GradientError, match=r"must return a tensor.*Received: ndarray"):
        check_gradients(lambda x: np.square(x.value), X)
    with pytest.raises(GradientError, match="depends on its inputs"):
        check_gradients(lambda x: Tensor(np.square(x.value)), X)


def test_a_conversion_to_float32_is_found() -> None:
    with pytest.raises(GradientError, match="Received: a result of float32"):
        check_gradients(lambda x: ops.cast(x, np.float32), X)


def test_complex_inputs() -> None:
    with pytest.raises(ArgumentTypeError):
        check_gradients(lambda x: x, X * 1j)


@pytest.mark.parametrize("argument", ["epsilon", "rtol", "atol"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_tolerances_are_positive(argument: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=f"{argument} must be above 0"):
        check_gradients(lambda x: x, X, **{argument: value})  # type: ignore[arg-type]


# -- what stays as it was ------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", [True, False])
def test_parameters_are_put_back_whatever_happens(right: bool) -> None:
    w = Parameter("w", np.ones(4))
    buffer = ParameterBuffer()
    buffer.adopt([w])
    (w * 3.0).sum().backward()
    before = w.value, w.grad_view, w.grad
    numbers = buffer.values.copy(), buffer.grads.copy()
    function = (lambda x: x * w) if right else (lambda x: x * w.value)
    try:
        check_gradients(function, X, parameters=[w])
    except GradientError:
        assert not right
    else:
        assert right
    for now, then in zip((w.value, w.grad_view, w.grad), before, strict=True):
        assert now is then
    np.testing.assert_array_equal(buffer.values, numbers[0])
    np.testing.assert_array_equal(buffer.grads, numbers[1])


def test_parameters_are_put_back_when_the_function_fails() -> None:
    w = Parameter("w", np.ones(4))
    value = w.value

    def fail(x: Tensor) -> Tensor:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        check_gradients(fail, X, parameters=[w])
    assert w.value is value


def test_inputs_are_not_written_to() -> None:
    kept = X.copy()
    check_gradients(lambda x: x * x, X)
    np.testing.assert_array_equal(X, kept)


def test_the_context_and_its_streams_stay() -> None:
    with Context(streams=Streams(1)) as here:
        check_gradients(Dropout(0.5, name="dropout"), X)
        assert current() is here
        assert here.streams.get_state()["positions"] == {}


def test_numpys_generator_is_not_drawn_from() -> None:
    before = np.random.get_state(legacy=False)
    check_gradients(lambda x: x * x, X)
    after = np.random.get_state(legacy=False)
    assert isinstance(before, dict) and isinstance(after, dict)
    np.testing.assert_equal(after, before)


def test_the_seed_weights_the_elements() -> None:
    one, other = (check_gradients(lambda x: x * x, X, seed=s) for s in (0, 1))
    assert one != other
