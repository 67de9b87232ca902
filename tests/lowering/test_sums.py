"""Losses and metrics become one number and running sums: weights are lined up, factors and parts are added."""

from typing import Any

import numpy as np
import pytest

from minifit import Variable, ops
from minifit.lowering import rules  # noqa: F401
from minifit.lowering.program import Program
from minifit.lowering.values import Unlowered, Value
from minifit.metrics import Mean
from minifit.randomness import Streams


@pytest.fixture
def program() -> Program:
    return Program(Streams(0), True)


def names(program: Program) -> list[str]:
    return [instruction.name for instruction in program.body]


def loss_of(program: Program) -> Value:
    found: Any = ops.weighted_mean(program.value((None,)), None, None)  # type: ignore[arg-type]
    return found  # type: ignore[no-any-return]


def test_a_mean_has_one_pair_of_sums(program: Program) -> None:
    one, other = Mean("a"), Mean("b")
    assert program.sums_of(one) == program.sums_of(one) != program.sums_of(other)
    assert program.means == [one, other] and len(program.sums) == 4


def test_sums_change_where_they_are_added_up(program: Program) -> None:
    program.add_to_mean(Mean("a"), program.value((None,)), None)
    assert names(program) == []
    program.add_up()
    assert names(program) == ["mean_of"]


def test_weights_count_for_the_values_behind_them(program: Program) -> None:
    values = program.value((None, 3, 4))
    assert program.weights_for(None, values) == (None, 1)
    assert program.weights_for(program.value((None,)), values)[1] == 12
    assert program.weights_for(program.value((None, 3)), values)[1] == 4
    assert program.weights_for(program.value((None, 3, 4, 1)), values)[1] == 1
    spread, each = program.weights_for(program.value((None, 1, 4)), values)
    assert spread is not None and spread.shape == (None, 3, 4) and each == 1


def test_weights_of_another_shape_are_refused(program: Program) -> None:
    with pytest.raises(Unlowered, match="sample weights of shape"):
        program.weights_for(program.value((None, 2)), program.value((None, 3)))


def test_a_single_loss_is_the_total(program: Program) -> None:
    loss = loss_of(program)
    assert program.total([(loss, 1.0)]) is loss
    assert program.total([]) is None


def test_a_single_loss_with_a_factor_is_not(program: Program) -> None:
    assert program.total([(loss_of(program), 2.0)]) is not None
    assert names(program) == ["weighted_mean", "clear", "add_times"]


@pytest.mark.parametrize("factor", [2.0, Variable(np.float32(2))])
def test_factors_and_what_layers_add_are_in_the_total(factor: Any, program: Program) -> None:
    program.added.append(loss_of(program))
    before = len(program.body)
    program.total([(loss_of(program), factor)])
    assert names(program)[before:].count("add_times") == 2


def test_losses_of_each_sample_have_plain_factors(program: Program) -> None:
    values = program.value((None,))
    total = program.total([(values, 2.0), (values, 1.0)])
    assert total is not None and total.shape == (None,)
    with pytest.raises(Unlowered, match="a Variable"):
        program.total([(values, Variable(np.float32(2))), (values, 1.0)])


def test_targets_have_the_axes_of_the_predictions(program: Program) -> None:
    single, column = program.value((None,)), program.value((None, 1))
    assert program.match_ranks(single, column).shape == (None, 1)
    assert program.match_ranks(column, single).shape == (None,)
    assert program.match_ranks(column, column) is column
