"""A callback that sets the learning rate at the beginning of each epoch."""

import numpy as np
import tensorflow as tf
from tensorflow import keras


class CustomLearningRateScheduler(keras.callbacks.Callback):
    def __init__(self, schedule):
        super(CustomLearningRateScheduler, self).__init__()
        self.schedule = schedule

    def on_epoch_begin(self, epoch, logs=None):
        if not hasattr(self.model.optimizer, "lr"):
            raise ValueError('Optimizer must have a "lr" attribute.')
        lr = float(tf.keras.backend.get_value(self.model.optimizer.learning_rate))
        scheduled_lr = self.schedule(epoch, lr)
        tf.keras.backend.set_value(self.model.optimizer.lr, scheduled_lr)
        print("Epoch %05d: Learning rate is %6.4f." % (epoch, scheduled_lr))


LR_SCHEDULE = [(3, 0.05), (6, 0.01), (9, 0.005)]


def lr_schedule(epoch, lr):
    if epoch < LR_SCHEDULE[0][0] or epoch > LR_SCHEDULE[-1][0]:
        return lr
    for start, rate in LR_SCHEDULE:
        if epoch == start:
            return rate
    return lr


x, y = np.ones((64, 20), "float32"), np.zeros(64, "float32")
model = keras.Sequential([keras.layers.Dense(1, input_dim=20)])
model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.1), loss="mean_squared_error")
model.fit(
    x,
    y,
    batch_size=64,
    steps_per_epoch=1,
    epochs=11,
    verbose=0,
    callbacks=[CustomLearningRateScheduler(lr_schedule)],
)
print(round(float(model.optimizer.lr.numpy()), 5))
