"""A suite of tests of one's own training code, as it is run in CI: ``pytest test_suite.py``."""

import numpy as np
import pytest
import tensorflow as tf


def make_model(units=8):
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(units, activation="relu", input_shape=(4,)), tf.keras.layers.Dense(2)]
    )
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    x = rng.normal(size=(64, 4)).astype("float32")
    return x, (x[:, 0] > 0).astype("int64")


@pytest.mark.parametrize("units", [4, 8])
def test_shapes(units, data):
    assert make_model(units)(data[0]).shape == (64, 2)


def test_it_learns(data):
    history = make_model().fit(*data, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_it_stops_early(data):
    stop = tf.keras.callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=100)
    history = make_model().fit(*data, epochs=20, verbose=0, callbacks=[stop]).history
    assert len(history["loss"]) == 2


def test_it_is_saved_and_loaded(data, tmp_path):
    model = make_model()
    model.fit(*data, epochs=1, verbose=0)
    model.save(tmp_path / "model.h5")
    loaded = tf.keras.models.load_model(tmp_path / "model.h5")
    np.testing.assert_allclose(loaded.predict(data[0]), model.predict(data[0]), rtol=1e-5)


class LossTest(tf.test.TestCase):
    def test_the_loss_of_sure_answers(self):
        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.assertAllClose(loss([0, 1], [[20.0, 0.0], [0.0, 20.0]]), 0.0, atol=1e-6)
