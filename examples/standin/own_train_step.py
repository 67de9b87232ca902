"""A model with a train_step of its own and metrics that it resets, as in Keras's guide on customizing fit."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

loss_tracker = keras.metrics.Mean(name="loss")
mae_metric = keras.metrics.MeanAbsoluteError(name="mae")


class CustomModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.losses.mean_squared_error(y, y_pred)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        loss_tracker.update_state(loss)
        mae_metric.update_state(y, y_pred)
        return {"loss": loss_tracker.result(), "mae": mae_metric.result()}

    @property
    def metrics(self):
        return [loss_tracker, mae_metric]


inputs = keras.Input(shape=(8,))
outputs = keras.layers.Dense(1)(inputs)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam")
x = np.random.RandomState(8).random_sample((200, 8)).astype("float32")
y = x.sum(axis=1, keepdims=True)
history = model.fit(x, y, epochs=5, verbose=0)
print("keys:", sorted(history.history))
print("epochs:", len(history.history["mae"]))
print("loss falls:", history.history["loss"][-1] < history.history["loss"][0])
print("iterations:", int(model.optimizer.iterations))
print("predictions:", model.predict(x[:7]).shape)
