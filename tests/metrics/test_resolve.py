"""Which metric a name means, and under which key it appears."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential, losses, metrics, ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.losses import match_ranks
from minifit.metrics.base import MeanMetricWrapper
from minifit.metrics.resolve import TABLE, check_entry, deserialize, for_outputs, get
from minifit.tables import serialize
from minifit.tensor import Tensor, TensorLike
from tests.metrics.examples import CLASSES, P, T, feed, identity, logs_of

Shape = tuple[int, ...]

CLASS_NAMES = sorted({m.__name__ for m in TABLE.values() if isinstance(m, type)})


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
    metric = for_outputs(name, y_shape, p_shape)
    assert metric.name == name
    long = "accuracy" if name.startswith("acc") else "crossentropy"
    expected = accuracy if long == "accuracy" else crossentropy
    metric.update_state(Tensor(match_ranks(y, p)), Tensor(p))
    assert metric.result() == pytest.approx(expected, rel=1e-6, abs=1e-7)
    other = for_outputs(f"{kind}_{long}", y_shape, p_shape)
    other.update_state(Tensor(match_ranks(y, p)), Tensor(p))
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
    metric = for_outputs("accuracy", y.shape, p.shape)
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
    with pytest.raises(ShapeError, match=r"needs one-hot targets.*compile the model again"):
        model.evaluate(P, CLASSES, verbose=0)
    model.compile("sgd", "mse", metrics=["accuracy"])
    assert model.evaluate(P, CLASSES, verbose=0)[1] == 0.5


@pytest.mark.parametrize("name", ["Accuracy", "ACC", "CE", "Crossentropy"])
def test_these_names_in_any_case(name: str) -> None:
    assert list(logs_of([name])) == ["loss", name]


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
    assert for_outputs(losses.MeanSquaredError(), (4, 3), (4, 3)).direction == "min"


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
        ArgumentError, match=r"different names\. Received: two called '\w+'\. Give one another"
    ):
        logs_of(wanted)


def test_two_of_one_name_are_refused_every_time() -> None:
    model = identity(3)
    model.compile("sgd", "mse", metrics=["mae", "mae"])
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"different names"):
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


# -- by name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLE)
def test_every_name_of_the_table(name: str) -> None:
    found = metrics.get(name)
    if isinstance(TABLE[name], type):
        assert type(found) is TABLE[name]
    else:
        assert found is TABLE[name]
    check_entry(name)


@pytest.mark.parametrize("name", [n for n in losses.TABLE if not isinstance(losses.TABLE[n], type)])
def test_losses_are_metrics(name: str) -> None:
    function = metrics.get(name)
    y = CLASSES if name.startswith("sparse") else T
    loss = "sparse_categorical_crossentropy" if name.startswith("sparse") else "mse"
    assert logs_of([name], y, loss=loss)[name] == pytest.approx(
        float(np.mean(np.asarray(function(y, P)))), rel=1e-6
    )


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_configuration_makes_an_equal_metric(name: str) -> None:
    metric = TABLE[name](name="mine")
    assert list(metric.get_config().items())[:2] == [("name", "mine"), ("dtype", "float32")]
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize("name", [n for n in CLASS_NAMES if TABLE[n]().name in TABLE])
def test_class_and_function_agree(name: str) -> None:
    metric = TABLE[name]()
    function = TABLE[metric.name]
    assert feed(metric) == MeanMetricWrapper(function)(CLASSES if "Sparse" in name else T, P)
    assert metric.direction == ("max" if "Accuracy" in name or "Cosine" in name else "min")


def test_none_stays_none() -> None:
    assert metrics.get(None) is None


@pytest.mark.parametrize("name", ["acuracy", "rmse", "Mae", "precision", ""])
def test_an_unknown_name_is_said_by_compile(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"metric.*{name!r}"):
        identity(3).compile("sgd", "mse", metrics=["mae", name])


def test_the_nearest_name_is_said() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'accuracy'"):
        check_entry("acuracy")


@pytest.mark.parametrize("wrong", [3, {"a"}])
def test_what_is_no_metric(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="metric must be a name"):
        metrics.get(wrong)


@pytest.mark.parametrize("name", CLASS_NAMES)
@pytest.mark.parametrize("dtype", ["float64", np.int32])
def test_another_dtype_is_refused(name: str, dtype: Any) -> None:
    with pytest.raises(ArgumentError, match=r"Metrics are float32\. Received: dtype=.*Leave dtype out"):
        TABLE[name](dtype=dtype)


@pytest.mark.parametrize(
    ("name", "direction"), [("auc", "max"), ("true_negatives", "max"), ("f1_score", "max")]
)
def test_larger_is_better(name: str, direction: str) -> None:
    (made,) = {c for c in TABLE.values() if isinstance(c, type) and c().name == name}
    assert made().direction == direction


@pytest.mark.parametrize("name", ["false_positives", "root_mean_squared_error"])
def test_smaller_is_better(name: str) -> None:
    (made,) = {c for c in TABLE.values() if isinstance(c, type) and c().name == name}
    assert made().direction == "min"


def test_metrics_without_a_name_are_numbered_within_a_model() -> None:
    logs = logs_of([metrics.Precision(), metrics.Precision(top_k=1), metrics.Precision(class_id=0)])
    assert list(logs) == ["loss", "precision", "precision_1", "precision_2"]


def test_the_name_of_the_cosine_means_the_metric() -> None:
    assert logs_of(["cosine_similarity"])["cosine_similarity"] > 0
    assert logs_of(["cosine_proximity"])["cosine_proximity"] > 0


def test_a_mean_of_a_function_is_written_and_read_by_the_functions_name() -> None:
    for entry in (
        "mae",
        losses.MeanSquaredError(),
        losses.Huber(delta=0.3),
        losses.CosineSimilarity(name="own"),
    ):
        made = for_outputs(entry, T.shape, P.shape)
        again = get(serialize(made))
        assert again.name == made.name
        assert feed(again) == feed(made)
    fn = serialize(for_outputs(losses.MeanSquaredError(), T.shape, P.shape))["config"]["fn"]
    assert fn == "mean_squared_error"


def test_stored_names_stay_names_where_they_mean_the_same_again() -> None:
    assert deserialize([["acc", "mse"], "Accuracy"]) == [["acc", "mse"], "Accuracy"]
    assert deserialize(None) is None
    assert isinstance(deserialize({"class_name": "AUC", "config": {}}), metrics.AUC)
    with pytest.raises(UnknownNameError):
        deserialize("unheard of")


# -- names that hide others ----------------------------------------------------------------------------------

HIDING = ["loss", "lr", "epoch", "batch", "val_loss", "val_"]


def called(name: str) -> Any:
    def function(y_true: Any, y_pred: Any) -> Any:
        return ops.abs(y_true - y_pred)

    function.__name__ = name
    return function


@pytest.mark.rule("FIT-32")
@pytest.mark.parametrize("name", HIDING)
@pytest.mark.parametrize(
    "make",
    [
        lambda name: metrics.MeanSquaredError(name=name),
        called,
        lambda name: losses.MeanAbsoluteError(name=name),
        lambda name: [["mae"], [metrics.MeanSquaredError(name=name)]],
    ],
    ids=["metric", "function", "loss", "nested"],
)
def test_a_metric_that_would_hide_another_value_is_refused_in_compile(make: Any, name: str) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    for given in ({"metrics": make(name)}, {"weighted_metrics": make(name)}):
        with pytest.raises(
            ArgumentError,
            match=rf"A metric must have a name that means nothing .*Received: {name!r}.*Give the metric",
        ):
            model.compile("sgd", "mse", **given)


def test_a_function_without_a_name() -> None:
    with pytest.raises(ArgumentError, match=r"A metric must have a name .*Received: ''\. Give the metric"):
        check_entry(called(""))


@pytest.mark.rule("FIT-32")
@pytest.mark.parametrize(
    "given",
    [
        {"class_name": "MeanSquaredError", "config": {"name": "loss"}},
        type(
            "Loss",
            (metrics.MeanSquaredError,),
            {"__init__": lambda self: metrics.MeanSquaredError.__init__(self, name="loss")},
        ),
    ],
    ids=["configuration", "class"],
)
def test_a_name_that_is_known_later_is_refused_before_training(given: Any) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(ArgumentError, match=r"Received: 'loss', which is the loss\."):
        model.compile("sgd", "mse", metrics=[given])
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert [w.tobytes() for w in model.get_weights()] == before


@pytest.mark.parametrize("name", [3, b"mae"])
def test_a_name_that_is_no_text(name: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"A metric's name must be a string\. Received: name="):
        metrics.MeanSquaredError(name)


def test_a_weighted_metric_does_not_hide_one_of_its_name() -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(
        "sgd", "mse", metrics=["mae", metrics.MeanSquaredError(name="weighted_mae")], weighted_metrics=["mae"]
    )
    with pytest.raises(
        ArgumentError, match=r"Metrics must have different names\. Received: two called 'weighted_mae'"
    ):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
