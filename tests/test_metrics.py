"""Which metric a name means, what it adds up to, and under which key it appears."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses, metrics, ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.metrics import Mean, MeanMetricWrapper, Metric
from minifit.parameters import Variable
from minifit.tensor import Tensor, TensorLike

Shape = tuple[int, ...]

T = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]], np.float32)
P = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6], [0.5, 0.2, 0.3]], np.float32)
CLASSES = np.array([1, 0, 2, 1])
CLASS_NAMES = sorted({m.__name__ for m in metrics.TABLE.values() if isinstance(m, type)})
FUNCTIONS = sorted(
    {m for m in metrics.TABLE.values() if not isinstance(m, type)}, key=lambda f: str(f.__name__)
)


def identity(units: int) -> Sequential:
    """A model that returns its input."""
    return Sequential([Dense(units, kernel_initializer=lambda shape: np.eye(*shape), input_shape=(units,))])


def logs_of(wanted: Any, y: Any = None, p: Any = None, **more: Any) -> dict[str, float]:
    """What `evaluate` says about predictions `p`."""
    p = P if p is None else np.asarray(p, np.float32)
    model = identity(p.shape[-1])
    options = {k: more.pop(k) for k in ("loss", "weighted_metrics") if k in more}
    model.compile("sgd", options.pop("loss", "mse"), metrics=wanted, **options)
    found: dict[str, float] = model.evaluate(p, T if y is None else y, return_dict=True, verbose=0, **more)
    return found


# -- "accuracy" and "crossentropy" ---------------------------------------------------------------------------

# By shapes of targets and predictions: what the names mean, and what TensorFlow 2.7 computes for `example`.
MEANINGS: list[tuple[Shape, Shape, str, float, float]] = [
    ((6,), (6, 1), "binary", 0.5, 0.98427486),
    ((6, 1), (6, 1), "binary", 0.5, 0.98427486),
    ((6,), (6, 2), "sparse_categorical", 0.33333334, 1.4716034),
    ((6, 1), (6, 2), "sparse_categorical", 0.33333334, 1.4716034),
    ((6, 2), (6, 2), "categorical", 0.33333334, 1.4716034),
    ((6,), (6, 3), "sparse_categorical", 0.33333334, 1.6002645),
    ((6, 1), (6, 3), "sparse_categorical", 0.33333334, 1.6002645),
    ((6, 3), (6, 3), "categorical", 0.33333334, 1.6002645),
    ((2, 3), (2, 3, 4), "sparse_categorical", 0.0, 2.0702493),
    ((2, 3, 1), (2, 3, 4), "sparse_categorical", 0.0, 2.0702493),
    ((2, 3, 4), (2, 3, 4), "categorical", 0.0, 2.0702493),
    ((2, 3, 1), (2, 3, 1), "binary", 0.5, 0.98427486),
]


def example(y_shape: Shape, p_shape: Shape) -> tuple[Array, Array]:
    p = (np.arange(np.prod(p_shape)) * 7 % 11 / 11 + 0.04).reshape(p_shape)
    y: Array
    if p_shape[-1] == 1:
        y = np.arange(np.prod(y_shape)) * 5 % 3 < 1
    elif len(y_shape) < len(p_shape) or y_shape[-1] == 1:
        y = np.arange(np.prod(y_shape)) * 5 % p_shape[-1]
    else:
        y = np.eye(y_shape[-1])[np.arange(np.prod(y_shape[:-1])) * 5 % y_shape[-1]]
    return np.asarray(y, np.float32).reshape(y_shape), p.astype(np.float32)


@pytest.mark.parametrize(("y_shape", "p_shape", "kind", "accuracy", "crossentropy"), MEANINGS)
@pytest.mark.parametrize("name", ["accuracy", "acc", "crossentropy", "ce"])
def test_the_shapes_decide(
    name: str, y_shape: Shape, p_shape: Shape, kind: str, accuracy: float, crossentropy: float
) -> None:
    y, p = example(y_shape, p_shape)
    metric = metrics.for_outputs(name, y_shape, p_shape)
    assert metric.name == name
    long = "accuracy" if name.startswith("acc") else "crossentropy"
    expected = accuracy if long == "accuracy" else crossentropy
    metric.update_state(Tensor(losses.match_ranks(y, p)), Tensor(p))
    assert metric.result() == pytest.approx(expected, rel=1e-6, abs=1e-7)
    other = metrics.for_outputs(f"{kind}_{long}", y_shape, p_shape)
    other.update_state(Tensor(losses.match_ranks(y, p)), Tensor(p))
    assert metric.result() == other.result()


@pytest.mark.parametrize(("y_shape", "p_shape", "kind", "accuracy", "crossentropy"), MEANINGS)
def test_the_shapes_decide_in_a_model(
    y_shape: Shape, p_shape: Shape, kind: str, accuracy: float, crossentropy: float
) -> None:
    y, p = example(y_shape, p_shape)
    units = p_shape[-1]
    model = Sequential(
        [Dense(units, kernel_initializer=lambda shape: np.eye(*shape), input_shape=p_shape[1:])]
    )
    loss = "sparse_categorical_crossentropy" if kind.startswith("sparse") else "mse"
    model.compile("sgd", loss, metrics=["acc", "ce", "accuracy", "crossentropy"])
    logs = model.evaluate(p, y, batch_size=2, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "acc", "ce", "accuracy", "crossentropy"]
    assert logs["acc"] == logs["accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert logs["ce"] == logs["crossentropy"] == pytest.approx(crossentropy, rel=1e-6)


def test_several_targets_for_one_prediction_broadcast() -> None:
    y, p = example((6, 3), (6, 1))
    metric = metrics.for_outputs("accuracy", y.shape, p.shape)
    metric.update_state(y, p)
    assert metric.result() == pytest.approx(0.5)  # as TensorFlow 2.7 computes it


@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "categorical_crossentropy"])
def test_the_loss_does_not_decide(loss: str) -> None:
    assert logs_of("accuracy", loss=loss)["accuracy"] == 0.5
    one = np.array([[0.2], [0.6], [0.7]])
    assert logs_of("accuracy", np.array([0, 1, 0]), one, loss="mse")["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("name", "expected"), [("accuracy", 0.5), ("mse", 0.31190303), ("mae", 0.46787879)])
def test_targets_without_the_last_axis(name: str, expected: float) -> None:
    y, p = example((2, 3), (2, 3, 1))
    model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(3, 1))])
    model.compile("sgd", "mse", metrics=[name])
    assert model.evaluate(p, y, verbose=0, return_dict=True)[name] == pytest.approx(expected, rel=1e-6)


def test_it_is_decided_once() -> None:
    model = identity(3)
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.evaluate(P, T, verbose=0)
    assert model.evaluate(P, CLASSES, verbose=0)[1] == 0.25  # still one-hot: class 0 everywhere
    model.compile("sgd", "mse", metrics=["accuracy"])
    assert model.evaluate(P, CLASSES, verbose=0)[1] == 0.5


@pytest.mark.parametrize("name", ["Accuracy", "ACC", "CE", "Crossentropy"])
def test_these_names_in_any_case(name: str) -> None:
    assert list(logs_of([name])) == ["loss", name]


# -- the functions -------------------------------------------------------------------------------------------


def test_a_prediction_at_the_threshold_counts_as_below_it() -> None:
    y, p = [[0.0], [1.0], [1.0], [0.0]], [[0.5], [0.5], [0.5000001], [0.2]]
    assert metrics.binary_accuracy(y, p).tolist() == [1, 0, 1, 1]  # as TensorFlow 2.7 computes it


def test_binary_accuracy_is_a_mean_over_the_last_axis() -> None:
    found = metrics.binary_accuracy(
        np.array([[1, 0, 1], [0, 0, 0]]), np.array([[0.9, 0.8, 0.2], [0, 0, 0.1]])
    )
    np.testing.assert_allclose(found, [1 / 3, 1], rtol=1e-6)
    assert found.dtype == np.float32


def test_the_threshold_can_be_moved() -> None:
    metric = metrics.BinaryAccuracy(threshold=0.7)
    metric.update_state([[1.0], [1.0], [0.0]], [[0.71], [0.69], [0.7]])
    assert metric.result() == pytest.approx(2 / 3)
    assert metric.get_config() == {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.7}


def test_of_equal_predictions_the_first_counts() -> None:
    p = [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]]
    assert metrics.categorical_accuracy([[0, 1, 0], [1, 0, 0]], p).tolist() == [0, 1]
    assert metrics.sparse_categorical_accuracy([1, 0], p).tolist() == [0, 1]
    assert metrics.sparse_categorical_accuracy([[1], [0]], p).tolist() == [0, 1]


def test_a_broken_class_number_never_matches() -> None:
    assert metrics.sparse_categorical_accuracy([1.0, 0.7, 2.0, 0.0], P).tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_function_gives_one_value_a_sample(function: Callable[..., Any]) -> None:
    y = CLASSES if function.__name__.startswith("sparse") else T
    for targets, predictions in ((y, P), (Tensor(y), Tensor(P))):
        assert function(targets, predictions).shape == (4,)


@pytest.mark.parametrize("name", [n for n in losses.TABLE if not isinstance(losses.TABLE[n], type)])
def test_losses_are_metrics(name: str) -> None:
    function = metrics.get(name)
    y = CLASSES if name.startswith("sparse") else T
    loss = "sparse_categorical_crossentropy" if name.startswith("sparse") else "mse"
    assert logs_of([name], y, loss=loss)[name] == pytest.approx(
        float(np.asarray(function(y, P)).mean()), rel=1e-6
    )


# -- keys ----------------------------------------------------------------------------------------------------


def in_numpy(y_true: TensorLike, y_pred: TensorLike) -> Any:
    return np.abs(np.asarray(y_true) - np.asarray(y_pred)).max(axis=-1)


def in_ops(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return ops.max(ops.abs(ops.cast(y_true, "float32") - y_pred), axis=-1)


KEYS: list[tuple[Any, str]] = [
    ("mae", "mae"),
    ("MAE", "MAE"),
    ("mean_absolute_error", "mean_absolute_error"),
    ("MeanAbsoluteError", "mean_absolute_error"),
    ("CategoricalAccuracy", "categorical_accuracy"),
    ("acc", "acc"),
    ("accuracy", "accuracy"),
    (metrics.MeanAbsoluteError(), "mean_absolute_error"),
    (metrics.MeanAbsoluteError(name="foo"), "foo"),
    (metrics.mean_absolute_error, "mean_absolute_error"),
    (losses.MeanSquaredError(), "mean_squared_error"),
    (in_numpy, "in_numpy"),
    (in_ops, "in_ops"),
    (lambda t, p: ops.mean(p, axis=-1), "<lambda>"),
]


def test_the_key_of_a_loss_object() -> None:
    assert list(logs_of([losses.MeanSquaredError()])) == ["loss", "mean_squared_error"]


@pytest.mark.parametrize(("entry", "key"), [e for e in KEYS if not isinstance(e[0], losses.Loss)])
def test_the_key_in_the_logs(entry: Any, key: str) -> None:
    assert list(logs_of([entry])) == ["loss", key]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (None, []),
        ([], []),
        ([None], []),
        ("mae", ["mae"]),
        (("mae", "mse"), ["mae", "mse"]),
        ([["mae", "mse"]], ["mae", "mse"]),
        ([["mae"], ["mse"]], ["mae", "mse"]),
        ({"dense": "mae"}, ["mae"]),
        ({"dense": ["mse", "acc"]}, ["mse", "acc"]),
        (["mse", "acc", "mae"], ["mse", "acc", "mae"]),
        (["mae", "mean_absolute_error", "MAE"], ["mae", "mean_absolute_error", "MAE"]),
        (["acc", "accuracy"], ["acc", "accuracy"]),
    ],
)
def test_entries_in_any_arrangement(wanted: Any, keys: list[str]) -> None:
    assert list(logs_of(wanted)) == ["loss", *keys]


@pytest.mark.parametrize(
    "wanted",
    [
        ["mae", "mae"],
        [metrics.MeanAbsoluteError(), metrics.MeanAbsoluteError()],
        ["MeanAbsoluteError", "mean_absolute_error"],
        ["acc", metrics.BinaryAccuracy(name="acc")],
    ],
    ids=str,
)
def test_two_of_one_name_are_refused(wanted: list[Any]) -> None:
    with pytest.raises(
        ArgumentError, match=r"names of their own\. Received: two called '\w+'\. Give one another"
    ):
        logs_of(wanted)


def test_two_of_one_name_are_refused_every_time() -> None:
    model = identity(3)
    model.compile("sgd", "mse", metrics=["mae", "mae"])
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"names of their own"):
            model.fit(P, T, verbose=0)


def test_a_weighted_metric_of_the_same_name() -> None:
    weight = np.array([1.0, 2, 0, 1])
    logs = logs_of(["mae"], weighted_metrics=["mae", "mse"], sample_weight=weight)
    assert list(logs) == ["loss", "mae", "weighted_mae", "mse"]
    error = np.abs(T - P).mean(axis=1)
    assert logs["mae"] == pytest.approx(error.mean(), rel=1e-6)
    assert logs["weighted_mae"] == pytest.approx((error * weight).sum() / weight.sum(), rel=1e-6)


def test_one_object_may_serve_two_models() -> None:
    shared = metrics.MeanAbsoluteError()
    for _ in range(2):
        assert logs_of([shared])["mean_absolute_error"] == pytest.approx(0.28333333, rel=1e-6)


# -- what it adds up to --------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_mean_over_batches_is_that_over_samples(function: Callable[..., Any], size: int) -> None:
    y = CLASSES if function.__name__.startswith("sparse") else T
    if "hinge" in function.__name__:
        y = 2 * T - 1  # which looks at all targets of a batch before it takes 0 for -1
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
    assert metrics.TABLE[name]()(y, p) == pytest.approx(expected)  # as TensorFlow 2.7 computes it


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
    metric = metrics.TABLE[name]()
    arguments = (T,) if name == "Mean" else (CLASSES if name.startswith("Sparse") else T, P)
    first = metric(*arguments)
    assert first > 0
    for reset in (metric.reset_state, metric.reset_states):
        reset()
        assert metric.result() == 0
        assert metric(*arguments) == first


def test_calling_returns_the_running_result() -> None:
    mean = Mean()
    assert [mean(np.array([v])) for v in (1.0, 3.0, 5.0)] == [1, 2, 3]


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


@pytest.mark.parametrize("make", [*OWN, *(metrics.TABLE[name] for name in CLASS_NAMES)])
def test_the_state_can_be_put_back(make: Callable[[], Metric]) -> None:
    def update(metric: Metric, rows: slice) -> None:
        if isinstance(metric, Mean) and not isinstance(metric, MeanMetricWrapper):
            metric.update_state(P[rows])
        else:
            metric.update_state(CLASSES[rows] if "Sparse" in type(metric).__name__ else T[rows], P[rows])

    metric, other = make(), make()
    update(metric, slice(0, 2))
    state = metric.get_state()
    after_two = metric.result()
    update(metric, slice(2, 4))
    after_four = metric.result()
    update(other, slice(3, 4))
    other.set_state(state)
    assert other.result() == after_two
    update(other, slice(2, 4))
    assert other.result() == after_four
    metric.set_state(state)  # what was captured has not moved with what came after it
    assert metric.result() == after_two


def test_a_metric_variable() -> None:
    metric = WithWeights()
    assert [v.name for v in metric.variables] == ["positive", "seen"]
    assert all(isinstance(v, Variable) and v.dtype == np.float64 for v in metric.variables)
    metric.variables.clear()
    assert len(metric.variables) == 2


def test_a_metric_variable_begins_at_zero() -> None:
    with pytest.raises(
        ArgumentError, match=r"begins at zeros\. Received: initializer='ones'\. Add the offset"
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


# -- by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", metrics.TABLE)
def test_every_name_of_the_table(name: str) -> None:
    found = metrics.get(name)
    if isinstance(metrics.TABLE[name], type):
        assert type(found) is metrics.TABLE[name]
    else:
        assert found is metrics.TABLE[name]
    metrics.check_name(name)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_configuration_makes_an_equal_metric(name: str) -> None:
    metric = metrics.TABLE[name](name="mine")
    assert list(metric.get_config().items())[:2] == [("name", "mine"), ("dtype", "float32")]
    again = metrics.deserialize(metrics.TABLE.make({"class_name": name, "config": metric.get_config()}))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize("name", [n for n in CLASS_NAMES if n != "Mean"])
def test_class_and_function_agree(name: str) -> None:
    metric = metrics.TABLE[name]()
    function = metrics.TABLE[metric.name]
    y = CLASSES if name.startswith("Sparse") else T
    assert metric(y, P) == MeanMetricWrapper(function)(y, P)
    assert metric.direction == ("max" if "Accuracy" in name else "min")


def test_the_direction_of_a_function_of_ones_own_is_unknown() -> None:
    assert MeanMetricWrapper(in_ops).direction is None
    assert WithWeights().direction is None


def test_none_stays_none() -> None:
    assert metrics.get(None) is None


@pytest.mark.parametrize("name", ["acuracy", "rmse", "Mae", "precision", ""])
def test_an_unknown_name_is_said_by_compile(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"There is no metric of that name. Received: {name!r}"):
        identity(3).compile("sgd", "mse", metrics=["mae", name])


def test_the_nearest_name_is_said() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        metrics.check_name("acuracy")


@pytest.mark.parametrize("wrong", [3, {"a"}])
def test_what_is_no_metric(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="metric is given by its name"):
        metrics.get(wrong)


@pytest.mark.parametrize("name", CLASS_NAMES)
@pytest.mark.parametrize("dtype", ["float64", np.int32])
def test_another_dtype_is_refused(name: str, dtype: Any) -> None:
    with pytest.raises(ArgumentError, match=r"Metrics are float32\. Received: dtype=.*Leave dtype out"):
        metrics.TABLE[name](dtype=dtype)
