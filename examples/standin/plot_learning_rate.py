"""A callback that notes the learning rate and losses of every batch to plot them, with a warm-up schedule."""

import numpy as np
from tensorflow import keras
from tensorflow.keras import backend as K


class LRFinder(keras.callbacks.Callback):
    def __init__(self, min_lr=1e-4, max_lr=1e-1, steps=40):
        super().__init__()
        self.min_lr, self.max_lr, self.steps = min_lr, max_lr, steps
        self.lrs, self.losses = [], []

    def on_train_begin(self, logs=None):
        K.set_value(self.model.optimizer.lr, self.min_lr)

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        self.lrs.append(float(K.get_value(self.model.optimizer.lr)))
        self.losses.append(logs.get("loss"))
        factor = (self.max_lr / self.min_lr) ** (1 / self.steps)
        K.set_value(self.model.optimizer.lr, self.lrs[-1] * factor)
        if len(self.lrs) >= self.steps:
            self.model.stop_training = True


rng = np.random.RandomState(6)
x = rng.normal(size=(256, 8))
y = x @ rng.normal(size=(8, 1))
model = keras.Sequential([keras.layers.Dense(16, activation="tanh", input_dim=8), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01), loss="mse")
finder = LRFinder()
history = model.fit(x, y, batch_size=16, epochs=10, callbacks=[finder], verbose=0)
print("batches:", len(finder.lrs), len(finder.losses))
print("epochs:", len(history.history["loss"]))
print("first and last rate:", f"{finder.lrs[0]:.6f}", f"{finder.lrs[-1]:.6f}")
print("grows:", all(np.diff(finder.lrs) > 0))
print("numbers:", all(isinstance(float(loss), float) for loss in finder.losses))
