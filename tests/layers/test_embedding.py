"""Embedding reads rows, learns those that were read, and says which input has none."""

from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from minifit.layers import Dense, Embedding, Flatten
from minifit.utils import check_gradients

TABLE = (np.arange(14) * 3 % 5 / 5 - 0.4).reshape(7, 2).astype(np.float32)
KERNEL = (np.arange(12) * 5 % 7 / 7 - 0.4).reshape(6, 2).astype(np.float32)
X = np.array([[1, 2, 2], [0, 6, 1], [3, 3, 3], [5, 1, 0]])
Y = (np.arange(8) * 5 % 7 / 7).reshape(4, 2).astype(np.float32)


def filled(**options: Any) -> Embedding:
    layer = Embedding(7, 2, **options)
    layer.build_for((None, 3))
    layer.set_weights([TABLE])
    return layer


@pytest.mark.parametrize("shape", [(4, 3), (12,), (2, 2, 3), (0, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float32])
def test_its_output(shape: tuple[int, ...], dtype: Any) -> None:
    x = X.reshape(shape) if np.prod(shape) else X[:0]
    y = filled()(x.astype(dtype))
    np.testing.assert_array_equal(y.value, TABLE[x])
    assert y.dtype == np.float32


def test_fractions_are_cut_off() -> None:
    np.testing.assert_array_equal(filled()([[1.9, 0.5, 6.99]]).value, TABLE[[[1, 0, 6]]])


def test_gradients() -> None:
    for x in (X, X[:1], X.reshape(2, 2, 3), X[:, :1]):
        check_gradients(filled(), x)


def test_only_rows_that_were_read_have_a_gradient() -> None:
    layer = filled()
    layer(X).sum().backward()
    assert layer.embeddings.grad is not None
    assert layer.embeddings.grad[:, 0].tolist() == [2, 3, 2, 3, 0, 1, 1]


# Two epochs in batches of three and what evaluate says after them, as TensorFlow 2.7 makes them.
RUNS = {
    "sgd": (
        [0.283305168, 0.274055004, 0.266092539],
        [
            [-0.397990525, 0.199925587],
            [-0.191424027, 0.395281494],
            [-5.33444108e-05, -0.399062216],
            [0.203199998, -0.202178568],
            [0.400000006, 0.0],
            [-0.401643574, 0.198812366],
            [-0.197917312, 0.398691803],
        ],
    ),
    "adam": (
        [0.284011602, 0.279982865, 0.276771098],
        [
            [-0.399687856, 0.19867681],
            [-0.196014613, 0.396159947],
            [-0.00311508821, -0.396844417],
            [0.20315747, -0.203157157],
            [0.400000006, 0.0],
            [-0.4020634, 0.197937727],
            [-0.196842715, 0.396842986],
        ],
    ),
}


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("optimizer", RUNS)
def test_it_learns_as_tensorflow_does(optimizer: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    layer = Embedding(7, 2, input_length=3)
    model = Sequential([layer, Flatten(), Dense(2)])
    model.compile(optimizer, "mse")
    model.set_weights([TABLE, KERNEL, np.zeros(2)])
    found = model.fit(X, Y, batch_size=3, epochs=2, shuffle=False, verbose=0).history["loss"]
    losses, table = RUNS[optimizer]
    np.testing.assert_allclose([*found, model.evaluate(X, Y, verbose=0)], losses, rtol=2e-6)
    np.testing.assert_allclose(layer.embeddings.value, table, rtol=5e-6, atol=1e-6)


def test_regularizer_constraint_and_freezing() -> None:
    layer = Embedding(7, 2, embeddings_regularizer="l2", embeddings_constraint="non_neg", input_length=3)
    model = Sequential([layer, Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    plain = float(np.square(layer.embeddings.value).sum() * 0.01)
    assert float(model.losses[0]) == pytest.approx(plain, rel=1e-6)
    model.fit(X, Y, verbose=0)
    assert layer.embeddings.value.min() >= 0
    layer.trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()[0]
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(layer.embeddings.value, before)


def test_it_is_built_at_once() -> None:
    model = Sequential([Embedding(7, 2)])
    assert (model.input_shape, model.output_shape) == ((None, None), (None, None, 2))
    assert model.predict(X).shape == (4, 3, 2)
    assert model.predict(X[:, :2]).shape == (4, 2, 2)
    assert Embedding(7, 2, input_length=4).batch_input_shape == (None, 4)
    assert Embedding(7, 2, input_length=(4, None)).batch_input_shape == (None, 4, None)
    assert Embedding(7, 2, input_shape=(3,)).batch_input_shape == (None, 3)


@pytest.mark.parametrize(
    ("length", "shape", "expected"),
    [
        (None, (None, 3), (None, 3, 2)),
        (None, (None,), (None, 2)),
        (4, (None, 4), (None, 4, 2)),
        (4, (None, None), (None, 4, 2)),
        ((4, None), (None, None, 3), (None, 4, 3, 2)),
    ],
)
def test_the_output_shape(length: Any, shape: Any, expected: Any) -> None:
    assert Embedding(7, 2, input_length=length).compute_output_shape(shape) == expected


@pytest.mark.parametrize(("length", "shape"), [(4, (None, 3)), ((4,), (None, 4, 3)), (4, (None,))])
def test_an_input_of_another_length(length: Any, shape: Any) -> None:
    with pytest.raises(ShapeError, match=r"expects input of length .*Received: input of shape"):
        Embedding(7, 2, input_length=length).compute_output_shape(shape)


@pytest.mark.parametrize(
    ("bad", "said"), [(7, "7"), (-1, "-1"), (1e9, "1000000000"), (np.nan, "nan"), (np.inf, "inf")]
)
def test_numbers_without_a_row(bad: float, said: str) -> None:
    x = X.astype(np.float32)
    x[2, 1] = bad
    with pytest.raises(
        DataError, match=rf"'mine' has rows from 0 to 6\. Received: {said}.* at \(2, 1\) of the batch"
    ):
        filled(name="mine")(x)


def test_a_wrong_number_in_a_fit_leaves_the_weights_alone() -> None:
    model = Sequential([Embedding(7, 2, input_length=3), Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(DataError, match="has rows from 0 to 6"):
        model.fit(X + 1, Y, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_configuration_in_the_order_of_tensorflow() -> None:
    assert list(Embedding(5, 2, input_length=4, name="e").get_config().items()) == [
        ("name", "e"),
        ("trainable", True),
        ("batch_input_shape", (None, 4)),
        ("dtype", "float32"),
        ("input_dim", 5),
        ("output_dim", 2),
        (
            "embeddings_initializer",
            {"class_name": "RandomUniform", "config": {"minval": -0.05, "maxval": 0.05, "seed": None}},
        ),
        ("embeddings_regularizer", None),
        ("activity_regularizer", None),
        ("embeddings_constraint", None),
        ("mask_zero", False),
        ("input_length", 4),
    ]


def test_the_round_trip_of_everything() -> None:
    layer = Embedding(5, 2, "ones", "l2", "l1", "max_norm", input_length=4)
    config = layer.get_config()
    assert Embedding.from_config(config).get_config() == config


@pytest.mark.parametrize("name", ["input_dim", "output_dim"])
@pytest.mark.parametrize("wrong", [0, -1, 2.5, "a", None, True, 2**24 + 1])
def test_sizes(name: str, wrong: Any) -> None:
    with pytest.raises(
        (ArgumentError, ArgumentTypeError),
        match=rf"{name} must be .*\. Received: {name}=",
    ):
        Embedding(**{"input_dim": 5, "output_dim": 2, name: wrong})


def test_masks_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Masks are not propagated .* Received: mask_zero=True"):
        Embedding(5, 2, mask_zero=True)


def test_it_begins_with_given_rows() -> None:
    layer = Embedding(7, 2, weights=[TABLE], trainable=False)
    np.testing.assert_array_equal(layer(X).value, TABLE[X])
    assert "weights" not in layer.get_config()
    model = Sequential(
        [Embedding(7, 2, weights=[TABLE], trainable=False, input_length=3), Flatten(), Dense(2)]
    )
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], TABLE)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], TABLE)
    with pytest.raises(ShapeError, match=r"embeddings:0 is \(7, 2\)\. Received: \(6, 2\)"):
        Embedding(7, 2, weights=[TABLE[:6]])(X)
