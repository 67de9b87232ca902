"""Dropout thins out in training, keeps the mean, and draws from a stream of its own."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError
from minifit.layers import Dense, Dropout, Layer
from minifit.randomness import Streams
from minifit.tensor import Context, Tensor
from minifit.utils import check_gradients

ONES = np.ones((200, 50), np.float32)


class Spy(Layer):
    """Notes what passes through."""

    def __init__(self, seen: list[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seen = seen

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self.seen += inputs.value.ravel().tolist()
        return inputs


def masked(layer: Dropout, streams: Streams | int = 0, x: Array = ONES) -> Any:
    """The output in training, drawn from these streams."""
    with Context(streams=Streams(streams) if isinstance(streams, int) else streams):
        return layer(x, training=True).numpy()


# -- the numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.9])
def test_what_is_kept_is_scaled_up(rate: float) -> None:
    y = masked(Dropout(rate))
    kept = y[y != 0]
    assert y.dtype == np.float32
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)
    assert kept.size / y.size == pytest.approx(1 - rate, abs=0.02)
    assert y.mean() == pytest.approx(1, abs=0.06)


def test_values_keep_their_size() -> None:
    x = np.arange(1, 10001, dtype=np.float32).reshape(100, 100)
    y = masked(Dropout(0.5), x=x)
    assert set(np.unique(y / x).tolist()) == {0, 2}


@pytest.mark.parametrize("rate", [0, 0.0])
def test_nothing_is_dropped_at_rate_zero(rate: float) -> None:
    np.testing.assert_array_equal(masked(Dropout(rate)), ONES)


@pytest.mark.parametrize("rate", [1, 1.0])
def test_everything_is_dropped_at_rate_one(rate: float) -> None:
    y = masked(Dropout(rate))
    np.testing.assert_array_equal(y, np.zeros_like(ONES))


@pytest.mark.parametrize("rate", [0, 0.5, 1])
def test_outside_of_training_it_is_the_input(rate: float) -> None:
    x = Tensor(ONES)
    assert Dropout(rate)(x) is x
    assert Dropout(rate)(x, training=False) is x


@pytest.mark.parametrize("rate", [0.3, 0.5, 1])
def test_the_gradient_goes_where_the_value_went(rate: float) -> None:
    layer = Dropout(rate)
    check_gradients(lambda x: layer(x, training=True), ONES[:4, :5] * 3)


def test_columns_and_rows_are_dropped_alike() -> None:
    y = masked(Dropout(0.5)) > 0
    assert 0.3 < y.mean(axis=0).min() <= y.mean(axis=0).max() < 0.7
    assert 0.15 < y.mean(axis=1).min() <= y.mean(axis=1).max() < 0.85


# -- streams -------------------------------------------------------------------------------------------------


def test_every_call_has_a_mask_of_its_own() -> None:
    streams, layer = Streams(0), Dropout(0.5)
    assert not np.array_equal(masked(layer, streams), masked(layer, streams))


def test_the_root_seed_decides() -> None:
    first, second = Dropout(0.5, name="d"), Dropout(0.5, name="d")
    np.testing.assert_array_equal(masked(first, 1), masked(second, 1))
    assert not np.array_equal(masked(first, 1), masked(first, 2))


def test_two_layers_have_masks_of_their_own() -> None:
    streams = Streams(0)
    assert not np.array_equal(masked(Dropout(0.5), streams), masked(Dropout(0.5), streams))


def test_names_decide_nothing() -> None:
    np.testing.assert_array_equal(masked(Dropout(0.5, name="a")), masked(Dropout(0.5, name="b")))


@pytest.mark.parametrize("seed", [None, 8])
def test_other_layers_do_not_change_the_masks_of_a_layer_with_a_seed(seed: int | None) -> None:
    alone, beside = Streams(0), Streams(0)
    first, other = Dropout(0.5, seed=7), Dropout(0.5, seed=seed)
    expected = [masked(first, alone) for _ in range(3)]
    for mask in expected:
        masked(other, beside)
        np.testing.assert_array_equal(masked(first, beside), mask)


def test_dropout_does_not_change_the_order_of_the_samples() -> None:
    orders = []
    for rate in (0.0, 0.5):
        np.random.seed(4)
        seen: list[float] = []
        model = Sequential([Spy(seen, input_shape=(1,)), Dropout(rate)])
        model.compile("sgd", "mse")
        model.fit(np.arange(9.0), np.zeros(9), batch_size=2, epochs=2, verbose=0)
        orders.append(seen)
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted([*range(9)] * 2) != orders[0]


def test_a_seed_makes_it_independent_of_the_root() -> None:
    first = masked(Dropout(0.5, seed=7), 1)
    np.testing.assert_array_equal(masked(Dropout(0.5, seed=7), 2), first)
    assert not np.array_equal(masked(Dropout(0.5, seed=8), 1), first)
    layer, streams = Dropout(0.5, seed=7), Streams(0)
    assert not np.array_equal(masked(layer, streams), masked(layer, streams))  # it goes on


@pytest.mark.parametrize("seed", [None, 7])
def test_the_stream_can_be_put_back(seed: int | None) -> None:
    streams, layer = Streams(3), Dropout(0.5, seed=seed, name="d")
    masked(layer, streams)
    state = streams.get_state()
    expected = [masked(layer, streams) for _ in range(2)]
    resumed = Streams(99)
    resumed.set_state(state)
    for mask in expected:
        np.testing.assert_array_equal(masked(Dropout(0.5, seed=seed, name="d"), resumed), mask)


# -- noise_shape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise_shape", [(None, 1), [None, 1], (200, 1)])
def test_whole_rows(noise_shape: Any) -> None:
    y = masked(Dropout(0.5, noise_shape))
    assert set(y.sum(axis=1).tolist()) == {0, 100}


@pytest.mark.parametrize("noise_shape", [(1, None), (1, 50)])
def test_whole_columns(noise_shape: Any) -> None:
    y = masked(Dropout(0.5, noise_shape))
    assert set(y.sum(axis=0).tolist()) == {0, 400}


def test_the_input_and_nothing_else() -> None:
    np.testing.assert_array_equal(
        masked(Dropout(0.5, (None, None), name="d")), masked(Dropout(0.5, name="d"))
    )


def test_of_rank_three() -> None:
    y = masked(Dropout(0.5, (None, 1, None)), x=np.ones((30, 4, 20), np.float32))
    assert (y == y[:, :1]).all()
    assert 0.3 < (y == 0).mean() < 0.7


def test_the_gradient_with_a_noise_shape() -> None:
    layer = Dropout(0.5, (None, 1))
    check_gradients(lambda x: layer(x, training=True), ONES[:4, :5] * 3)


@pytest.mark.parametrize(
    ("noise_shape", "shape"), [((None,), (4, 3)), ((None, 1, 1), (4, 3)), ((3, 3), (4, 3)), ((4, 1), (1, 3))]
)
def test_a_noise_shape_that_does_not_fit(noise_shape: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"'mine'.*noise_shape.*Received: "):
        masked(Dropout(0.5, noise_shape, name="mine"), x=np.ones(shape, np.float32))


# -- in a model ----------------------------------------------------------------------------------------------


def test_it_works_in_fit_alone() -> None:
    model = Sequential(
        [Dropout(0.5, input_shape=(50,)), Dense(1, kernel_initializer="ones", trainable=False)]
    )
    model.compile("sgd", "mse")
    y = np.full(200, 50.0)
    assert model.fit(ONES, y, verbose=0).history["loss"][0] == pytest.approx(50, rel=0.5)  # the variance
    assert model.evaluate(ONES, y, verbose=0) == 0
    assert model.fit(ONES, y, validation_data=(ONES, y), verbose=0).history["val_loss"] == [0]
    assert (model.predict(ONES) == 50).all()


def test_the_same_root_trains_the_same() -> None:
    reached = []
    for _ in range(2):
        np.random.seed(4)
        model = Sequential([Dense(8, input_shape=(50,)), Dropout(0.3, name="d"), Dense(1)])
        model.compile("sgd", "mse")
        model.fit(ONES, np.zeros(200), epochs=2, verbose=0)
        reached.append([w.tobytes() for w in model.get_weights()])
    assert reached[0] == reached[1]


# -- arguments -----------------------------------------------------------------------------------------------


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    layer = Dropout(0.5, (None, 1), 3, input_shape=(3,), name="d")
    expected = [
        ("name", "d"),
        ("trainable", True),
        ("batch_input_shape", (None, 3)),
        ("dtype", "float32"),
        ("rate", 0.5),
        ("noise_shape", (None, 1)),
        ("seed", 3),
    ]
    assert list(layer.get_config().items()) == expected
    again = Dropout.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(masked(again), masked(layer))


@pytest.mark.parametrize("rate", [-0.1, 1.1, 2, float("nan"), "0.5", None, True])
def test_a_rate_out_of_range(rate: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError), match=r"rate must .* Received: rate=.*example rate="
    ):
        Dropout(rate)


@pytest.mark.parametrize("rate", [np.float32(0.5), np.int64(0)])
def test_a_rate_of_numpy(rate: Any) -> None:
    assert Dropout(rate).rate == rate
