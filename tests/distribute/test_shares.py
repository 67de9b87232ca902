"""The shares of a batch together: layers, losses and random numbers come to what they do with the whole of it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from minifit import Input, Model, Sequential, layers, losses, ops
from minifit.arrays import Array
from minifit.errors import ArgumentError, ShapeError
from minifit.functions import neural, random
from minifit.layers.base import clear_names
from minifit.optimizers import SGD
from minifit.randomness import Streams, set_random_seed
from minifit.tensor import Context, Tensor, current
from minifit.training.heads import Head
from minifit.workers import Workers
from tests.distribute.threads import run_threads
from tests.lowering.agreeing import Keep, engine

EXACT: Any = {"rtol": 1e-10, "atol": 1e-12}
SIZES = [1, 2, 3, 4]
ROWS = [3, 7, 8]  # of 3 and 4 workers one has no rows, or they have unlike shares

X = np.random.default_rng(0).standard_normal((8, 4, 6)) * 3 + 100
SLOPES = np.random.default_rng(1).standard_normal((8, 4, 6))


def context_of(workers: Workers, rows: int, streams: Streams | None = None) -> Context:
    """Return the context of a step with a share of so many rows; one worker takes the whole batch."""
    context = Context(streams=streams or Streams(5))
    if workers.size > 1:
        context.workers, context.share = workers, workers.share(rows)
    return context


def share_of(array: Array, workers: Workers) -> Array:
    """Return the rows that a worker holds."""
    share = workers.share(len(array))
    return array[share.begin : share.begin + share.held]


def joined(parts: Sequence[Array], rows: int, size: int) -> Array:
    """Return the rows of all shares; those of a worker without rows do not count."""
    whole = Workers()
    whole.size = size
    counts = []
    for rank in range(size):
        whole.rank = rank
        counts.append(whole.share(rows).rows)
    return np.concatenate([part[:n] for part, n in zip(parts, counts, strict=True)])


@dataclass
class Taken:
    """The results of a layer: outputs and gradients of rows, sums of gradients, what stays."""

    y: Array
    dx: Array
    slopes: list[Array]
    stays: list[Array]
    streams: Any


def take(make: Callable[[], Any], size: int, rows: int, x: Array = X, times: int = 2) -> Taken:
    """Have workers take a batch in shares, twice, and return what they come to together."""
    x, slopes = x[:rows], SLOPES.reshape(len(SLOPES), *x.shape[1:])[:rows]

    def step(workers: Workers) -> Any:
        streams, part = Streams(5), workers.share(rows).part
        layer = make()
        if not layer.built:
            layer.build((None, *x.shape[1:]))
        for weight in layer.weights:
            weight.value = weight.value.astype(np.float64)
        for _ in range(times):
            with context_of(workers, rows, streams):
                given = Tensor(share_of(x, workers), requires_grad=True)
                y = layer(given, training=True)
                for weight in layer.weights:
                    weight.grad = None
                y.backward(share_of(slopes, workers) * (part > 0))
        if not part:
            assert given.grad is not None and not given.grad.any()
        learned = [np.zeros(w.shape) if w.grad is None else w.grad for w in layer.trainable_weights]
        stays = [w.value for w in layer.non_trainable_weights]
        return y.value, given.grad, learned, stays, streams.get_state()

    ys, dxs, learned, stays, states = zip(*run_threads(size, step), strict=True)
    for other in range(1, size):
        assert repr(states[other]) == repr(states[0])
        for one, two in zip(stays[0], stays[other], strict=True):
            np.testing.assert_array_equal(one, two)
    sums = [np.sum(each, axis=0) for each in zip(*learned, strict=True)]
    return Taken(joined(ys, rows, size), joined(dxs, rows, size), sums, stays[0], states[0])


FLAT = X.reshape(8, 24)

LAYERS: list[tuple[str, Callable[[], Any], Array]] = [
    ("normalization", lambda: layers.BatchNormalization(momentum=0.5), FLAT),
    ("of steps", lambda: layers.BatchNormalization(momentum=0.5), X),
    ("of another axis", lambda: layers.BatchNormalization(axis=1, momentum=0.5), X),
    ("of axes", lambda: layers.BatchNormalization(axis=[1, 2], momentum=0.5), X),
    ("unbiased", lambda: layers.BatchNormalization(momentum=0.5), X.reshape(8, 2, 2, 6)),
    ("plain", lambda: layers.BatchNormalization(scale=False, center=False), FLAT),
    ("by rows", layers.LayerNormalization, X),
    ("dropout", lambda: layers.Dropout(0.4), X),
    ("seeded", lambda: layers.Dropout(0.4, seed=3), X),
    ("one mask", lambda: layers.Dropout(0.4, noise_shape=(1, None, 6)), X),
    ("steps share", lambda: layers.Dropout(0.4, noise_shape=(None, 1, 6)), X),
    ("spatial", lambda: layers.SpatialDropout1D(0.4), X),
    ("alpha", lambda: layers.AlphaDropout(0.4), X),
    ("alpha, one mask", lambda: layers.AlphaDropout(0.4, noise_shape=(1, 4, 1)), X),
    ("gaussian", lambda: layers.GaussianDropout(0.4), X),
    ("noise", lambda: layers.GaussianNoise(0.4), X),
]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("make", "x"), [each[1:] for each in LAYERS], ids=[each[0] for each in LAYERS])
def test_shares_of_a_batch_come_to_what_the_whole_does(make: Any, x: Array, rows: int) -> None:
    expected = take(make, 1, rows, x)
    for size in SIZES[1:]:
        found = take(make, size, rows, x)
        np.testing.assert_allclose(found.y, expected.y, **EXACT)
        np.testing.assert_allclose(found.dx, expected.dx, **EXACT)
        assert len(found.slopes) == len(expected.slopes) and len(found.stays) == len(expected.stays)
        for one, other in zip(found.slopes + found.stays, expected.slopes + expected.stays, strict=True):
            np.testing.assert_allclose(one, other, **EXACT)
        assert repr(found.streams) == repr(expected.streams)


def test_a_row_that_does_not_count_moves_nothing() -> None:
    """Of one row and two workers the second holds the same row again."""
    found = take(lambda: layers.BatchNormalization(momentum=0.5), 2, 1, FLAT)
    expected = take(lambda: layers.BatchNormalization(momentum=0.5), 1, 1, FLAT)
    for one, other in zip(found.stays, expected.stays, strict=True):
        np.testing.assert_allclose(one, other, **EXACT)


def test_the_mask_of_a_whole_batch_by_its_size() -> None:
    found = take(lambda: layers.Dropout(0.4, noise_shape=(7, 1, 6)), 2, 7)
    np.testing.assert_array_equal(found.y, take(lambda: layers.Dropout(0.4, noise_shape=(7, 1, 6)), 1, 7).y)
    with pytest.raises(ShapeError, match="input of shape"):
        take(lambda: layers.Dropout(0.4, noise_shape=(4, 1, 6)), 2, 7)


# -- random numbers ------------------------------------------------------------------------------------------

DRAWS: list[Callable[[int], Any]] = [
    lambda rows: ops.random_normal((rows, 3)),
    lambda rows: ops.random_uniform([rows, 3], seed=4),
    lambda rows: random.normal((rows,)),
    lambda rows: random.uniform((rows, 2), 0, 9, "int32"),
    lambda rows: random.truncated_normal((rows, 40)),
    lambda rows: random.categorical(np.zeros((rows, 5)), 2),
    lambda rows: neural.dropout(np.ones((rows, 9), np.float32), 0.5),
]


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("size", "rows"), [(2, 7), (3, 8), (4, 3)])
def test_numbers_for_rows_are_those_of_the_whole_batch(draw: Any, size: int, rows: int) -> None:
    def step(workers: Workers) -> Any:
        streams = Streams(5)
        with context_of(workers, rows, streams):
            return draw(workers.share(rows).held).value, repr(streams.get_state())

    numbers, states = zip(*run_threads(size, step), strict=True)
    ((expected, state),) = run_threads(1, step)
    np.testing.assert_array_equal(joined(numbers, rows, size), expected)
    assert set(states) == {state}


def test_other_numbers_are_the_same_on_all_workers() -> None:
    def step(workers: Workers) -> Any:
        with context_of(workers, 7):
            return ops.random_normal((9, 3)).value, current().generator("random_normal").random()

    (one, first), (other, second) = run_threads(2, step)
    np.testing.assert_array_equal(one, other)
    assert first == second


def test_rows_are_not_shuffled_over_workers() -> None:
    def step(workers: Workers) -> Any:
        with context_of(workers, 8):
            return random.shuffle(np.zeros((workers.share(8).held, 2)))

    with pytest.raises(ArgumentError, match="Shuffle the data"):
        run_threads(2, step)


# -- losses --------------------------------------------------------------------------------------------------


def loss_of(
    loss: losses.Loss, targets: Array, size: int, weights: Array | None = None
) -> tuple[float, Array]:
    """Return a loss of a batch and its gradient, of shares as of the whole."""
    rows = len(targets)

    def step(workers: Workers) -> Any:
        share, head = workers.share(rows), Head("out", loss, 1.0, {})
        with context_of(workers, rows):
            p = Tensor(share_of(FLAT[:rows, :3] / 100, workers), requires_grad=True)
            weight = None if weights is None else share_of(weights, workers)
            value = head.loss_of(share_of(targets, workers), p, weight)
            value.backward(np.array(share.part))
        return float(value) * share.part, p.grad

    values, slopes = zip(*run_threads(size, step), strict=True)
    return sum(values), joined(slopes, rows, size)


@pytest.mark.parametrize("reduction", ["auto", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("size", "rows"), [(2, 7), (3, 8), (4, 3)])
def test_losses_of_shares_add_up(reduction: str, weighted: bool, size: int, rows: int) -> None:
    targets, weights = SLOPES[:rows, 0, :3], np.arange(8.0)[:rows] if weighted else None
    loss = losses.MeanSquaredError(reduction)
    value, slope = loss_of(loss, targets, size, weights)
    expected, whole = loss_of(loss, targets, 1, weights)
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(slope, whole, **EXACT)


@pytest.mark.parametrize("kinds", [(0, 1), (-1, 1), (-1, 0, 1)])
@pytest.mark.parametrize("loss", [losses.Hinge, losses.SquaredHinge])
def test_targets_are_signs_or_not_by_the_whole_batch(kinds: tuple[int, ...], loss: Any) -> None:
    """Of the last kinds the first worker has ones and zeros alone."""
    targets = np.sort(np.resize(np.array(kinds, np.float64), (8, 3)), axis=None)[::-1].reshape(8, 3).copy()
    value, slope = loss_of(loss(), targets, 4)
    expected, whole = loss_of(loss(), targets, 1)
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(slope, whole, **EXACT)


def test_a_loss_without_a_reduction_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"'mean_squared_error' of shape \(4,\)"):
        loss_of(losses.MeanSquaredError("none"), SLOPES[:, 0, :3], 2)


# -- a whole training ----------------------------------------------------------------------------------------

LOCK = threading.Lock()


def noisy() -> Sequential:
    """Return a model that normalizes and draws."""
    model = Sequential(
        [
            layers.Dense(8, "tanh", input_shape=(6,)),
            layers.BatchNormalization(momentum=0.5),
            layers.Dropout(0.3),
            layers.GaussianNoise(0.1),
            layers.GaussianDropout(0.2),
            layers.Dense(3),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def regular() -> Sequential:
    """Return a model of other axes, with penalties and a loss that is a sum."""
    model = Sequential(
        [
            layers.Dense(8, "tanh", kernel_regularizer="l2", activity_regularizer="l2", input_shape=(6,)),
            layers.Reshape((2, 4)),
            layers.SpatialDropout1D(0.3),
            layers.BatchNormalization(axis=1, momentum=0.5),
            layers.AlphaDropout(0.2, noise_shape=(1, None, 4)),
            layers.Reshape((2, 2, 2)),
            layers.BatchNormalization(momentum=0.5),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model.compile(SGD(0.01, momentum=0.5), losses.Hinge("sum"), metrics=["squared_hinge"])
    return model


def several() -> Model:
    """Return a model of two outputs, one judged by a sum."""
    x = Input((6,))
    y = layers.BatchNormalization(scale=False)(layers.Dense(8, "relu")(x))
    model = Model(x, [layers.Dense(3, name="a")(y), layers.Dense(3, name="b")(layers.Dropout(0.5)(y))])
    model.compile(
        "rmsprop", ["mse", losses.MeanAbsoluteError("sum")], metrics={"a": "mae"}, loss_weights=[1.0, 0.5]
    )
    return model


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("make", [noisy, regular, several])
def test_a_training_of_shares_comes_to_what_one_worker_does(make: Callable[[], Any], kernels: str) -> None:
    """Batches of 8, 8 and 3 rows: of the last a fourth worker has none."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((19, 6), np.float32), np.sign(rng.standard_normal((19, 3), np.float32))

    def train(workers: Workers) -> Any:
        with LOCK:  # the seeds and the counts of names are those of the process
            set_random_seed(0)
            clear_names()
            model, kept = make(), Keep()
            assert model.training_state.streams.root  # drawn by now
        model.workers = workers
        targets = [y] * len(model.outputs)
        history = model.fit(x, targets, batch_size=8, epochs=2, verbose=0, callbacks=[kept]).history
        judged = model.evaluate(x, targets, batch_size=8, verbose=0)
        assert not kept.reason or kernels == "numpy"
        weights = {w.name: w.value.copy() for w in model.weights}
        return {**history, **weights, "judged": judged}, repr(kept.captured["streams"])

    with engine(kernels):
        ((expected, streams),) = run_threads(1, train)
        for size in SIZES[1:]:
            trained = run_threads(size, train)
            for found, state in trained:
                assert state == streams
                assert repr(found) == repr(trained[0][0])
            for name, numbers in expected.items():
                np.testing.assert_allclose(
                    trained[0][0][name], numbers, rtol=1e-4, atol=1e-5, err_msg=f"{name} of {size}"
                )


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_predictions_of_layers_that_are_always_in_training(kernels: str) -> None:
    """They draw, and move averages, whoever calls them."""

    def predict(workers: Workers) -> Any:
        with LOCK:
            set_random_seed(0)
            clear_names()
            x = Input((24,))
            y = layers.BatchNormalization(momentum=0.5)(x, training=True)
            model = Model(x, layers.Dense(2)(layers.Dropout(0.5)(y, training=True)))
            model.compile("sgd", "mse")
            assert model.training_state.streams.root
        model.workers = workers
        predicted = model.predict(np.tile(FLAT, (2, 1))[:11], batch_size=8, verbose=0)
        return [predicted, *(w.value for w in model.weights)], repr(model.training_state.streams.get_state())

    with engine(kernels):
        ((expected, streams),) = run_threads(1, predict)
        for found, state in run_threads(4, predict):
            assert state == streams
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
