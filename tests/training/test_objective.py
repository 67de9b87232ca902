"""The loss and the metrics together: their names, their arithmetic, their state."""

import math
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses, metrics, ops
from minifit.arrays import Array
from minifit.callbacks import Callback, LambdaCallback
from minifit.data import Batch
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, UnknownNameError
from minifit.layers import Dense
from minifit.optimizers import SGD
from minifit.parameters import Variable
from minifit.tensor import Tensor
from minifit.training.objective import Objective
from minifit.undo import Undo
from tests.house.kinds import REAL

Y = np.array([1.0, 2.0, 3.0, 4.0, 5.0])  # against predictions of 0: squared errors 1, 4, 9, 16, 25


def zero_model(outputs: int = 1, **compiling: Any) -> Sequential:
    """A model that predicts zeros, whatever it is trained on."""
    model = Sequential(
        [Dense(outputs, use_bias=False, kernel_initializer="zeros", input_shape=(1,), name="out")]
    )
    model.compile(SGD(0.0), **{"loss": "mse", **compiling})
    return model


def fitted(
    y: Any = Y, outputs: int = 1, batch_size: int = 2, fit: Any = None, **compiling: Any
) -> dict[str, float]:
    """The logs of one epoch in batches of two, two and one."""
    model = zero_model(outputs, **compiling)
    options = {"batch_size": batch_size, "shuffle": False, "verbose": 0, **(fit or {})}
    history = model.fit(np.zeros((len(y), 1)), y, **options).history
    return {name: value for name, (value,) in history.items()}


# -- names ---------------------------------------------------------------------------------------------------


def root(y_true: Any, y_pred: Any) -> Any:
    return abs(y_true - y_pred)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, []),
        ([], []),
        ("mae", ["mae"]),
        (["mae", "mse"], ["mae", "mse"]),
        (("MAE",), ["MAE"]),
        ([["mae"], ["mse"]], ["mae", "mse"]),
        ({"out": ["mae", "mse"]}, ["mae", "mse"]),
        (["mae", "mean_absolute_error"], ["mae", "mean_absolute_error"]),
        (["acc", "accuracy"], ["acc", "accuracy"]),
        (["MeanAbsoluteError"], ["mean_absolute_error"]),
        ([metrics.MeanAbsoluteError()], ["mean_absolute_error"]),
        ([metrics.MeanAbsoluteError(name="mine")], ["mine"]),
        ([root], ["root"]),
        ([lambda t, p: t * 0], ["<lambda>"]),
    ],
)
def test_what_a_metric_is_called(given: Any, names: list[str]) -> None:
    assert list(fitted(metrics=given)) == ["loss", *names]


def test_the_order_is_loss_metrics_weighted_metrics() -> None:
    model = zero_model(metrics=["mse", "mae"], weighted_metrics=["mae", "acc"])
    assert model.metrics_names == []
    assert model.metrics == []
    history = model.fit(np.zeros((5, 1)), Y, verbose=0, validation_data=(np.zeros((5, 1)), Y)).history
    names = ["loss", "mse", "mae", "weighted_mae", "acc"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    assert model.metrics_names == names
    assert [m.name for m in model.metrics] == ["loss", "mse", "mae", "mae", "acc"]  # a user's names stay


@pytest.mark.parametrize(
    "given", [["mae", "mae"], [metrics.MeanAbsoluteError(), metrics.MeanAbsoluteError()]]
)
def test_two_of_one_name_are_refused(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"different names\. Received: two called"):
        fitted(metrics=given)


def test_an_unknown_metric_is_refused_at_once() -> None:
    with pytest.raises(UnknownNameError, match=r"'maee'\. Did you mean 'mae'"):
        Objective("mse", [["mae", "maee"]])


@pytest.mark.parametrize(
    ("y", "outputs", "kind"),
    [
        ([0, 1, 0], 1, "binary_accuracy"),
        ([[0], [1], [0]], 1, "binary_accuracy"),
        ([0, 2, 1], 3, "sparse_categorical_accuracy"),
        ([[0], [2], [1]], 3, "sparse_categorical_accuracy"),
        (np.eye(3), 3, "categorical_accuracy"),
    ],
)
def test_accuracy_goes_by_the_shapes(y: Any, outputs: int, kind: str) -> None:
    expected = float(np.mean(metrics.get(kind)(np.array(y).reshape(3, -1), np.zeros((3, outputs)))))
    assert fitted(y, outputs, metrics=["accuracy"])["accuracy"] == pytest.approx(expected)


# -- arithmetic, by hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reduction", "epoch", "at_once"),
    [
        ("auto", 11.0, 11.0),
        ("sum_over_batch_size", 11.0, 11.0),
        ("sum", (2 * 5 + 2 * 25 + 1 * 25) / 5, 55.0),
        ("none", (2 * (1 + 4) + 2 * (9 + 16) + 25) / (2 * 2 + 2 * 2 + 1), 11.0),
    ],
)
def test_reductions(reduction: str, epoch: float, at_once: float) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    assert fitted(loss=loss)["loss"] == pytest.approx(epoch)
    assert zero_model(loss=loss).train_on_batch(np.zeros((5, 1)), Y) == pytest.approx(at_once)


