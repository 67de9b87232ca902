"""A callback that prints the loss of every batch and the means of every epoch."""

import numpy as np
import tensorflow as tf
from tensorflow import keras


class LossAndErrorPrintingCallback(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print(f"batch {batch}: loss {logs['loss']:7.2f}")

    def on_test_batch_end(self, batch, logs=None):
        print(f"batch {batch}: loss {logs['loss']:7.2f}")

    def on_epoch_end(self, epoch, logs=None):
        print(
            "epoch {}: mean loss {:7.2f}, mean absolute error {:7.2f}".format(
                epoch, logs["loss"], logs["mean_absolute_error"]
            )
        )


rng = np.random.default_rng(0)
x, y = rng.random((256, 20)).astype("float32"), rng.random(256).astype("float32")

model = keras.Sequential()
model.add(keras.layers.Dense(1, input_dim=20, kernel_initializer="zeros"))
model.compile(
    optimizer=keras.optimizers.RMSprop(learning_rate=0.1),
    loss="mean_squared_error",
    metrics=["mean_absolute_error"],
)
model.fit(x, y, batch_size=128, epochs=2, shuffle=False, verbose=0, callbacks=[LossAndErrorPrintingCallback()])
res = model.evaluate(x, y, batch_size=128, verbose=0, callbacks=[LossAndErrorPrintingCallback()])
print(len(res))
