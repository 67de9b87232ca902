"""These functions give the results that TensorFlow recorded."""

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.functions import backend
from minifit.layers import Input
from minifit.optimizers import SGD
from tests.functions.playing import each, play


@each("backend")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("backend", expression)


def test_values_of_variables() -> None:
    v, w = backend.variable([1.0, 2.0], name="v"), backend.zeros((1,))
    backend.set_value(v, [3, 4])
    backend.batch_set_value([(w, [5.0])])
    np.testing.assert_array_equal(backend.get_value(v), [3, 4])
    assert [a.tolist() for a in backend.batch_get_value([v, w])] == [[3, 4], [5]]
    assert backend.get_value(0.5) == 0.5


def test_the_rate_of_an_optimizer() -> None:
    optimizer = SGD(0.1)
    backend.set_value(optimizer.lr, backend.get_value(optimizer.lr) * 0.5)
    assert float(optimizer.learning_rate) == pytest.approx(0.05)


def test_the_dtype_of_floats() -> None:
    backend.set_floatx(backend.floatx())
    assert backend.image_data_format() == "channels_last"
    with pytest.raises(ArgumentError, match="Received: 'float16'"):
        backend.set_floatx("float16")


def test_symbols_are_told_apart() -> None:
    assert backend.is_keras_tensor(Input((2,)))
    assert not backend.is_keras_tensor(backend.constant(1.0))


def test_random_numbers() -> None:
    assert (
        backend.random_normal((2, 3), seed=1).shape == backend.random_uniform((2, 3), seed=1).shape == (2, 3)
    )


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="axis=0"):
        backend.categorical_crossentropy(backend.constant([[1.0]]), backend.constant([[1.0]]), axis=0)


def test_print_tensor(capsys: pytest.CaptureFixture[str]) -> None:
    x = backend.constant([1.0, 2.0])
    assert backend.print_tensor(x, "x is") is x
    assert capsys.readouterr().out == "x is [1. 2.]\n"


def test_a_range_with_one_end() -> None:
    x = backend.constant([-3.0, 3.0])
    assert backend.clip(x, None, 1.0).numpy().tolist() == [-3, 1]
    assert backend.clip(x, -1.0, None).numpy().tolist() == [-1, 3]


def test_a_switch_between_functions() -> None:
    found = backend.switch(backend.constant([True, False]), lambda: backend.constant([1.0, 2.0]), [7.0, 8.0])
    assert found.numpy().tolist() == [1, 8]