def mean_as_one(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.square(y_true - y_pred))


def sum_as_one(y_true: Any, y_pred: Any) -> Any:
    return ops.sum(ops.square(y_true - y_pred))


def test_a_function_that_returns_one_number_is_taken_as_it_is() -> None:
    assert fitted(loss=mean_as_one)["loss"] == pytest.approx(11.0)
    assert fitted(loss=sum_as_one)["loss"] == pytest.approx(17.0)


WEIGHTS = np.array([1.0, 0.0, 2.0, 0.5, 1.0])


def test_sample_weights() -> None:
    logs = fitted(fit={"sample_weight": WEIGHTS}, metrics=["mse"], weighted_metrics=["mse", "mae"])
    weighted = 1 + 0 + 18 + 8 + 25
    assert logs["loss"] == pytest.approx(weighted / 5), "the sum over the number of samples"
    assert logs["mse"] == pytest.approx(11.0), "without the weights"
    assert logs["weighted_mse"] == pytest.approx(weighted / WEIGHTS.sum())
    assert logs["mae"] == pytest.approx((1 + 0 + 6 + 2 + 5) / WEIGHTS.sum())


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_sample_weights_of_any_shape_and_dtype(shape: tuple[int, ...], dtype: str) -> None:
    weights = np.array([1, 0, 2, 3, 1]).astype(dtype).reshape(shape)
    assert fitted(fit={"sample_weight": weights})["loss"] == pytest.approx((1 + 18 + 48 + 25) / 5)


CLASSES = np.array([0, 1, 2, 1, 0])


def test_class_weights() -> None:
    # squared errors of predictions of 0: 0, 1, 4, 1, 0
    logs = fitted(
        CLASSES, fit={"class_weight": {0: 5.0, 1: 2.0, 2: 0.5}}, metrics=["mse"], weighted_metrics=["mae"]
    )
    assert logs["loss"] == pytest.approx((2 * 1 + 0.5 * 4 + 2 * 1) / 5)
    assert logs["mse"] == pytest.approx(6 / 5)
    assert logs["mae"] == pytest.approx((2 * 1 + 0.5 * 2 + 2 * 1) / (5 + 2 + 0.5 + 2 + 5))


def test_class_weights_and_sample_weights_are_multiplied() -> None:
    both = {"class_weight": {0: 5.0, 1: 2.0, 2: 0.5}, "sample_weight": WEIGHTS}
    assert fitted(CLASSES, fit=both)["loss"] == pytest.approx((0 + 0 + 0.5 * 2 * 4 + 2 * 0.5 * 1 + 0) / 5)


def test_class_weights_of_one_hot_targets() -> None:
    logs = fitted(np.eye(3)[CLASSES], 3, fit={"class_weight": {0: 5.0, 1: 2.0, 2: 0.5}})
    assert logs["loss"] == pytest.approx((5 + 2 + 0.5 + 2 + 5) / 3 / 5)


def test_weights_of_the_training_do_not_reach_the_validation() -> None:
    validation = (np.zeros((5, 1)), Y)
    weighted = {"sample_weight": WEIGHTS, "validation_data": validation}
    assert fitted(fit=weighted)["val_loss"] == pytest.approx(11.0)
    classes = {"class_weight": dict.fromkeys(range(6), 9.0), "validation_data": validation}
    assert fitted(fit=classes)["val_loss"] == pytest.approx(11.0)
    judged = {"validation_data": (*validation, WEIGHTS)}
    assert fitted(fit=judged)["val_loss"] == pytest.approx(52 / 5)


