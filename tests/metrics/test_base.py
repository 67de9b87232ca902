"""What metrics add up to over batches, what their state is, and what a metric of one's own needs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, metrics, ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ShapeError
from minifit.layers import Dense
from minifit.metrics.base import Mean, MeanMetricWrapper, Metric, Sum, divide, number
from minifit.metrics.resolve import TABLE
from minifit.numbers import Number
from minifit.parameters import Variable
from minifit.tensor import Tensor, TensorLike
from minifit.undo import Undo
from tests.metrics.examples import CLASSES, P, T, feed, identity, logs_of

Shape = tuple[int, ...]

OF_THE_BATCH = (
    "hinge",
    "squared_hinge",
)  # a batch of targets 0 and 1 is taken as -1 and 1, as in TensorFlow 2.7


CLASS_NAMES = sorted({m.__name__ for m in TABLE.values() if isinstance(m, type)})
BY_ROW = [name for name in CLASS_NAMES if TABLE[name]().name not in OF_THE_BATCH]
FUNCTIONS = sorted({m for m in TABLE.values() if not isinstance(m, type)}, key=lambda f: str(f.__name__))


# -- what it adds up to --------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_gives_one_value_a_sample(function: Callable[..., Any]) -> None:
    y = CLASSES if function.__name__.startswith("sparse") else T
    for targets, predictions in ((y, P), (Tensor(y), Tensor(P))):
        assert function(targets, predictions).shape == (4,)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_undo_brings_back_all_that_a_metric_changes(name: str) -> None:
    """The library's own are not asked for their state, which would take longer than most of them do."""
    metric, undo = TABLE[name](), Undo()
    feed(metric, slice(0, 2))
    before = vars(metric).copy(), str(metric.get_state())
    metric.keep(undo)
    feed(metric, slice(2, 4))
    assert str(metric.get_state()) != before[1] or name == "FalsePositives"  # of which there are none
    undo.undo()
    assert (vars(metric), str(metric.get_state())) == before


@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f.__name__ not in OF_THE_BATCH], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_mean_over_batches_is_that_over_samples(function: Callable[..., Any], size: int) -> None:
    y = CLASSES if function.__name__.startswith("sparse") else T
    metric = MeanMetricWrapper(function)
    weights = np.array([0.5, 2, 0, 1], np.float32)
    weighted = MeanMetricWrapper(function)
    for i in range(0, 4, size):
        metric.update_state(y[i : i + size], P[i : i + size])
        weighted.update_state(y[i : i + size], P[i : i + size], sample_weight=weights[i : i + size])
    values = np.asarray(function(y, P), np.float64)
    assert metric.result() == pytest.approx(values.mean(), rel=1e-6)
    assert weighted.result() == pytest.approx((values * weights).sum() / weights.sum(), rel=1e-6)


def test_weighted_batches() -> None:
    metric = metrics.MeanSquaredError()
    metric.update_state(np.zeros((3, 1)), [[1.0], [2.0], [3.0]], np.array([1.0, 2.0, 0.0]))
    assert metric.result() == 3
    metric.update_state(np.zeros((1, 1)), [[5.0]], np.array([3.0]))
    assert metric.result() == 14  # as TensorFlow 2.7 computes both


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_weights_as_a_column(shape: Shape) -> None:
    metric = metrics.MeanAbsoluteError()
    metric.update_state(T, P, sample_weight=np.array([0, 1, 0, 0]).reshape(shape))
    assert metric.result() == pytest.approx(0.46666667, rel=1e-6)


@pytest.mark.parametrize("column", ["targets", "predictions"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("MeanSquaredError", 0.22916667), ("MeanAbsoluteError", 0.41666666), ("BinaryAccuracy", 0.6666667)],
)
def test_one_of_both_is_a_column(name: str, expected: float, column: str) -> None:
    y, p = np.array([1, 0, 1], np.float32), np.array([0.75, 0.25, 0.25], np.float32)
    y, p = (y[:, None], p) if column == "targets" else (y, p[:, None])
    assert TABLE[name]()(y, p) == pytest.approx(expected)  # as TensorFlow 2.7 computes it


def test_weights_of_a_wrong_length() -> None:
    with pytest.raises(ShapeError, match="one weight for each sample"):
        metrics.MeanAbsoluteError().update_state(T, P, sample_weight=np.ones(3))


def test_weights_that_sum_to_zero() -> None:
    mean = Mean()
    mean.update_state(np.array([1.0, 2.0]), np.array([1.0, -1.0]))
    assert mean.result() == 0  # as TensorFlow 2.7 computes it


def test_a_mean_of_nothing_is_zero() -> None:
    assert Mean().result() == 0


