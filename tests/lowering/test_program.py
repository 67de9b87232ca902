"""A program grows forward and then backward."""

from typing import Any

import numpy as np
import pytest

from minifit import ops, regularizers
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import PENALTIES, Program
from minifit.lowering.values import Unlowered
from minifit.metrics import accuracy
from minifit.parameters import Parameter, ParameterBuffer
from minifit.randomness import Streams


def names(program: Program) -> list[str]:
    return [each.name for each in program.body]


def learned_weight(*shape: int) -> Parameter:
    weight = Parameter("w", np.ones(shape, np.float32))
    ParameterBuffer().adopt([weight])
    return weight


def test_gradients_flow_back_to_weights_and_no_further() -> None:
    weight: Any = learned_weight(4, 4)
    program = Program(Streams(0), True, [weight])
    x: Any = program.value((None, 4))
    y = ops.dense(ops.relu(x), weight, None)
    program.flow_back(ops.weighted_mean(ops.mean_squared_error(x, y), None, None))  # type: ignore[arg-type]
    assert names(program)[-3:] == ["weighted_mean_slope", "squared_error_slope", "dense_slope_w"]


def test_parts_of_a_gradient_are_added_up() -> None:
    weight: Any = learned_weight(4, 4)
    program = Program(Streams(0), True, [weight])
    x: Any = program.value((None, 4))
    y = ops.dense(ops.dense(x, weight, None), weight, None)
    program.flow_back(ops.weighted_mean(ops.mean_squared_error(x, y), None, None))  # type: ignore[arg-type]
    assert names(program).count("dense_slope_w") == 2
    assert names(program).count("accumulate") == 1


def test_a_weight_that_the_loss_does_not_depend_on_has_no_gradient() -> None:
    weight: Any = learned_weight(4, 4)
    program = Program(Streams(0), True, [weight])
    x: Any = program.value((None, 4))
    program.flow_back(ops.weighted_mean(ops.mean_squared_error(x, x), None, None))  # type: ignore[arg-type]
    assert names(program)[-1] == "clear"


def test_a_batch_is_checked_and_cast_once_however_many_look_at_it() -> None:
    program = Program(Streams(0))
    ids: Any = program.column(("y", 0), (None,), np.dtype(np.int64))
    p: Any = program.value((None, 3))
    ops.sparse_categorical_crossentropy(ids, p)
    program.apply(accuracy.sparse_categorical_accuracy, (ids, p), {})
    assert [each.name for each in program.checks] == ["check_classes"]
    one, other = program.floats(ids), program.floats(program.view(ids, (None, 1)))
    assert one.storage is other.storage
    assert names(program).count("to_float") == 1


def test_functions_of_the_users_are_not_called() -> None:
    called: list[int] = []
    with pytest.raises(Unlowered, match="the function"):
        Program(Streams(0)).call(called.append, 1)
    assert not called


def test_every_regularizer_of_the_library_is_written_down() -> None:
    assert {kind for kind in regularizers.TABLE.values() if isinstance(kind, type)} <= set(PENALTIES)