def test_weights_change_the_gradient() -> None:
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(SGD(0.5), "mse")
    model.train_on_batch([[1.0], [1.0]], [1.0, 3.0], sample_weight=[1.0, 0.0])
    assert model.get_weights()[0][0, 0] == pytest.approx(0.5 * 2 * (1 * 1.0 + 0 * 3.0) / 2)


def test_the_sums_of_weights_may_be_zero() -> None:
    logs = fitted(fit={"sample_weight": np.zeros(5)}, weighted_metrics=["mae"])
    assert logs == {"loss": 0.0, "mae": 0.0}


@pytest.mark.parametrize("given", [2.0, 2, [2.0], {"out": 2.0}])
def test_loss_weights_are_a_factor_of_the_loss(given: Any) -> None:
    assert fitted(loss_weights=given, metrics=["mse"]) == pytest.approx({"loss": 22.0, "mse": 11.0})


@pytest.mark.parametrize(
    "given", [["mse"], {"out": "mse"}, losses.MeanSquaredError(), losses.mean_squared_error]
)
def test_ways_to_give_a_loss(given: Any) -> None:
    assert fitted(loss=given)["loss"] == pytest.approx(11.0)


@pytest.mark.rule("FIT-11")
def test_a_target_of_rank_1_is_a_column() -> None:
    assert fitted(Y, outputs=3, metrics=["mae"]) == pytest.approx({"loss": 11.0, "mae": 3.0})


def test_two_losses_for_one_output_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"loss is one for all outputs, .*Received: 2 for 1\."):
        updated(Objective(["mse", "mae"]))
    with pytest.raises(ArgumentTypeError, match="loss_weights must be a number"):
        Objective("mse", loss_weights=True)


@pytest.mark.parametrize("kind", REAL)
def test_a_loss_weight_of_every_kind(kind: str) -> None:
    weight = REAL[kind](0.5)
    for given in (weight, [weight], (weight,), {"out": weight}, {"out": weight}.values()):
        assert fitted(loss_weights=given)["loss"] == pytest.approx(5.5)
    assert fitted(loss_weights=np.array([0.5]))["loss"] == pytest.approx(5.5)


@pytest.mark.parametrize("wrong", ["0.5", True, 1j, float("nan"), [0.5, 0.5], [], np.ones(2)])
def test_what_is_no_loss_weight(wrong: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=r"(?s)loss_weights .*Received: .*Pass"):
        updated(Objective("mse", loss_weights=wrong))


@pytest.mark.parametrize(
    "given", [("mse", "mae"), {"out": ["mse", "mae"]}.values(), (m for m in ("mse", "mae"))]
)
def test_metrics_in_whatever_lists_them(given: Any) -> None:
    assert list(fitted(metrics=given)) == ["loss", "mse", "mae"]


