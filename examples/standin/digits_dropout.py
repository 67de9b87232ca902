"""A classifier of small pictures with Dropout and RMSprop, as in Keras's first example of a dense network."""

import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

rng = np.random.RandomState(0)
patterns = rng.randint(0, 256, (10, 8, 8))


def pictures(n):
    y = rng.randint(0, 10, n)
    x = np.clip(patterns[y] + rng.normal(0, 40, (n, 8, 8)), 0, 255)
    return x.astype("uint8"), y


(x_train, y_train), (x_test, y_test) = pictures(512), pictures(128)
x_train = x_train.reshape(512, 64).astype("float32") / 255
x_test = x_test.reshape(128, 64).astype("float32") / 255
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)

model = keras.Sequential()
model.add(layers.Dense(64, activation="relu", input_shape=(64,)))
model.add(layers.Dropout(0.2))
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dropout(0.2))
model.add(layers.Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=32, epochs=8, verbose=0, validation_data=(x_test, y_test)
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("parameters:", model.count_params())
print("history:", {name: len(values) for name, values in sorted(history.history.items())})
print("test accuracy above 0.9:", accuracy > 0.9)
print("loss falls:", history.history["loss"][-1] < history.history["loss"][0])
