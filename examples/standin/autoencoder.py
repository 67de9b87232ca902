"""An autoencoder, its bottleneck cut out as an encoder and its last layers as a decoder."""

import numpy as np
from tensorflow import keras

rng = np.random.RandomState(11)
codes = rng.uniform(0, 1, (300, 3))
x = 1 / (1 + np.exp(-codes @ rng.normal(0, 2, (3, 16))))

input_img = keras.Input(shape=(16,))
encoded = keras.layers.Dense(8, activation="relu")(input_img)
encoded = keras.layers.Dense(3, activation="linear", name="bottleneck")(encoded)
decoded = keras.layers.Dense(8, activation="relu")(encoded)
decoded = keras.layers.Dense(16, activation="sigmoid")(decoded)
autoencoder = keras.Model(input_img, decoded)
autoencoder.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
history = autoencoder.fit(x, x, epochs=20, batch_size=32, shuffle=True, validation_data=(x, x), verbose=0)

encoder = keras.Model(input_img, encoded)
encoded_input = keras.Input(shape=(3,))
layer = encoded_input
for each in autoencoder.layers[-2:]:
    layer = each(layer)
decoder = keras.Model(encoded_input, layer)
codes = encoder.predict(x)
restored = decoder.predict(codes)
print("codes:", codes.shape, "restored:", restored.shape)
print("the same as whole:", bool(np.allclose(restored, autoencoder.predict(x), atol=1e-5)))
print("loss falls:", history.history["loss"][-1] < history.history["loss"][0])
print("bottleneck:", autoencoder.get_layer("bottleneck").output_shape)
print("layers:", len(autoencoder.layers), len(encoder.layers), len(decoder.layers))