def test_a_function_of_one_number_counts_every_batch_alike() -> None:
    metric = MeanMetricWrapper(lambda t, p: ops.mean(p))
    metric.update_state(np.zeros((3, 1)), np.full((3, 1), 3.0))
    metric.update_state(np.zeros((1, 1)), np.zeros((1, 1)))
    assert metric.result() == 1.5  # as TensorFlow 2.7 computes it


def test_long_sums_stay_exact() -> None:
    mean = Mean()
    for _ in range(300):
        mean.update_state(np.full(1000, 1e4, np.float32))
        mean.update_state(np.full(1000, 1e-3, np.float32))
    assert mean.result() == pytest.approx((1e4 + 1e-3) / 2, rel=1e-9)  # float32 sums would be off by 1e-4


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_reset(name: str) -> None:
    metric = TABLE[name]()
    first = feed(metric)
    for reset in (metric.reset_state, metric.reset_states):
        reset()
        assert not np.any(metric.result())
        np.testing.assert_array_equal(feed(metric), first)


@pytest.mark.parametrize("name", BY_ROW)
def test_weights_count_rows_several_times(name: str) -> None:
    weighted, repeated = TABLE[name](), TABLE[name]()
    feed(weighted, weights=np.array([2, 0, 1, 3]))
    for row in (0, 0, 2, 3, 3, 3):
        feed(repeated, slice(row, row + 1))
    np.testing.assert_allclose(weighted.result(), repeated.result(), rtol=1e-6)


@pytest.mark.parametrize("name", BY_ROW)
def test_batches_make_no_difference(name: str) -> None:
    whole, parts = TABLE[name](), TABLE[name]()
    feed(whole)
    for rows in (slice(0, 1), slice(1, 4)):
        feed(parts, rows)
    np.testing.assert_allclose(parts.result(), whole.result(), rtol=1e-6)


def test_a_sum() -> None:
    total = Sum()
    assert total.result() == 0
    assert total([1, 3, 5, 7]) == 16
    assert total([1.0, 2.0], sample_weight=[0.5, 2]) == 20.5
    assert total.get_config() == {"name": "sum", "dtype": "float32"}


def test_calling_returns_the_running_result() -> None:
    mean = Mean()
    assert [mean(np.array([v])) for v in (1.0, 3.0, 5.0)] == [1, 2, 3]


def in_numpy(y_true: TensorLike, y_pred: TensorLike) -> Any:
    return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(axis=-1)


