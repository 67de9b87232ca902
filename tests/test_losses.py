"""Each loss has TensorFlow's values however it is asked for, and the gradient that finite differences find."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from minifit import Input, Model, Sequential, losses, models, ops
from minifit.arrays import Array
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GradientError,
    ShapeError,
    UnknownNameError,
)
from minifit.layers import Activation, Dense
from minifit.losses import Loss, LossFunctionWrapper, Reduction
from minifit.tensor import Tensor, TensorLike
from minifit.utils import check_gradients

T = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]], np.float32)
P = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [0.25, 0.15, 0.6], [0.5, 0.2, 0.3]], np.float32)
Z = np.array([[1, 2, -1], [0.5, -0.5, 3], [0, 0, 0], [-2, 1, 0.25]], np.float32)
CLASSES = np.array([1, 0, 2, 1])
PLUS = T + np.float32(0.5)  # for percentages, which have no targets of 0
WEIGHTS = np.array([1, 2, 0.5, 0], np.float32)


class Case(NamedTuple):
    """What TensorFlow 2.7 computes: one value a sample, their mean, and their mean with `WEIGHTS`."""

    name: str
    options: dict[str, Any]
    values: list[float]
    mean: float
    weighted: float

    @property
    def function(self) -> Any:
        return getattr(losses, self.name)

    @property
    def made(self) -> Any:
        own = {"kl_divergence": "KLDivergence"}
        return getattr(
            losses, own.get(self.name) or "".join(word.capitalize() for word in self.name.split("_"))
        )

    @property
    def data(self) -> tuple[Array, Array]:
        y = CLASSES if self.name.startswith("sparse") else PLUS if "percentage" in self.name else T
        return y, Z if self.options.get("from_logits") else P

    def __str__(self) -> str:
        return "-".join([self.name, *self.options])


LOGITS = {"from_logits": True}
CASES = [
    Case(
        "mean_squared_error", {}, [0.046666667, 0.24666667, 0.081666656, 0.046666667], 0.10541667, 0.14520834
    ),
    Case("mean_absolute_error", {}, [0.2, 0.46666667, 0.26666665, 0.2], 0.28333333, 0.31666666),
    Case("binary_crossentropy", {}, [0.22839285, 0.6904909, 0.32034203, 0.70416737], 0.48584828, 0.44238642),
    Case("binary_crossentropy", LOGITS, [0.5844838, 1.3322471, 0.6931472, 0.7470431], 0.8392303, 0.89888793),
    Case(
        "binary_crossentropy",
        {"label_smoothing": 0.2},
        [0.3760867, 0.7040064, 0.42829797, 0.7226513],
        0.5577606,
        0.4995621,
    ),
    Case(
        "binary_crossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        [0.65115047, 1.2655804, 0.6931472, 0.7737097],
        0.84589696,
        0.8822212,
    ),
    Case(
        "categorical_crossentropy", {}, [0.35667497, 1.2039728, 0.5108256, 1.2234472], 0.8237301, 0.75500834
    ),
    Case(
        "categorical_crossentropy", LOGITS, [0.34901217, 2.606414, 1.0986123, 1.3951262], 1.3622912, 1.5277867
    ),
    Case(
        "categorical_crossentropy",
        {"label_smoothing": 0.3},
        [0.6765423, 1.1752046, 0.7370019, 1.2070689],
        0.94895446,
        0.8488631,
    ),
    Case(
        "categorical_crossentropy",
        {"from_logits": True, "label_smoothing": 0.3},
        [0.7490122, 2.4564142, 1.0986123, 1.4776263],
        1.4454163,
        1.5527866,
    ),
    Case(
        "sparse_categorical_crossentropy",
        {},
        [0.35667488, 1.2039728, 0.5108256, 1.609438],
        0.9202278,
        0.75500834,
    ),
    Case(
        "sparse_categorical_crossentropy",
        LOGITS,
        [0.34901217, 2.606414, 1.0986123, 0.4201262],
        1.1185412,
        1.5277867,
    ),
    Case(
        "mean_absolute_percentage_error", {}, [64.44444, 46.66667, 59.999996, 57.85714], 57.242065, 46.944447
    ),
    Case(
        "mean_squared_logarithmic_error",
        {},
        [0.022912512, 0.122540794, 0.039706465, 0.025559234],
        0.05267975,
        0.071961835,
    ),
    Case("huber", {}, [0.023333333, 0.123333335, 0.040833328, 0.023333333], 0.052708335, 0.07260417),
    Case("log_cosh", {}, [0.023066858, 0.11652148, 0.04003044, 0.023066819], 0.0506714, 0.06903125),
    Case("kl_divergence", {}, [0.35667214, 1.2039697, 0.51082265, 0.19379418], 0.5663147, 0.7550057),
    Case("poisson", {}, [0.45222494, 0.7346575, 0.50360847, 0.74114895], 0.60791, 0.54333603),
    Case("hinge", {}, [0.76666665, 0.90000004, 0.8, 0.8966667], 0.84083337, 0.7416667),
    Case("squared_hinge", {}, [0.6966667, 0.83, 0.72, 0.8053667], 0.76300836, 0.6791667),
    Case("categorical_hinge", {}, [0.5, 1.1, 0.65, 1.09], 0.83500004, 0.75625),
    Case("cosine_similarity", {}, [-0.9525794, -0.5144958, -0.8994381, -0.8157896], -0.79557574, -0.6078225),
    Case(
        "huber", {"delta": 0.25}, [0.022916667, 0.08541667, 0.03708333, 0.022916667], 0.04208333, 0.053072914
    ),
]
PLAIN = [case for case in CASES if not case.options]
BROADCASTING = [case.name for case in PLAIN if "crossentropy" not in case.name]
ENTROPIES = [case for case in CASES if "crossentropy" in case.name]


def close(found: Any, expected: Any, rtol: float = 2e-6) -> None:
    found = found.value if isinstance(found, Tensor) else found
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-7)


# -- the numbers ---------------------------------------------------------------------------------------------


def test_every_loss_is_tried_here() -> None:
    tried = {case.function for case in CASES} | {case.made for case in CASES}
    assert tried == set(losses.TABLE.values())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_as_a_function(case: Case) -> None:
    y = case.function(*case.data, **case.options)
    assert (y.dtype, y.shape) == (np.float32, (4,))
    close(y, case.values)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_as_an_object(case: Case) -> None:
    loss = case.made(**case.options)
    close(loss(*case.data), case.mean)
    close(loss(*case.data, sample_weight=WEIGHTS), case.weighted)


def test_the_reductions() -> None:
    assert Reduction.all() == ("auto", "none", "sum", "sum_over_batch_size")
    for name in Reduction.all():
        Reduction.validate(name)
    with pytest.raises(ArgumentError, match=r"reduction must be one of 'auto', .* Received: 'mean'"):
        Reduction.validate("mean")


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("reduction", Reduction.all())
def test_every_reduction(case: Case, reduction: str) -> None:
    loss = case.made(reduction=reduction, **case.options)
    values = np.array(case.values)
    if reduction == "none":
        close(loss(*case.data), values)
        close(loss(*case.data, WEIGHTS), values * WEIGHTS)
    else:
        n = 1 if reduction == "sum" else 4  # also with weights: their sum never divides
        close(loss(*case.data), values.sum() / n)
        close(loss(*case.data, WEIGHTS), (values * WEIGHTS).sum() / n)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_by_every_name_of_the_table(case: Case) -> None:
    names = [n for n, member in losses.TABLE.items() if member in (case.function, case.made)]
    assert len(names) >= 2
    for name in names:
        found = losses.get(name)
        if isinstance(found, Loss):
            close(found(*case.data), case.mean)
        else:
            close(found(*case.data), case.values)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_function_class_and_string_train_alike(case: Case) -> None:
    y, _ = case.data
    reached = []
    for loss in (case.name, case.function, case.made(), losses.get(losses.serialize(case.made()))):
        model = Sequential([Dense(3, "sigmoid", kernel_initializer="ones", input_shape=(2,))])
        model.compile("sgd", loss)
        model.fit(P[:, :2], y, epochs=2, shuffle=False, verbose=0)
        reached.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    for other in reached[1:]:
        np.testing.assert_array_equal(other, reached[0])
    assert not np.array_equal(reached[0][:6], np.ones(6))


def test_a_class_is_made_into_a_loss() -> None:
    assert isinstance(losses.get(losses.MeanSquaredError), losses.MeanSquaredError)


def test_none_stays_none() -> None:
    assert losses.get(None) is None


# -- shapes and kinds of targets -----------------------------------------------------------------------------

P3 = np.stack([P, P[[1, 0, 3, 2]]])
T3 = np.stack([T, T[::-1]])
CLASSES3 = np.stack([CLASSES, CLASSES[::-1]])


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_predictions_of_rank_three(case: Case) -> None:
    y = np.stack([case.data[0], case.data[0][::-1]])
    found = case.function(y, P3)
    assert found.shape == (2, 4)
    close(found.value[0], case.values)
    for i in range(2):
        close(found.value[i], case.function(y[i], P3[i]).value)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [  # as TensorFlow 2.7 computes them
        (None, 0.16624999),
        ([1, 2], 0.27979165),
        ([[1], [2]], 0.27979165),
        ([[1, 0, 2, 1], [0, 1, 0.5, 0]], 0.07427084),
    ],
)
def test_weights_for_predictions_of_rank_three(weights: Any, expected: float) -> None:
    given = None if weights is None else np.array(weights, np.float32)
    close(losses.MeanSquaredError()(T3, np.stack([P, P]), given), expected)


# What TensorFlow 2.7 computes with the classes along axis 1.
ALONG_AXIS_1 = {
    "binary_crossentropy": [
        [0.22839285, 0.6904909, 0.32034203, 0.70416737],
        [0.6168521, 0.97292346, 0.42432174, 1.0336972],
    ],
    "categorical_crossentropy": [
        [0.35667497, 1.2039728, 0.5108256, 1.2234472],
        [1.0601318, 1.609438, 0.6931472, 1.89712],
    ],
    "sparse_categorical_crossentropy": [
        [0.35667488, 1.2039728, 0.5108256, 1.609438],
        [1.2039728, 1.609438, 0.6931472, 1.89712],
    ],
    "cosine_similarity": [
        [-0.9525794, -0.51449573, -0.89943814, -0.8157896],
        [-0.9737261, -0.27216554, -0.81110716, -0.22485954],
    ],
}


@pytest.mark.parametrize("name", ALONG_AXIS_1)
@pytest.mark.parametrize("axis", [1, -2])
def test_another_axis(name: str, axis: int) -> None:
    y = CLASSES3 if name.startswith("sparse") else T3.swapaxes(1, 2)
    close(getattr(losses, name)(y, P3.swapaxes(1, 2), axis=axis), ALONG_AXIS_1[name])


# What TensorFlow 2.7 computes for targets of shape (2, 1) and (2, 3), and for the same two the other way round.
COLUMN = {
    "mean_squared_error": ([5 / 3, 3], [5 / 3, 3]),
    "mean_absolute_error": ([1, 5 / 3], [1, 5 / 3]),
    "mean_absolute_percentage_error": ([100.0, 83.33333], [38.888893, 1333333200.0]),
    "mean_squared_logarithmic_error": ([0.21495165, 0.8594332], [0.21495165, 0.8594332]),
    "huber": ([0.6666667, 1.1666666], [0.6666667, 1.1666666]),
    "log_cosh": ([0.58626115, 1.0279287], [0.5862612, 1.0279287]),
    "kl_divergence": ([0.0, 32.23619], [0.0, -3.2236192e-06]),
    "poisson": ([1.4027468, 21.824127], [0.99999976, 1.7689509]),
    "hinge": ([0.0, 0.6666667], [0.0, 0.6666667]),
    "squared_hinge": ([0.0, 0.6666667], [0.0, 0.6666667]),
    "categorical_hinge": ([0.0, 0.0], [0.0, 1.0]),
    "cosine_similarity": ([-1.6035674, -1.0], [-1.6035674, -1.0]),
}


@pytest.mark.parametrize("name", BROADCASTING)
@pytest.mark.parametrize("turned", [False, True])
def test_a_column_broadcasts(name: str, turned: bool) -> None:
    column, wide = np.array([[1.0], [2.0]], np.float32), np.array([[1.0, 2, 3], [0, 0, 1]], np.float32)
    y, p = (wide, column) if turned else (column, wide)
    close(getattr(losses, name)(y, p), COLUMN[name][turned])


@pytest.mark.parametrize("name", BROADCASTING)
def test_the_gradient_of_a_column_that_broadcast(name: str) -> None:
    targets, column = np.array([[1.0, 2, 3], [0.4, 0.6, 1]]), np.array([[0.9], [0.3]])
    check_gradients(lambda p: getattr(losses, name)(targets, p), column)
    check_gradients(lambda p: getattr(losses, name)(column, p), targets * 0.8)


@pytest.mark.parametrize("name", BROADCASTING)
def test_shapes_that_do_not_broadcast(name: str) -> None:
    with pytest.raises(
        ShapeError, match=r"Received: targets of shape \(4, 2\), predictions of shape \(4, 3\)\. Res"
    ):
        getattr(losses, name)(T[:, :2], P)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
@pytest.mark.parametrize("targets", [T[:, :1], T[:, :2], T[:, 0], T[:1], T3], ids=lambda t: str(t.shape))
def test_cross_entropies_do_not_broadcast(name: str, targets: Array) -> None:
    with pytest.raises(ShapeError, match=rf"^{name} needs one target for each .* Received: targets of shape"):
        getattr(losses, name)(targets, P)


def test_the_error_names_the_loss_for_class_numbers() -> None:
    with pytest.raises(ShapeError, match=r"For class numbers, use sparse_categorical_crossentropy\."):
        losses.categorical_crossentropy(CLASSES, P)
    with pytest.raises(ShapeError) as raised:
        losses.binary_crossentropy(CLASSES, P)
    assert "sparse" not in str(raised.value)


@pytest.mark.parametrize("n", [2, 3])
def test_targets_without_the_last_axis(n: int) -> None:
    p = np.arange(3 * n, dtype=np.float32).reshape(n, 3, 1)
    y = p[..., 0] * 2 % 5
    expected = np.square(y - p[..., 0]).mean()  # as TensorFlow 2.7 computes it
    close(losses.MeanSquaredError()(y, p), expected)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("column", [False, True])
def test_class_numbers_of_any_dtype(dtype: Any, column: bool) -> None:
    y = CLASSES.astype(dtype)
    found = losses.sparse_categorical_crossentropy(y[:, None] if column else y, P)
    assert found.shape == (4,)
    close(found, [0.35667488, 1.2039728, 0.5108256, 1.609438])


@pytest.mark.parametrize("bad", [1.5, np.nan, np.inf])
def test_class_numbers_are_whole(bad: float) -> None:
    y = np.array([0.0, 1.0, bad, 2.0])
    with pytest.raises(
        DataError, match=rf"whole numbers from 0 to 2.* Received: {bad} in row 2 of the batch"
    ):
        losses.sparse_categorical_crossentropy(y, P)


@pytest.mark.parametrize("options", [{}, LOGITS], ids=["probabilities", "logits"])
@pytest.mark.parametrize(("bad", "row"), [(3, 2), (-1, 0), (2**40, 3)])
def test_class_numbers_out_of_range(options: dict[str, bool], bad: int, row: int) -> None:
    y = CLASSES.copy()
    y[row] = bad
    with pytest.raises(
        DataError, match=rf"from 0 to 2, .* Received: {bad} in row {row} of the batch\. Correct"
    ):
        losses.sparse_categorical_crossentropy(y, P, **options)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (4, 2), (12,), (1, 4)], ids=str)
def test_class_numbers_of_a_wrong_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ShapeError, match=r"one class number a sample.*For one-hot targets use categorical_cross"
    ):
        losses.sparse_categorical_crossentropy(np.zeros(shape), P)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64, np.float16])
@pytest.mark.parametrize("case", [c for c in CASES if not c.name.startswith("sparse")], ids=str)
def test_targets_of_any_dtype(case: Case, dtype: Any) -> None:
    y, p = T[:3].astype(dtype), case.data[1][:3]
    found = case.function(y, p, **case.options)
    assert found.dtype == np.float32
    close(found, case.function(T[:3], p, **case.options).value)


@pytest.mark.parametrize("name", BROADCASTING)
def test_a_single_number_is_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="needs a last axis"):
        getattr(losses, name)(1.0, 2.0)


# -- sample weights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", PLAIN, ids=str)
@pytest.mark.parametrize("given", [WEIGHTS, WEIGHTS[:, None], WEIGHTS.astype(np.float64), WEIGHTS.tolist()])
def test_weights_of_any_shape(case: Case, given: Any) -> None:
    close(case.made()(*case.data, sample_weight=given), case.weighted)


@pytest.mark.parametrize("given", [np.array([1, 0, 2, 1]), np.array([True, False, True, True])])
def test_weights_that_are_no_floats(given: Array) -> None:
    expected = losses.MeanSquaredError()(T, P, given.astype(np.float32)).value
    close(losses.MeanSquaredError()(T, P, given), expected)


@pytest.mark.parametrize("case", PLAIN, ids=str)
@pytest.mark.parametrize("shape", [(3,), (5,), (4, 2), (4, 3), (1, 4), (4, 1, 1)], ids=str)
def test_weights_of_a_wrong_shape(case: Case, shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ShapeError, match=r"one weight for each sample.*of shape \(.*Pass an array of shape \(4,\)"
    ):
        case.made()(*case.data, sample_weight=np.ones(shape))


def test_weights_of_zero_silence_a_sample_altogether() -> None:
    p = Tensor(P, requires_grad=True)
    losses.MeanSquaredError()(T, p, np.array([1, 0, 0, 1])).backward()
    assert p.grad is not None
    assert (p.grad != 0).any(axis=1).tolist() == [True, False, False, True]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_empty_batch_is_worth_zero(case: Case) -> None:
    y, p = case.data
    assert float(case.made(**case.options)(y[:0], p[:0])) == 0


# -- gradients -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("reduction", ["auto", "sum", "none"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_gradients(case: Case, reduction: str, weights: Array | None) -> None:
    y, p = case.data
    loss = case.made(reduction=reduction, **case.options)
    check_gradients(lambda x: loss(y, x, weights), p)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_gradients_of_rank_three(case: Case) -> None:
    y = np.stack([case.data[0], case.data[0][::-1]])
    check_gradients(lambda x: case.function(y, x), P3)


@pytest.mark.parametrize("name", ALONG_AXIS_1)
def test_gradients_along_another_axis(name: str) -> None:
    y = CLASSES3 if name.startswith("sparse") else T3.swapaxes(1, 2)
    check_gradients(lambda x: getattr(losses, name)(y, x, axis=1), P3.swapaxes(1, 2).copy())


@pytest.mark.parametrize(
    ("case", "through"),
    [(c, through) for c in ENTROPIES if not c.options for through in (ops.sigmoid, ops.softmax)],
    ids=str,
)
def test_gradients_through_the_activation(case: Case, through: Any) -> None:
    y, _ = case.data
    check_gradients(lambda z: case.function(y, through(z)), Z)


# -- from logits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [c for c in ENTROPIES if c.options.get("from_logits")], ids=str)
def test_after_its_activation_it_goes_by_the_logits(case: Case) -> None:
    through = ops.sigmoid if case.name.startswith("binary") else ops.softmax
    options = {k: v for k, v in case.options.items() if k != "from_logits"}
    z, p = Tensor(Z, requires_grad=True), Tensor(Z, requires_grad=True)
    y, _ = case.data
    by_logits = case.made(**case.options)(y, z)
    by_activation = case.made(**options)(y, through(p))
    assert by_logits.value == by_activation.value
    by_logits.backward()
    by_activation.backward()
    np.testing.assert_array_equal(z.grad, p.grad)


@pytest.mark.parametrize(
    ("name", "y", "z", "expected"),
    [  # as TensorFlow 2.7 computes them
        (
            "binary_crossentropy",
            [[0.0], [1.0], [0.0], [1.0]],
            [[1000.0], [1000.0], [-1000.0], [-1000.0]],
            [1000, 0, 0, 1000],
        ),
        ("categorical_crossentropy", [[0.0, 1], [1, 0]], [[1000.0, -1000], [1000, -1000]], [2000, 0]),
        ("sparse_categorical_crossentropy", [1, 0], [[1000.0, -1000], [1000, -1000]], [2000, 0]),
    ],
)
@pytest.mark.parametrize("after", [True, False], ids=["after its activation", "from_logits"])
def test_extreme_logits(name: str, y: Any, z: Any, expected: list[float], after: bool) -> None:
    logits = Tensor(z, requires_grad=True)
    through = ops.sigmoid if name.startswith("binary") else ops.softmax
    function = getattr(losses, name)
    found = (
        function(np.array(y), through(logits)) if after else function(np.array(y), logits, from_logits=True)
    )
    close(found, expected)
    found.backward()
    assert logits.grad is not None
    wrong = np.array(expected) > 0
    np.testing.assert_allclose(
        np.abs(logits.grad).max(axis=1), wrong, atol=1e-30
    )  # a full gradient where it is wrong


@pytest.mark.parametrize(
    ("name", "y", "p", "expected"),
    [  # as TensorFlow 2.7 computes them
        (
            "binary_crossentropy",
            [[0.0], [1.0], [0.0], [1.0]],
            [[0.0], [1.0], [1.0], [0.0]],
            [0, 0, 15.333239, 15.424949],
        ),
        (
            "categorical_crossentropy",
            [[0.0, 1, 0], [1, 0, 0]],
            [[1.0, 0, 0], [1, 0, 0]],
            [16.118095, 1.1920929e-07],
        ),
        ("sparse_categorical_crossentropy", [1, 0], [[1.0, 0, 0], [1, 0, 0]], [16.118095, 2.3841855e-07]),
    ],
)
def test_probabilities_of_zero_and_one(name: str, y: Any, p: Any, expected: list[float]) -> None:
    predicted = Tensor(p, requires_grad=True)
    found = getattr(losses, name)(np.array(y), predicted)
    np.testing.assert_allclose(found.value, expected, rtol=1e-6, atol=3e-7)
    found.backward()
    assert predicted.grad is not None
    assert np.isfinite(predicted.grad).all()


def test_categorical_predictions_are_scaled_to_sum_to_one() -> None:
    close(losses.categorical_crossentropy([[0.0, 1, 0]], [[2.0, 1, 1]]), [1.3862944])  # as TensorFlow 2.7


@pytest.mark.parametrize("case", [c for c in CASES if not c.name.startswith("sparse")], ids=str)
def test_nan_is_passed_on(case: Case) -> None:
    y, p = case.data
    p = p.copy()
    p[1, 0] = np.nan
    with np.errstate(invalid="ignore"):
        found = case.function(y, p, **case.options).value
    assert np.isnan(found).tolist() == [False, True, False, False]


@pytest.mark.parametrize("case", [c for c in ENTROPIES if not c.options], ids=str)
def test_a_model_that_ends_in_the_activation_layer_goes_by_the_logits(case: Case) -> None:
    name = "sigmoid" if case.name.startswith("binary") else "softmax"
    model = Sequential([Dense(3, kernel_initializer="ones", input_shape=(2,)), Activation(name)])
    model.compile("sgd", case.name)
    found = model.evaluate(np.full((4, 2), 500.0), case.data[0], verbose=0)
    z = np.full((4, 3), 1000.0, np.float32)
    close(found, float(case.made(from_logits=True)(case.data[0], z)))


# -- each by itself ------------------------------------------------------------------------------------------

ONE_HOT = np.array([[0, 1, 0], [1, 0, 0]], np.float32)
CERTAIN = np.array([[1, 0, 0], [0, 1, 1]], np.float32)  # wrong as can be
LARGE = np.array([[1e10, -1e10, 1], [0, 0, 0]], np.float32)

# What TensorFlow 2.7 computes for ONE_HOT and these: the values, and the gradient of their sum.
EDGES: list[tuple[str, Array, list[float], list[list[float]]]] = [
    (
        "mean_absolute_percentage_error",
        LARGE,
        [3.3333336e18, 33.333336],
        [[333333300.0, -33.333332, 333333300.0], [-33.333332, 0.0, 0.0]],
    ),
    (
        "mean_squared_logarithmic_error",
        LARGE,
        [177.05023, 0.16015096],
        [[1.5350567e-09, 0.0, 0.23104903], [0.0, 0.0, 0.0]],
    ),
    (
        "huber",
        LARGE,
        [6666666500.0, 0.16666667],
        [[0.33333334, -0.33333334, 0.33333334], [-0.33333334, 0.0, 0.0]],
    ),
    (
        "log_cosh",
        LARGE,
        [6666666500.0, 0.14459364],
        [[0.33333334, -0.33333334, 0.25386474], [-0.25386474, 0.0, 0.0]],
    ),
    ("kl_divergence", LARGE, [16.118092, 16.118095], [[0.0, 0.0, -1e-07], [0.0, 0.0, 0.0]]),
    (
        "hinge",
        LARGE,
        [6666666500.0, 1.0],
        [[0.33333334, -0.33333334, 0.33333334], [-0.33333334, 0.33333334, 0.33333334]],
    ),
    (
        "squared_hinge",
        LARGE,
        [6.6666667e19, 1.0],
        [[6666667000.0, -6666667000.0, 1.3333334], [-0.6666667, 0.6666667, 0.6666667]],
    ),
    ("categorical_hinge", LARGE, [20000000000.0, 1.0], [[1.0, -1.0, 0.0], [-1.0, 0.33333334, 0.33333334]]),
    (
        "cosine_similarity",
        LARGE,
        [0.7071068, 0.0],
        [[-3.5355344e-11, -3.5355337e-11, -3.5355343e-21], [-1000000.0, 0.0, 0.0]],
    ),
    (
        "mean_absolute_percentage_error",
        CERTAIN,
        [333333380.0, 666666600.0],
        [[333333300.0, -33.333332, 0.0], [-33.333332, 333333300.0, 333333300.0]],
    ),
    (
        "mean_squared_logarithmic_error",
        CERTAIN,
        [0.32030192, 0.48045287],
        [[0.23104903, 0.0, 0.0], [0.0, 0.23104903, 0.23104903]],
    ),
    (
        "huber",
        CERTAIN,
        [0.33333334, 0.5],
        [[0.33333334, -0.33333334, 0.0], [-0.33333334, 0.33333334, 0.33333334]],
    ),
    (
        "log_cosh",
        CERTAIN,
        [0.28918722, 0.43378082],
        [[0.25386474, -0.25386474, 0.0], [-0.25386474, 0.25386474, 0.25386474]],
    ),
    ("kl_divergence", CERTAIN, [16.118093, 16.118092], [[-1e-07, 0.0, 0.0], [0.0, -1e-07, -1e-07]]),
    (
        "poisson",
        CERTAIN,
        [5.706032, 6.0393653],
        [[0.33333334, -3333333.2, 0.33333334], [-3333333.2, 0.33333334, 0.33333334]],
    ),
    (
        "hinge",
        CERTAIN,
        [1.3333334, 1.6666666],
        [[0.33333334, -0.33333334, 0.33333334], [-0.33333334, 0.33333334, 0.33333334]],
    ),
    (
        "squared_hinge",
        CERTAIN,
        [2.0, 3.0],
        [[1.3333334, -0.6666667, 0.6666667], [-0.6666667, 1.3333334, 1.3333334]],
    ),
    ("categorical_hinge", CERTAIN, [2.0, 2.0], [[1.0, -1.0, 0.0], [-1.0, 0.5, 0.5]]),
    ("cosine_similarity", CERTAIN, [0.0, 0.0], [[0.0, -1.0, 0.0], [-0.70710677, 0.0, 0.0]]),
]


@pytest.mark.parametrize(("name", "p", "values", "gradient"), EDGES)
def test_extreme_predictions(name: str, p: Array, values: list[float], gradient: list[list[float]]) -> None:
    predicted = Tensor(p, requires_grad=True)
    found = getattr(losses, name)(ONE_HOT, predicted)
    close(found, values)
    found.backward()
    close(predicted.grad, gradient)


def test_a_rate_below_zero_is_no_number() -> None:
    with np.errstate(invalid="ignore"):
        found = losses.poisson(ONE_HOT, -ONE_HOT)
    assert np.isnan(found.value).all()  # as in TensorFlow 2.7


ERRORS = np.array([[-8, -1, -0.25], [0, 0.25, 1], [8, 100, 1e4]], np.float32)

# What TensorFlow 2.7 computes for ERRORS: the values, and three times the gradient of their sum.
ROBUST: list[tuple[str, dict[str, float], list[float], list[list[float]]]] = [
    (
        "huber",
        {},
        [2.6770833, 0.17708333, 3368.8333],
        [[-1, -1, -0.25], [0, 0.25, 1], [1, 1, 1]],
    ),
    (
        "huber",
        {"delta": 3.0},
        [6.6770835, 0.17708333, 10103.5],
        [[-3, -1, -0.25], [0, 0.25, 1], [3, 3, 3]],
    ),
    (
        "log_cosh",
        {},
        [2.590521, 0.15490353, 3368.64],
        [[-1, -0.7615942, -0.2449186], [0, 0.2449186, 0.7615942], [1, 1, 1]],
    ),
]


@pytest.mark.parametrize(("name", "options", "values", "gradient"), ROBUST)
def test_small_and_large_errors(
    name: str, options: dict[str, float], values: list[float], gradient: list[list[float]]
) -> None:
    predicted = Tensor(ERRORS, requires_grad=True)
    found = getattr(losses, name)(np.zeros_like(ERRORS), predicted, **options)
    close(found, values)
    found.backward()
    close(predicted.grad, np.array(gradient) / 3)


@pytest.mark.parametrize("name", ["huber", "log_cosh"])
@pytest.mark.parametrize("size", [1e20, 1e30])
def test_errors_whose_square_would_overflow(name: str, size: float) -> None:
    predicted = Tensor(np.array([[size, -size, 0]], np.float32), requires_grad=True)
    found = getattr(losses, name)(np.zeros((1, 3)), predicted)
    close(found, [2 / 3 * size])
    found.backward()
    close(predicted.grad, [[1 / 3, -1 / 3, 0]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hinge", [0.066666685, 0.8666666, 0.19999997, 0.93333334]),
        ("squared_hinge", [0.013333339, 1.2133332, 0.11999997, 1.4133333]),
    ],
)
def test_hinges_take_zero_and_one_for_minus_one_and_one(name: str, expected: list[float]) -> None:
    scores, ones = P * 4 - 2, T > 0.4
    for targets in (ones, ones.astype(np.int64), ones.astype(np.float32), np.where(ones, 1, -1)):
        close(getattr(losses, name)(targets, scores), expected)  # as TensorFlow 2.7


def test_one_other_target_and_the_whole_batch_is_taken_as_it_is() -> None:
    close(losses.hinge([[0.0, 1], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]), [1, 1])
    close(losses.hinge([[0.0, 1], [0, -1]], [[0.5, 0.5], [0.5, 0.5]]), [0.75, 1.25])


def test_percentages_of_targets_of_zero() -> None:
    close(losses.mape(T, P), [1.0000001e08, 2.3333338e08, 1.3333335e08, 74.44444])  # as TensorFlow 2.7


@pytest.mark.parametrize("axis", [0, -2])
def test_cosines_of_columns(axis: int) -> None:
    expected = [-0.61070484, -0.9081629, -0.8320503]  # as TensorFlow 2.7
    close(losses.cosine_similarity(T, P, axis=axis), expected)
    close(losses.CosineSimilarity(axis=axis)(T, P), -0.7836394)
    check_gradients(lambda p: losses.cosine_similarity(T, p, axis=axis), P)


def test_a_vector_of_zeros_has_no_direction() -> None:
    close(losses.cosine_similarity(np.zeros((2, 3)), P[:2]), [0, 0])
    close(losses.cosine_similarity(T[:2], np.zeros((2, 3))), [0, 0])


@pytest.mark.parametrize("name", BROADCASTING)
def test_targets_have_a_gradient_too(name: str) -> None:
    targets = np.array([[0.9, 0.2, 0.35], [0.15, 0.6, 0.7]])
    check_gradients(getattr(losses, name), targets, P[:2] + 0.02)


@pytest.mark.parametrize("smoothing", [0, 0.2])
@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_targets_of_cross_entropies_have_a_gradient_too(name: str, smoothing: float) -> None:
    check_gradients(lambda t, p: getattr(losses, name)(t, p, label_smoothing=smoothing), T, P)


@pytest.mark.parametrize(
    ("names", "function"),
    [
        (("mape", "MAPE"), losses.mean_absolute_percentage_error),
        (("msle", "MSLE"), losses.mean_squared_logarithmic_error),
        (("kld", "KLD", "kullback_leibler_divergence"), losses.kl_divergence),
        (("logcosh",), losses.log_cosh),
    ],
)
def test_other_names(names: tuple[str, ...], function: Any) -> None:
    for name in names:
        assert losses.get(name) is getattr(losses, name) is function
    assert losses.get("huber_loss") is losses.huber


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_as_a_metric(name: str) -> None:
    model = Sequential([Dense(3, "softmax", kernel_initializer="ones", input_shape=(3,))])
    model.compile("sgd", name, metrics=[name])
    y = CLASSES if name.startswith("sparse") else PLUS
    found = model.evaluate(P, y, verbose=0, return_dict=True)
    assert found.keys() == {"loss", name}
    sign = -1 if name == "cosine_similarity" else 1  # of this name, the metric is the cosine itself
    close(found[name] * sign, found["loss"])


# -- losses of one's own -------------------------------------------------------------------------------------


def huber(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    error = ops.abs(ops.cast(y_pred, np.float32) - ops.cast(y_true, np.float32))
    return ops.mean(ops.where(error.value < 0.3, error * error / 2.0, error * 0.3 - 0.045), axis=-1)


class Quartic(Loss):
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.mean((y_pred - y_true) ** 4.0, axis=-1)


def fitted(loss: Any) -> list[float]:
    model = Sequential([Dense(3, kernel_initializer="ones", input_shape=(3,))])
    model.compile("sgd", loss)
    values: list[float] = model.fit(P, T, epochs=4, verbose=0, shuffle=False).history["loss"]
    return values


def test_a_function_of_ops_trains() -> None:
    found = fitted(huber)
    error = np.abs(P.sum(1, keepdims=True) - T)
    close(found[0], np.where(error < 0.3, error**2 / 2, error * 0.3 - 0.045).mean())
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_a_subclass_trains() -> None:
    found = fitted(Quartic())
    close(found[0], ((P.sum(1, keepdims=True) - T) ** 4).mean())
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_a_subclass_has_name_configuration_and_gradient() -> None:
    loss = Quartic(reduction="sum")
    assert loss.name == "Quartic"
    assert loss.get_config() == {"reduction": "sum", "name": "Quartic"}
    again = Quartic.from_config(loss.get_config())
    assert again(T, P).value == loss(T, P).value
    check_gradients(lambda p: loss(T, p), P)


def test_a_function_with_arguments() -> None:
    def scaled(y_true: Tensor, y_pred: Tensor, factor: float) -> Tensor:
        return losses.mean_squared_error(y_true, y_pred) * factor

    loss = LossFunctionWrapper(scaled, factor=3.0)
    assert loss.name == "scaled"
    assert loss.get_config() == {"reduction": "auto", "name": "scaled", "factor": 3.0}
    close(loss(T, P), 3 * 0.10541667)


def in_numpy(y_true: TensorLike, y_pred: TensorLike) -> Any:
    return np.mean((np.asarray(y_pred) - np.asarray(y_true)) ** 2, axis=-1)


class InNumpy(Loss):
    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return in_numpy(y_true, y_pred)


@pytest.mark.parametrize(("loss", "name"), [(in_numpy, "in_numpy"), (InNumpy(), "InNumpy")])
def test_a_loss_in_numpy_is_refused(loss: Any, name: str) -> None:
    with pytest.raises(
        GradientError, match=rf"loss '{name}' must return a tensor.* Received: ndarray\. Write the loss"
    ):
        fitted(loss)


def test_a_loss_that_loses_the_gradient_is_refused() -> None:
    with pytest.raises(GradientError, match="backward"):
        fitted(lambda t, p: losses.mean_squared_error(t, ops.stop_gradient(p)))


def test_a_subclass_without_call_says_so() -> None:
    class Empty(Loss):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define call"):
        Empty()(T, P)


# -- configurations and names --------------------------------------------------------------------------------

CONFIGS: dict[str, dict[str, Any]] = {  # in the order of TensorFlow 2.7
    "MeanSquaredError": {"reduction": "auto", "name": "mean_squared_error"},
    "MeanAbsoluteError": {"reduction": "auto", "name": "mean_absolute_error"},
    "BinaryCrossentropy": {
        "reduction": "auto",
        "name": "binary_crossentropy",
        "from_logits": False,
        "label_smoothing": 0.0,
        "axis": -1,
    },
    "CategoricalCrossentropy": {
        "reduction": "auto",
        "name": "categorical_crossentropy",
        "from_logits": False,
        "label_smoothing": 0.0,
        "axis": -1,
    },
    "SparseCategoricalCrossentropy": {
        "reduction": "auto",
        "name": "sparse_categorical_crossentropy",
        "from_logits": False,
    },
    "MeanAbsolutePercentageError": {"reduction": "auto", "name": "mean_absolute_percentage_error"},
    "MeanSquaredLogarithmicError": {"reduction": "auto", "name": "mean_squared_logarithmic_error"},
    "Huber": {"reduction": "auto", "name": "huber_loss", "delta": 1.0},
    "LogCosh": {"reduction": "auto", "name": "log_cosh"},
    "KLDivergence": {"reduction": "auto", "name": "kl_divergence"},
    "Poisson": {"reduction": "auto", "name": "poisson"},
    "Hinge": {"reduction": "auto", "name": "hinge"},
    "SquaredHinge": {"reduction": "auto", "name": "squared_hinge"},
    "CategoricalHinge": {"reduction": "auto", "name": "categorical_hinge"},
    "CosineSimilarity": {"reduction": "auto", "name": "cosine_similarity", "axis": -1},
}

CLASS_NAMES = sorted({member.__name__ for member in losses.TABLE.values() if isinstance(member, type)})


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_configuration(name: str) -> None:
    assert list(losses.TABLE[name]().get_config().items()) == list(CONFIGS[name].items())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_round_trip(case: Case) -> None:
    loss = case.made(reduction="sum", name="mine", **case.options)
    data = losses.serialize(loss)
    assert data["class_name"] == case.made.__name__
    again = losses.deserialize(data)
    assert type(again) is case.made
    assert again.get_config() == loss.get_config()
    assert (again.name, again.reduction) == ("mine", "sum")
    assert again(*case.data).value == loss(*case.data).value


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_the_round_trip_of_a_function(case: Case) -> None:
    assert losses.serialize(case.function) == case.name
    assert losses.get(losses.serialize(case.function)) is case.function


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Mse", "'MSE'|'mse'"), ("mean_square_error", "'mean_squared_error'"), ("zzz", "Known: "), ("ce", "")],
)
def test_an_unknown_name(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=f"loss.*'{name}'.*({hint})"):
        losses.get(name)


@pytest.mark.parametrize("wrong", [3, 0.5, ["mse", "mae"], {"mse"}])
def test_what_is_no_loss(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="loss must be a name"):
        losses.get(wrong)


@pytest.mark.parametrize("reduction", ["mean", "", "SUM", None])
@pytest.mark.parametrize("name", CLASS_NAMES)
def test_an_unknown_reduction(name: str, reduction: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"reduction must be one of 'auto', .* Received: .*\. Most models need 'auto'"
    ):
        losses.TABLE[name](reduction=reduction)


@pytest.mark.parametrize("made", [losses.BinaryCrossentropy, losses.CategoricalCrossentropy])
@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_label_smoothing_out_of_range(made: Any, value: float) -> None:
    with pytest.raises(ArgumentError, match=r"label_smoothing must be from 0 to 1\. Received: .*\. 0 leaves"):
        made(label_smoothing=value)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_smoothing_by_hand(name: str) -> None:
    share = 2 if name.startswith("binary") else 3
    smoothed = T * 0.75 + 0.25 / share
    function = getattr(losses, name)
    close(function(T, P, label_smoothing=0.25), function(smoothed, P).value)


# -- ranks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "p", "expected"),
    [
        ((4,), (4, 1), (4, 1)),
        ((4,), (4, 3), (4, 1)),
        ((4, 1), (4,), (4,)),
        ((4, 3), (4, 3), (4, 3)),
        ((4, 1), (4, 3), (4, 1)),
        ((4,), (4,), (4,)),
        ((4, 2), (4,), (4, 2)),
        ((2, 3), (2, 3, 1), (2, 3, 1)),
        ((2, 3, 1), (2, 3), (2, 3)),
        ((2, 3), (2, 3, 4), (2, 3)),
    ],
)
def test_ranks_are_matched(y: tuple[int, ...], p: tuple[int, ...], expected: tuple[int, ...]) -> None:
    targets = np.arange(np.prod(y)).reshape(y)
    found = losses.match_ranks(targets, np.zeros(p))
    assert found.shape == expected
    assert np.shares_memory(found, targets)
    np.testing.assert_array_equal(found.ravel(), targets.ravel())


def test_a_loss_object_matches_ranks() -> None:
    y, p = np.array([1.0, 2, 4], np.float32), np.array([1.0, 1, 1], np.float32)
    for targets, predictions in ((y[:, None], p), (y, p[:, None])):
        close(losses.MeanSquaredError()(targets, predictions), 10 / 3)


# -- on symbols ----------------------------------------------------------------------------------------------

OTHERS = ("deserialize", "get", "serialize")
FUNCTIONS = sorted(
    {getattr(losses, name).__name__ for name in losses.__all__ if name.islower() and name not in OTHERS}
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_losses_of_symbols_are_part_of_their_graph(name: str) -> None:
    sparse = name.startswith("sparse")
    targets = np.arange(4.0)[:, None] % 3 if sparse else T[:4]
    t, p = Input(targets.shape[1:]), Input((3,))
    loss = getattr(losses, name)
    model = Model([t, p], loss(t, p))
    expected = loss(targets, P[:4]).numpy()
    for each in (model, Model.from_config(model.get_config()), models.model_from_json(model.to_json())):
        np.testing.assert_allclose(each([targets, P[:4]]).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("reduction", ["auto", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_objects_of_symbols(reduction: str, weighted: bool) -> None:
    t, p, w = Input((3,)), Input((3,)), Input((1,))
    loss = losses.BinaryCrossentropy(from_logits=True, reduction=reduction)
    model = Model([t, p, w], [loss(t, p, w) if weighted else loss(t, p), w])
    weights = np.arange(1.0, 5.0)[:, None]
    found, _ = model([T[:4], P[:4], weights])
    expected = loss(T[:4], P[:4], weights if weighted else None)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-6)


@pytest.mark.parametrize("made", [losses.BinaryCrossentropy, losses.CategoricalCrossentropy])
def test_predictions_that_are_whole_numbers_leave_the_targets_as_they_are(made: Any) -> None:
    loss, target, logits = made(from_logits=True), [[0.25, 0.75]], np.array([[2, -1]])
    assert float(loss(target, logits)) == float(loss(target, logits.astype(np.float32)))