def test_metrics_in_no_order() -> None:
    with pytest.raises(
        ArgumentTypeError,
        match=r"metrics must be a list, since they have an order\. Received: a set\. Pass a list",
    ):
        Objective("mse", {"mse", "mae"})


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("watched", [False, True])
def test_a_loss_weight_that_a_callback_changes(
    kernels: str, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts from the next batch on, in a run that goes on from a captured state as well."""
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    captured: list[Any] = []
    losses: list[float] = []

    class Annealing(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            weight.assign(2.0**epoch)
            if epoch == 2:
                captured.append(self.model.training_state.capture())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            losses.append(logs["loss"])

    class Halving(Annealing):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            weight.assign(weight * 0.5)

    weight = Variable(1.0)
    model = zero_model(loss_weights=weight)
    model.fit(
        np.zeros((4, 1)),
        Y[:4],
        2,
        3,
        shuffle=False,
        verbose=0,
        callbacks=[Halving() if watched else Annealing()],
    )
    means = [(2.5 + 12.5 / 2) / 2 if watched else 7.5] * 3
    assert losses == pytest.approx([mean * 2**epoch for epoch, mean in enumerate(means)])
    weight = Variable(1.0)
    resumed = zero_model(loss_weights=weight)
    seen: list[float] = []
    put = LambdaCallback(
        on_train_begin=lambda logs: resumed.training_state.restore(captured[0]),
        on_epoch_end=lambda epoch, logs: seen.append(float(weight)),
    )
    resumed.fit(np.zeros((4, 1)), Y[:4], 2, 3, shuffle=False, verbose=0, callbacks=[put])
    assert seen == [4.0]


# -- by itself -----------------------------------------------------------------------------------------------


def batch_of(y: Array) -> tuple[Batch, tuple[Tensor]]:
    return Batch((np.zeros((len(y), 1), np.float32),), (y.astype(np.float32),)), (
        Tensor(np.zeros((len(y), 1), np.float32)),
    )


def updated(objective: Objective, y: Array = Y) -> Objective:
    batch, predictions = batch_of(y)
    objective.resolve(["out"], [batch.inputs[0][:, 0].shape], [(1, 1)])
    objective.update(batch, predictions, objective.loss_of(batch, predictions, []), Undo())
    return objective


def test_logs_are_plain_floats() -> None:
    logs = updated(Objective("mse", ["mae"])).logs()
    assert logs == pytest.approx({"loss": 11.0, "mae": 3.0})
    assert {type(value) for value in logs.values()} == {float}


def test_reset_begins_anew() -> None:
    objective = updated(Objective("mse", ["mae"]))
    objective.reset()
    assert objective.logs() == {"loss": 0.0, "mae": 0.0}
    assert updated(objective, Y[:1]).logs() == {"loss": 1.0, "mae": 1.0}


def test_an_objective_apart_has_sums_of_its_own() -> None:
    objective = updated(Objective("mse", ["mae"]))
    apart = objective.apart()
    apart.reset()
    updated(apart, Y[:1])
    assert apart.logs() == {"loss": 1.0, "mae": 1.0}
    assert objective.logs() == pytest.approx({"loss": 11.0, "mae": 3.0})


def test_an_objective_that_is_not_resolved_can_be_set_apart() -> None:
    objective = Objective("mse", ["mae"])
    apart = objective.apart()
    updated(apart)
    assert apart.logs() == pytest.approx({"loss": 11.0, "mae": 3.0})
    assert not objective.resolved
    updated(objective)
    assert list(objective.logs()) == ["loss", "mae"]


def test_metrics_are_not_shared_before_the_shapes_are_known_either() -> None:
    metric = metrics.MeanAbsoluteError("mae")
    objective = Objective("mse", [metric])
    updated(objective.apart())
    assert metric.count == 0


def test_the_state_goes_into_an_equal_objective() -> None:
    saved = updated(Objective("mse", ["mae"])).get_state()
    other = updated(Objective("mse", ["mae"]), Y[:1])
    other.set_state(saved)
    assert updated(other, np.array([6.0])).logs() == pytest.approx({"loss": (55 + 36) / 6, "mae": 21 / 6})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_is_known(value: float) -> None:
    objective = updated(Objective("mae"))
    finite = [math.isfinite(objective.tracker.total)]
    for y in (np.array([value]), Y):
        updated(objective, y)
        finite.append(math.isfinite(objective.tracker.total))
    objective.reset()
    finite.append(math.isfinite(objective.tracker.total))
    assert finite == [True, False, False, True], "until the next reset"


def test_a_loss_needs_targets_and_training_needs_a_loss() -> None:
    batch, predictions = batch_of(Y)
    with pytest.raises(DataError, match=r"needs targets\. Received: none"):
        Objective("mse").loss_of(batch._replace(targets=()), predictions, [])
    with pytest.raises(ArgumentError, match="needs a loss"):
        Objective(None).loss_of(batch, predictions, [])
    assert float(Objective(None).loss_of(batch, predictions, [Tensor(2.0), Tensor(3.0)])) == 5.0


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_metrics_that_have_seen_a_batch_stay_for_targets_of_another_rank(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    x = np.ones((4, 1), np.float32)
    model = zero_model(metrics=["mae"])
    model.fit(x, x, verbose=0)
    before = [id(metric) for metric in model.metrics]
    model.evaluate(x, x[:, 0], verbose=0)
    assert [id(metric) for metric in model.metrics] == before


def test_metrics_whose_sums_were_put_back_stay() -> None:
    objective = Objective("mse", ["mae"])
    objective.resolve(["out"], [(4, 1)], [(4, 1)])
    before = objective.metrics
    objective.set_state(objective.get_state())
    objective.resolve(["out"], [(4,)], [(4, 1)])
    assert [id(metric) for metric in objective.metrics] == [id(metric) for metric in before]
