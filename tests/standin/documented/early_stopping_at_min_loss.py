"""A callback that ends training at the smallest loss and restores the weights that had it."""

import numpy as np
import tensorflow as tf
from tensorflow import keras


class EarlyStoppingAtMinLoss(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super(EarlyStoppingAtMinLoss, self).__init__()
        self.patience = patience
        self.best_weights = None

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best = np.inf

    def on_epoch_end(self, epoch, logs=None):
        current = logs.get("loss")
        if np.less(current, self.best):
            self.best = current
            self.wait = 0
            self.best_weights = self.model.get_weights()
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch = epoch
                self.model.stop_training = True
                print("Restoring the weights of the best epoch.")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0:
            print("Epoch %05d: early stopping" % (self.stopped_epoch + 1))


tf.random.set_seed(1)
x, y = np.ones((256, 20), "float32"), np.zeros(256, "float32")
model = keras.Sequential([keras.layers.Dense(1, input_dim=20, kernel_initializer="ones")])
# Too large a rate: the loss grows from the second epoch on.
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mean_squared_error")
callback = EarlyStoppingAtMinLoss()
history = model.fit(x, y, batch_size=64, steps_per_epoch=1, epochs=30, verbose=0, callbacks=[callback])
print(len(history.history["loss"]))
print(float(tf.reduce_max(tf.abs(model.get_weights()[0] - callback.best_weights[0]))))