def in_ops(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return ops.max(ops.abs(ops.cast(y_true, "float32") - y_pred), axis=-1)


def test_functions_in_numpy_and_in_ops_agree() -> None:
    logs = logs_of([in_numpy, in_ops])
    assert logs["in_numpy"] == logs["in_ops"] == pytest.approx(np.abs(T - P).max(axis=1).mean(), rel=1e-6)


def test_metrics_leave_training_alone() -> None:
    reached = []
    for wanted in ([], [in_ops, in_numpy, "acc", "mse"]):
        model = Sequential([Dense(3, "softmax", kernel_initializer="ones", input_shape=(3,))])
        model.compile("adam", "categorical_crossentropy", metrics=wanted)
        model.fit(P, T, epochs=3, batch_size=2, shuffle=False, verbose=0)
        reached.append([w.tobytes() for w in model.get_weights()])
    assert reached[0] == reached[1]


# -- metrics of one's own ------------------------------------------------------------------------------------


class WithWeights(Metric):
    """The share of positive predictions, summed in variables."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.positive = self.add_weight("positive", initializer="zeros")
        self.seen = self.add_weight(name="seen")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.positive.assign_add((np.asarray(y_pred) > 0.25).sum())
        self.seen.assign_add(np.asarray(y_pred).size)

    def result(self) -> Any:
        return self.positive / self.seen if self.seen else 0.0


class WithAttributes(Metric):
    """The same with plain attributes."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.by_column: Array = np.zeros(3)
        self.seen = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        hits = (np.asarray(y_pred) > 0.25).sum(axis=0)
        self.by_column = self.by_column + hits
        self.seen += np.asarray(y_pred).size

    def result(self) -> Any:
        return self.by_column.sum() / self.seen if self.seen else 0.0

    def reset_state(self) -> None:
        self.by_column = np.zeros(3)
        self.seen = 0


OWN = [WithWeights, WithAttributes]


@pytest.mark.parametrize("made", OWN)
def test_a_subclass_in_a_model(made: type[Metric]) -> None:
    model = identity(3)
    model.compile("sgd", "mse", metrics=[made("share")])
    history = model.fit(P, T, epochs=2, validation_data=(P[:1], T[:1]), verbose=0).history
    share = float((P > 0.25).mean())
    assert list(history) == ["loss", "share", "val_loss", "val_share"]
    assert history["share"][0] == pytest.approx(share)
    assert all(type(value) is float for value in history["share"])
    assert model.evaluate(P, T, verbose=0)[1] == pytest.approx(float((model.predict(P) > 0.25).mean()))


@pytest.mark.parametrize("made", OWN)
def test_the_name_of_a_subclass(made: type[Metric]) -> None:
    assert made().name == {"WithWeights": "with_weights", "WithAttributes": "with_attributes"}[made.__name__]


@pytest.mark.parametrize("make", [*OWN, *(TABLE[name] for name in CLASS_NAMES)])
def test_the_state_can_be_put_back(make: Callable[[], Metric]) -> None:
    metric, other = make(), make()
    after_two = feed(metric, slice(0, 2))
    state = metric.get_state()
    after_four = feed(metric, slice(2, 4))
    feed(other, slice(3, 4))
    other.set_state(state)
    np.testing.assert_array_equal(other.result(), after_two)
    np.testing.assert_array_equal(feed(other, slice(2, 4)), after_four)
    metric.set_state(state)  # what was captured has not moved with what came after it
    np.testing.assert_array_equal(metric.result(), after_two)
    fresh = make()  # nor is it shared with those it was put into
    fresh.set_state(state)
    np.testing.assert_array_equal(fresh.result(), after_two)


def test_a_metric_variable() -> None:
    metric = WithWeights()
    assert [v.name for v in metric.variables] == ["positive:0", "seen:0"]
    assert all(isinstance(v, Variable) and v.dtype == np.float64 for v in metric.variables)
    metric.variables.clear()
    assert len(metric.variables) == 2


def test_a_metric_variable_begins_at_zero() -> None:
    with pytest.raises(
        ArgumentError, match=r"starts at zeros\. Received: initializer='ones'\. Add the offset"
    ):
        Metric().add_weight("a", initializer="ones")


def test_a_variable_of_any_shape() -> None:
    metric = Metric()
    variable = metric.add_weight("sums", shape=(2, 3))
    variable.assign_add(np.ones((2, 3)))
    metric.reset_state()
    assert variable.numpy().tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_subclass_without_methods_says_so() -> None:
    class Empty(Metric):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define update_state"):
        Empty().update_state(T, P)
    with pytest.raises(NotImplementedError, match="Empty must define result"):
        Empty().result()


def test_the_direction_of_a_function_of_ones_own_is_unknown() -> None:
    assert MeanMetricWrapper(in_ops).direction is None
    assert WithWeights().direction is None


def test_names_made_from_classes() -> None:
    class MyROCLike(WithWeights):
        pass

    assert MyROCLike().name == "my_roc_like"
    assert not MyROCLike().named
    assert MyROCLike("mine").named


# -- numbers -------------------------------------------------------------------------------------------------


def test_nothing_divided_by_nothing_is_zero() -> None:
    assert divide(np.array([1.0, 0.0, 3.0]), np.array([0.0, 0.0, 2.0])).tolist() == [0, 0, 1.5]
    assert divide(np.array([[2.0], [4.0]]), np.array([2.0, 0.0])).tolist() == [[1, 0], [2, 0]]


def test_a_single_number_is_a_float() -> None:
    assert type(number(np.ones(1))) is Number
    assert number(np.ones(2)).numpy().tolist() == [1, 1]


class F1(Metric):
    """A metric of published programs: two metrics, a variable and a number in attributes, but only their values."""

    def __init__(self, name: str = "f1") -> None:
        super().__init__(name)
        self.parts: dict[Any, Any] = {"p": metrics.Precision(), 1: [metrics.Recall()]}
        self.batches = Variable(0.0, False)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.batches.assign_add(1.0)
        self.parts["p"].update_state(y_true, y_pred, sample_weight)
        self.parts[1][0].update_state(y_true, y_pred, sample_weight)

    def result(self) -> Any:
        p, r = self.parts["p"].result(), self.parts[1][0].result()
        return 2 * p * r / (p + r + 1e-7)


def test_metrics_and_variables_that_a_metric_holds_are_its_own() -> None:
    metric = F1()
    assert metric([0, 1, 1], [0.2, 0.8, 0.1]).numpy() == pytest.approx(2 / 3)
    state = metric.get_state()
    undo = Undo()
    metric.keep(undo)
    metric.update_state([1, 1], [0.0, 0.0])
    undo.undo()
    assert (metric.result(), metric.batches.numpy()) == (pytest.approx(2 / 3), 1)
    metric.reset_state()
    assert (metric.result(), metric.batches.numpy()) == (0, 0)
    other = F1()
    other.set_state(state)
    assert (other.result(), other.batches.numpy()) == (pytest.approx(2 / 3), 1)
    assert any(v is other.batches for v in other.variables)


def test_a_metric_has_the_dtype_that_programs_cast_to() -> None:
    class Largest(Metric):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            """Take nothing in."""

    assert Largest().dtype == Mean().dtype == "float32"
