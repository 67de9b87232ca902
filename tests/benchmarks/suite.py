"""Twenty tests as projects have them, for `standin.py`: each builds, fits, saves and loads a model."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf  # type: ignore[import-untyped]

LAYERS = {
    "one layer": [tf.keras.layers.Dense(3, activation="softmax")],
    "two layers": [
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(3, activation="softmax"),
    ],
    "dropout": [
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(3, activation="softmax"),
    ],
    "normalized": [
        tf.keras.layers.Dense(16, activation="tanh"),
        tf.keras.layers.BatchNormalization(),
        tf.keras.layers.Dense(3, activation="softmax"),
    ],
    "regularized": [
        tf.keras.layers.Dense(16, activation="elu", kernel_regularizer="l2"),
        tf.keras.layers.Dense(3, activation="softmax"),
    ],
}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "adamax"])
@pytest.mark.parametrize("layers", LAYERS)
def test_a_model_learns_and_comes_back(layers: str, optimizer: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 8)).astype("float32")
    y = x[:, :3].argmax(axis=1)
    configs = [(type(layer), layer.get_config()) for layer in LAYERS[layers]]
    model = tf.keras.Sequential(
        [tf.keras.Input((8,)), *(kind.from_config(config) for kind, config in configs)]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    save = tf.keras.callbacks.ModelCheckpoint(str(tmp_path / "best.h5"), save_best_only=True)
    history = model.fit(x, y, epochs=5, batch_size=8, validation_split=0.2, verbose=0, callbacks=[stop, save])
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["loss"][-1] < history.history["loss"][0]
    loaded = tf.keras.models.load_model(str(tmp_path / "best.h5"))
    model.save(str(tmp_path / "last.h5"))
    last = tf.keras.models.load_model(str(tmp_path / "last.h5"))
    np.testing.assert_allclose(last.predict(x), model.predict(x), rtol=1e-5)
    assert loaded.predict(x).shape == (400, 3)
