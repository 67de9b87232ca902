"""What users write themselves and what does not go together: functions with other arguments, metrics that do not fit.

Whatever can be said before training is said then; the rest before the weights of the batch are changed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, ops
from minifit.callbacks import Callback, LambdaCallback
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GradientError,
    MinifitError,
    MinifitWarning,
    ShapeError,
)
from minifit.layers import Activation, Dense, Lambda, Layer
from minifit.losses import Loss
from minifit.metrics import AUC, F1Score, Mean, Metric, Precision, TopKCategoricalAccuracy
from minifit.optimizers import SGD
from minifit.optimizers.schedules import LearningRateSchedule
from tests.house.unharmed import CLASSES, KINDS, Call, X, Y, bits, fails, new_model, unharmed

Row = tuple[Call, type[MinifitError], tuple[str, ...]]


@pytest.fixture(autouse=True)
def _one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")


def trained(kind: str = "numbers", **kwargs: Any) -> Call:
    """Compile another model of a kind with these arguments, and train it; its weights must not change."""

    def call(_: Sequential) -> None:
        model = KINDS[kind].new()
        before = bits(model)
        try:
            model.compile(**{"optimizer": "sgd", "loss": KINDS[kind].loss, **kwargs})
            model.fit(KINDS[kind].x, KINDS[kind].y, verbose=0)
        finally:
            assert bits(model) == before

    return call


def through(make: Callable[[], Layer]) -> Call:
    """Train a model with such a layer in its middle; its other weights must not change."""

    def call(_: Sequential) -> None:
        first = Dense(4, input_shape=(3,), kernel_initializer="ones", name="first")
        model = Sequential([first, make(), Dense(1)])
        model.compile("sgd", "mse")
        try:
            model.fit(X, Y, verbose=0)
        finally:
            assert (first.get_weights()[0] == 1).all()

    return call


def watched_by(callback: Any) -> Call:
    return lambda model: model.fit(X, Y, verbose=0, callbacks=[callback])


class LossOfOne(Loss):
    def call(self, y_pred: Any) -> Any:  # type: ignore[override]
        return y_pred


class MetricOfTwo(Metric):
    def update_state(self, y_true: Any, y_pred: Any) -> None:  # type: ignore[override]
        pass

    def result(self) -> Any:
        return 0.0


class MetricOfWords(Metric):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        pass

    def result(self) -> Any:
        return "good"


class ScheduleOfNothing(LearningRateSchedule):
    def __call__(self) -> Any:  # type: ignore[override]
        return 0.1


class HookOfOne(Callback):
    def on_epoch_end(self, epoch: int) -> None:  # type: ignore[override]
        pass


class CallOfNothing(Layer):
    def call(self) -> Any:  # type: ignore[override]
        return 1


class CallOfTwo(Layer):
    def call(self, inputs: Any, others: Any) -> Any:  # type: ignore[override]
        return inputs


class BuildOfNothing(Layer):
    def build(self) -> None:  # type: ignore[override]
        pass

    def call(self, inputs: Any) -> Any:
        return inputs


class WithoutSuper(Layer):
    def __init__(self) -> None:
        self.factor = 2

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class MakesWeightsLate(Layer):
    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self.factor = self.add_weight("factor", (4,), initializer="ones")
        return inputs


def hook_on_the_object() -> Callback:
    callback = Callback()
    callback.on_epoch_end = lambda epoch: None  # type: ignore[method-assign, misc, assignment]
    return callback


TAKES = ("Change its arguments",)
TWO = "must take (y_true, y_pred)"

ARGUMENTS: dict[str, Row] = {
    "a loss of one": (
        trained(loss=lambda y: y),
        ArgumentTypeError,
        ("The loss '<lambda>'", TWO, "Received: <lambda>(y)", *TAKES),
    ),
    "a loss of three": (
        trained(loss=lambda a, b, c: a),
        ArgumentTypeError,
        (TWO, "Received: <lambda>(a, b, c)", *TAKES),
    ),
    "call of a loss": (
        trained(loss=LossOfOne()),
        ArgumentTypeError,
        ("call of the loss", TWO, "Received: call(y_pred)", *TAKES),
    ),
    "a metric of one": (
        trained(metrics=[lambda y: y]),
        ArgumentTypeError,
        ("The metric", TWO, "Received: <lambda>(y)", *TAKES),
    ),
    "a weighted metric of one": (
        trained(weighted_metrics=[[lambda y: y]]),
        ArgumentTypeError,
        ("The metric", TWO, "Received: <lambda>(y)", *TAKES),
    ),
    "update_state of two": (
        trained(metrics=[MetricOfTwo()]),
        ArgumentTypeError,
        (
            "update_state of the metric 'metric_of_two' must take (y_true, y_pred, sample_weight=...)",
            "Received:",
        ),
    ),
    "Mean, which takes values": (
        trained(metrics=[Mean()]),
        ArgumentTypeError,
        ("update_state of the metric 'mean'", "Received: update_state(values, sample_weight=None)", *TAKES),
    ),
    "Mean by its name": (
        trained(metrics=["Mean"]),
        ArgumentTypeError,
        ("update_state of the metric 'mean'", "Received: update_state(values, sample_weight=None)", *TAKES),
    ),
    "a learning rate of the step": (
        lambda m: SGD(lambda step: 0.1),
        ArgumentTypeError,
        ("A learning rate that is a function", "must take no arguments", "<lambda>(step)", *TAKES),
    ),
    "a learning rate assigned": (
        lambda m: setattr(m.optimizer, "learning_rate", lambda step: 0.1),
        ArgumentTypeError,
        ("must take no arguments", "<lambda>(step)", *TAKES),
    ),
    "a schedule of nothing": (
        lambda m: SGD(ScheduleOfNothing()),
        ArgumentTypeError,
        ("The schedule ScheduleOfNothing must take (step)", "Received: ScheduleOfNothing()", *TAKES),
    ),
    "on_epoch_end of a LambdaCallback": (
        lambda m: LambdaCallback(on_epoch_end=lambda epoch: None),  # type: ignore[misc, arg-type]
        ArgumentTypeError,
        ("on_epoch_end of a LambdaCallback must take (epoch, logs)", "Received: <lambda>(epoch)", *TAKES),
    ),
    "on_train_batch_begin of a LambdaCallback": (
        lambda m: LambdaCallback(on_train_batch_begin=lambda: None),
        ArgumentTypeError,
        ("must take (batch, logs)", "Received: <lambda>()", *TAKES),
    ),
    "on_train_end of a LambdaCallback": (
        lambda m: LambdaCallback(on_train_end=lambda epoch, logs: None),  # type: ignore[misc, arg-type]
        ArgumentTypeError,
        ("must take (logs)", "Received: <lambda>(epoch, logs)", *TAKES),
    ),
    "a hook of a class": (
        watched_by(HookOfOne()),
        ArgumentTypeError,
        ("on_epoch_end of HookOfOne must take (epoch, logs)", "Received: on_epoch_end(epoch)", *TAKES),
    ),
    "a hook set on the object": (
        watched_by(hook_on_the_object()),
        ArgumentTypeError,
        ("on_epoch_end of Callback must take (epoch, logs)", "Received: <lambda>(epoch)", *TAKES),
    ),
    "call of nothing": (
        through(CallOfNothing),
        ArgumentTypeError,
        ("call of layer", "must take (inputs)", "Received: call()", *TAKES),
    ),
    "call of two": (
        through(CallOfTwo),
        ArgumentTypeError,
        ("call of layer", "needs 'others'", "Received: a call without it", "Pass it by name"),
    ),
    "build of nothing": (
        through(BuildOfNothing),
        ArgumentTypeError,
        ("build of layer", "must take (input_shape)", "Received: build()", *TAKES),
    ),
    "an activation of nothing": (
        through(lambda: Dense(4, activation=lambda: 1)),
        ArgumentTypeError,
        ("The activation '<lambda>' must take (x)", "Received: <lambda>()", *TAKES),
    ),
    "an activation of two": (
        through(lambda: Activation(lambda x, y: x)),
        ArgumentTypeError,
        ("The activation '<lambda>' must take (x)", "Received: <lambda>(x, y)", *TAKES),
    ),
    "an initializer of nothing": (
        through(lambda: Dense(4, kernel_initializer=lambda: 1)),
        ArgumentTypeError,
        ("The initializer '<lambda>' must take (shape)", "Received: <lambda>()", *TAKES),
    ),
    "a regularizer of nothing": (
        through(lambda: Dense(4, kernel_regularizer=lambda: 1)),
        ArgumentTypeError,
        ("The regularizer '<lambda>' must take (w)", "Received: <lambda>()", *TAKES),
    ),
    "a constraint of nothing": (
        through(lambda: Dense(4, kernel_constraint=lambda: 1)),
        ArgumentTypeError,
        ("The constraint '<lambda>' must take (w)", "Received: <lambda>()", *TAKES),
    ),
    "a Lambda of nothing": (
        through(lambda: Lambda(lambda: 1)),
        ArgumentTypeError,
        ("The function of 'lambda", "must take (inputs)", "Received: <lambda>()", *TAKES),
    ),
    "a Lambda without the given argument": (
        through(lambda: Lambda(lambda x: x, arguments={"k": 1})),
        ArgumentTypeError,
        ("must take (inputs, k=...)", "Received: <lambda>(x)", *TAKES),
    ),
    "a generator function": (
        lambda m: m.fit(lambda: iter([(X, Y)]), verbose=0),
        DataError,
        ("x must be one array", "Received: the function <lambda>", "Call it"),
    ),
    "a generator function for validation": (
        lambda m: m.fit(X, Y, validation_data=lambda: iter([(X, Y)]), verbose=0),
        ArgumentTypeError,
        ("validation_data is (x, y)", "Received: function", "call a function that makes batches"),
    ),
}

RESULTS: dict[str, Row] = {
    "a loss of None": (
        trained(loss=lambda t, p: None),
        GradientError,
        ("must return a tensor", "Received: NoneType", "minifit.ops"),
    ),
    "a loss of a float": (
        trained(loss=lambda t, p: 3.0),
        GradientError,
        ("must return a tensor", "Received: float", "minifit.ops"),
    ),
    "a metric of None": (
        trained(metrics=[lambda t, p: None]),
        ArgumentTypeError,
        ("The metric '<lambda>' must return numbers", "Received: None", "Return an array"),
    ),
    "a metric of words": (
        trained(metrics=[lambda t, p: "good"]),
        ArgumentTypeError,
        ("The metric '<lambda>' must return numbers", "Received: 'good'", "Return an array"),
    ),
    "a metric of ragged rows": (
        trained(metrics=[lambda t, p: [[1, 2], [3]]]),
        ArgumentTypeError,
        ("The metric '<lambda>' must return numbers", "Received: [[1, 2], [3]]", "Return an array"),
    ),
    "an activation in NumPy": (
        through(lambda: Dense(4, activation=np.tanh, name="mine")),
        GradientError,
        ("Layer 'mine' must return a tensor", "Received: ndarray", "minifit.ops"),
    ),
    "an activation of None": (
        through(lambda: Dense(4, activation=lambda x: None, name="mine")),
        GradientError,
        ("Layer 'mine' must return a tensor", "Received: NoneType", "minifit.ops"),
    ),
    "an initializer of another shape": (
        through(lambda: Dense(4, kernel_initializer=lambda shape: np.zeros(3), name="mine")),
        ShapeError,
        (
            "initializer must return",
            "(4, 4) for mine/kernel",
            "Received: dtype float64 of shape (3,)",
            "Fix",
        ),
    ),
    "an initializer of words": (
        through(lambda: Dense(4, kernel_initializer=lambda shape: "ones", name="mine")),
        ShapeError,
        ("initializer must return real numbers", "Received: dtype <U4", "Fix"),
    ),
    "a regularizer of None": (
        through(lambda: Dense(4, kernel_regularizer=lambda w: None, name="mine")),
        ArgumentTypeError,
        ("The regularizer of mine/kernel:0 must return one number", "Received: None", "minifit.ops"),
    ),
    "a regularizer of many numbers": (
        through(lambda: Dense(4, kernel_regularizer=ops.square, name="mine")),
        ArgumentTypeError,
        ("The regularizer of mine/kernel:0 must return one number", "Received: shape (4, 4)", "ops.sum"),
    ),
    "a constraint of None": (
        through(lambda: Dense(4, kernel_constraint=lambda w: None, name="mine")),
        ShapeError,
        (
            "The constraint of mine/kernel:0 must return an array of numbers of the weight's shape",
            "dtype object of shape ()",
            "Fix",
        ),
    ),
    "a constraint of another shape": (
        through(lambda: Dense(4, kernel_constraint=lambda w: w[0], name="mine")),
        ShapeError,
        ("the weight's shape, (4, 4)", "Received: dtype float32 of shape (4,)", "Fix"),
    ),
    "a layer without super().__init__()": (
        through(WithoutSuper),
        ArgumentError,
        ("must call that of Layer", "Received: a WithoutSuper that did not", "super().__init__()"),
    ),
    "weights in the middle of training": (
        through(lambda: MakesWeightsLate(name="mine")),
        ArgumentError,
        (
            "created before training begins",
            "Received: add_weight('factor') of layer 'mine'",
            "Move it to build()",
        ),
    ),
}


def with_metrics(kind: str, *metrics: Any) -> Call:
    return trained(kind, metrics=list(metrics))


COUNTED = ("Each prediction needs one target", "(8, 1), predictions of shape (8, 3)", "one-hot")

METRICS: dict[str, Row] = {
    "sparse accuracy of one-hot rows": (
        with_metrics("one-hot", "sparse_categorical_accuracy"),
        ShapeError,
        ("one class number for each sample", "Received: targets of shape (8, 3)", "use categorical_accuracy"),
    ),
    "accuracy of one-hot rows for class numbers": (
        with_metrics("classes", "categorical_accuracy"),
        ShapeError,
        ("needs one-hot targets", "Received: targets of shape (8, 1)", "use sparse_categorical_accuracy"),
    ),
    "sparse top-k of one-hot rows": (
        with_metrics("one-hot", "sparse_top_k_categorical_accuracy"),
        ShapeError,
        ("one class number for each sample", "(8, 3)", "use top_k_categorical_accuracy"),
    ),
    "top-k of class numbers": (
        with_metrics("classes", TopKCategoricalAccuracy(2)),
        ShapeError,
        ("needs one-hot targets", "(8, 1)", "use sparse_top_k_categorical_accuracy"),
    ),
    "AUC of class numbers": (with_metrics("classes", AUC()), ShapeError, COUNTED),
    "precision of class numbers": (with_metrics("classes", Precision()), ShapeError, COUNTED),
    "F-score of class numbers": (
        with_metrics("classes", F1Score()),
        ShapeError,
        ("targets and predictions of shape (n, classes)", "Received: targets of shape (8, 1)", "one-hot"),
    ),
    "cross-entropy of class numbers": (
        with_metrics("classes", "categorical_crossentropy"),
        ShapeError,
        ("one target for each prediction", "(8, 1), predictions of shape (8, 3)", "sparse_categorical"),
    ),
    "AUC of numbers": (
        with_metrics("numbers", AUC()),
        DataError,
        ("from 0 to 1 to be counted", "Received: from -", "sigmoid or softmax"),
    ),
    "AUC of other labels": (
        with_metrics("one-hot", AUC(multi_label=True, num_labels=5)),
        ShapeError,
        ("Labels are the columns", "Received: predictions of shape (8, 3), num_labels=5", "Change one"),
    ),
    "AUC of other weights of labels": (
        with_metrics("one-hot", AUC(multi_label=True, label_weights=[1, 2])),
        ShapeError,
        ("Labels are the columns", "label_weights=[1.0, 2.0]", "Change one"),
    ),
    "the best five of three": (
        with_metrics("one-hot", Precision(top_k=5)),
        ShapeError,
        ("top_k must be at most", "Received: top_k=5 for 3", "Lower top_k"),
    ),
    "column five of three": (
        with_metrics("one-hot", Precision(class_id=5)),
        ShapeError,
        ("class_id must be a column", "Received: class_id=5 for 3 columns", "from 0 to 2"),
    ),
    "a metric 3": (
        with_metrics("numbers", 3),
        ArgumentTypeError,
        ("The metric must be a name", "Received: 3", "for example"),
    ),
}

TABLE = {**ARGUMENTS, **RESULTS, **METRICS}


@pytest.mark.parametrize("what", TABLE)
@pytest.mark.filterwarnings("ignore:k should be below")
def test_it_says_what_is_wrong_and_harms_nothing(what: str) -> None:
    call, error, says = TABLE[what]
    model = new_model()
    fails(model, call, error, says)
    unharmed(model)


@pytest.mark.parametrize("entry", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_a_result_that_is_no_number_is_noticed_wherever_it_is_asked_for(entry: str) -> None:
    model = new_model()
    model.compile("sgd", "mse", metrics=[MetricOfWords()])
    says = (
        "result() of the metric 'metric_of_words' must return a number",
        "Received: 'good'",
        "Return a float",
    )
    quiet = {} if entry.endswith("batch") else {"verbose": 0}
    fails(model, lambda m: getattr(m, entry)(X, Y, **quiet), ArgumentTypeError, says)


def test_every_case_is_noticed_by_compile_if_it_can_be() -> None:
    for metric in (lambda y: y, MetricOfTwo(), Mean(), 3, "maee"):
        with pytest.raises(MinifitError):
            new_model().compile("sgd", "mse", metrics=[metric])


@pytest.mark.parametrize("k", [3, 5])
def test_a_k_that_every_prediction_meets_is_said(k: int) -> None:
    model = KINDS["one-hot"].new()
    model.compile("sgd", "categorical_crossentropy", metrics=[TopKCategoricalAccuracy(k)])
    with pytest.warns(
        MinifitWarning, match=rf"every prediction counts.*Received: k={k} in .* 3 classes"
    ) as told:
        history = model.fit(X, KINDS["one-hot"].y, epochs=2, verbose=0).history
    assert history["top_k_categorical_accuracy"] == [1, 1], "as in Keras"
    assert [w.filename for w in told] == [__file__]


def test_auc_of_several_outputs_counts_them_all_as_keras_does() -> None:
    model = KINDS["one-hot"].new()
    model.compile("sgd", "categorical_crossentropy", metrics=[AUC()])
    assert 0 < model.evaluate(X, KINDS["one-hot"].y, verbose=0)[1] < 1


@pytest.mark.parametrize("entry", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_a_call_that_failed_does_not_decide_what_accuracy_means(entry: str) -> None:
    model = KINDS["classes"].new()
    quiet = {} if entry.endswith("batch") else {"verbose": 0}
    with pytest.raises(ShapeError, match="For one-hot targets"):
        getattr(model, entry)(X, KINDS["one-hot"].y, **quiet)
    after = model.evaluate(X, CLASSES, verbose=0)
    assert after == KINDS["classes"].new().evaluate(X, CLASSES, verbose=0)


class Scale(Layer):
    """Makes its weight in `call`, though it says the output's shape itself."""

    def call(self, inputs: Any) -> Any:
        if not self.weights:
            self.factor = self.add_weight("factor", (4,), initializer="ones")
        return inputs * self.factor

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def test_weights_made_in_call_are_learned_though_the_shape_is_known_without() -> None:
    model = Sequential([Dense(4, input_shape=(3,)), Scale(), Dense(1)])
    assert len(model.trainable_weights) == 5
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert (model.layers[1].get_weights()[0] != 1).all()


def test_weights_made_by_calling_a_model_are_learned_too() -> None:
    class Grows(Scale):
        def call(self, inputs: Any) -> Any:
            if inputs.shape[0] > 1:  # not in the trial
                return super().call(inputs)
            return inputs

    model = Sequential([Dense(4, input_shape=(3,)), Grows(), Dense(1)])
    model.compile("sgd", "mse")
    model(X)
    model.fit(X, Y, verbose=0)
    assert (model.layers[1].get_weights()[0] != 1).all()
