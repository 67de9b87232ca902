"""Wide and deep: two inputs by name, one of them past the hidden layers, and an auxiliary output."""

import numpy as np
from tensorflow import keras

rng = np.random.RandomState(10)
wide, deep = rng.normal(size=(160, 5)), rng.normal(size=(160, 6))
y = wide[:, :1] + deep[:, :1]

input_A = keras.layers.Input(shape=[5], name="wide_input")
input_B = keras.layers.Input(shape=[6], name="deep_input")
hidden1 = keras.layers.Dense(30, activation="relu")(input_B)
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([input_A, hidden2])
output = keras.layers.Dense(1, name="main_output")(concat)
aux_output = keras.layers.Dense(1, name="aux_output")(hidden2)
model = keras.models.Model(inputs=[input_A, input_B], outputs=[output, aux_output])
model.compile(loss=["mse", "mse"], loss_weights=[0.9, 0.1], optimizer=keras.optimizers.SGD(learning_rate=1e-2))
history = model.fit(
    (wide[:120], deep[:120]), (y[:120], y[:120]), epochs=5, verbose=0,
    validation_data=((wide[120:], deep[120:]), (y[120:], y[120:])),
)
print("keys:", sorted(history.history))
total, main, aux = model.evaluate((wide, deep), (y, y), verbose=0)
print("total:", bool(np.isclose(total, 0.9 * main + 0.1 * aux, rtol=1e-4)))
y_main, y_aux = model.predict((wide[:3], deep[:3]))
print("predictions:", y_main.shape, y_aux.shape)
named = model.predict({"wide_input": wide[:3], "deep_input": deep[:3]})
print("by name:", bool(np.allclose(named[0], y_main)))
print("inputs and outputs:", model.input_names, model.output_names)
