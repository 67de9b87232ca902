"""Regression with a Normalization layer, EarlyStopping and ReduceLROnPlateau, as in the tutorial on fuel economy."""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(3)
features = rng.normal([100, 2000, 5], [30, 500, 2], (400, 3)).astype("float32")
target = (0.1 * features[:, 0] - 0.005 * features[:, 1] + features[:, 2] + 10).astype("float32")

normalizer = tf.keras.layers.Normalization(axis=-1)
normalizer.adapt(features)
print("mean:", np.round(normalizer.mean.numpy().ravel() / [100, 2000, 5], 1).tolist())
model = tf.keras.Sequential(
    [normalizer, tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1)]
)
model.compile(loss="mean_absolute_error", optimizer=tf.keras.optimizers.Adam(0.05))
stop = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=20, restore_best_weights=True)
plateau = tf.keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=5, min_lr=1e-4)
history = model.fit(
    features, target, validation_split=0.2, verbose=0, epochs=60, callbacks=[stop, plateau]
)
print("keys:", sorted(history.history))
print("rate fell:", history.history["lr"][-1] < history.history["lr"][0])
print("error below 1:", model.evaluate(features, target, verbose=0) < 1)
print("best weights:", min(history.history["val_loss"]) < 1)
print("predictions:", model.predict(features[:5]).flatten().shape)
