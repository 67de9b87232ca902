"""Checkpoints by epoch, the best model, and a training that goes on from the last file."""

import glob
import os
import tempfile

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(7)
x = rng.normal(size=(128, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int64")


def create_model():
    model = tf.keras.models.Sequential(
        [
            tf.keras.layers.Dense(8, activation="relu", input_shape=(4,)),
            tf.keras.layers.Dropout(0.1),
            tf.keras.layers.Dense(2),
        ]
    )
    model.compile(
        optimizer="adam",
        loss=tf.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[tf.metrics.SparseCategoricalAccuracy()],
    )
    return model


folder = tempfile.mkdtemp()
path = os.path.join(folder, "weights.{epoch:02d}.h5")
best = os.path.join(folder, "best.h5")
callbacks = [
    tf.keras.callbacks.ModelCheckpoint(path, save_weights_only=True, verbose=0),
    tf.keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
]
model = create_model()
history = model.fit(x, y, epochs=4, validation_split=0.25, callbacks=callbacks, verbose=0)
print("files:", sorted(os.path.basename(f) for f in glob.glob(os.path.join(folder, "*"))))
print("keys:", sorted(history.history))
fresh = create_model()
fresh.load_weights(os.path.join(folder, "weights.04.h5"))
print("same weights:", all((a == b).all() for a, b in zip(fresh.get_weights(), model.get_weights())))
print("same evaluation:", np.allclose(fresh.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0)))
loaded = tf.keras.models.load_model(best)
history = loaded.fit(x, y, initial_epoch=4, epochs=6, verbose=0)
print("goes on with epochs:", history.epoch)
print("optimizer steps:", int(loaded.optimizer.iterations) >= 8)
