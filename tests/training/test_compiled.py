"""`compiled_loss` and `compiled_metrics`, called by hand as in a step of one's own."""

from typing import Any

import numpy as np
import pytest

from minifit.errors import DataError, NotCompiledError, UnknownNameError
from minifit.layers import Dense
from minifit.models import Sequential
from minifit.tensor import Tensor
from minifit.training.compiled import CompiledLoss, CompiledMetrics, pseudo_names
from minifit.training.objective import Objective

ZEROS, ONES, TWOS = (np.full((2, 1), n, np.float32) for n in (0, 1, 2))


def test_a_loss_is_returned_and_summed_up() -> None:
    objective = Objective("mse")
    loss = CompiledLoss(objective, ["out"])
    assert not loss.built
    assert [float(loss(y, Tensor(ZEROS))) for y in (ONES, TWOS)] == [1.0, 4.0]
    assert [(m.name, float(m.result())) for m in loss.metrics] == [("loss", 2.5)]
    loss.reset_state()
    assert float(loss.metrics[0].result()) == 0


def test_what_is_added_counts_in_the_total() -> None:
    loss = CompiledLoss(Objective("mse"), ["out"])
    assert float(loss(ONES, Tensor(ZEROS), regularization_losses=[Tensor(0.5), 0.25])) == 1.75
    assert float(loss.metrics[0].result()) == 1.75


def test_no_loss_is_zero() -> None:
    loss = CompiledLoss(Objective(None), ["out"])
    assert float(loss(ONES, Tensor(ZEROS))) == 0.0
    with pytest.raises(DataError, match="The loss needs targets"):
        CompiledLoss(Objective("mse"), ["out"])(None, Tensor(ZEROS))


def test_the_gradient_flows_into_targets_too() -> None:
    teacher = Tensor(ONES, requires_grad=True)
    CompiledLoss(Objective("mse"), ["out"])(teacher, Tensor(ZEROS)).backward()
    assert teacher.grad is not None
    assert teacher.grad.tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("given", [(ONES, TWOS), [ONES, TWOS], {"a": ONES, "b": TWOS}])
def test_several_outputs(given: Any) -> None:
    objective = Objective("mse", ["mae"])
    loss, metrics = CompiledLoss(objective, ["a", "b"]), CompiledMetrics(objective, ["a", "b"])
    outputs = [Tensor(ZEROS), Tensor(ZEROS)]
    assert float(loss(given, outputs)) == 5.0
    metrics.update_state(given, outputs)
    assert [m.name for m in (*loss.metrics, *metrics.metrics)] == [
        "loss",
        "a_loss",
        "b_loss",
        "a_mae",
        "b_mae",
    ]
    assert [float(m.result()) for m in metrics.metrics] == [1.0, 2.0]


def test_a_name_of_no_output_is_refused_with_the_nearest() -> None:
    loss = CompiledLoss(Objective("mse"), ["first", "second"])
    with pytest.raises(UnknownNameError, match=r"'frist'\. Did you mean 'first'"):
        loss({"frist": ONES}, [Tensor(ZEROS), Tensor(ZEROS)])


def test_metrics_take_sample_weights_where_they_are_weighted() -> None:
    objective = Objective("mse", ["mae"], ["mse"])
    metrics = CompiledMetrics(objective, None)
    metrics.update_state(
        np.array([[1.0], [3.0]], np.float32), Tensor(ZEROS), np.array([1.0, 0.0], np.float32)
    )
    assert [float(m.result()) for m in metrics.metrics] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (1, ["output_1"]),
        ([1, 2], ["output_1", "output_2"]),
        ({"b": 1, "a": 2}, ["a", "b"]),
        ({"a": [1, 2], "b": 3}, ["a_1", "a_2", "b"]),
        ([[1, 2], 3], ["output_1_1", "output_1_2", "output_2"]),
    ],
)
def test_outputs_without_names_get_those_of_keras(outputs: Any, names: list[str]) -> None:
    assert pseudo_names(outputs) == names


def test_a_model_has_them_once_it_is_compiled() -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    with pytest.raises(NotCompiledError):
        _ = model.compiled_loss
    model.compile("sgd", "mse")
    assert float(model.compiled_loss(ONES, model(ZEROS))) == pytest.approx(
        float(np.mean((ONES - model.predict(ZEROS)) ** 2))
    )
