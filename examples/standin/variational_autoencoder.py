"""A variational autoencoder: a sampling layer, and its loss given to the model by add_loss."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K


class Sampling(keras.layers.Layer):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = tf.random.normal(shape=(tf.shape(z_mean)[0], tf.shape(z_mean)[1]))
        return z_mean + tf.exp(0.5 * z_log_var) * epsilon


rng = np.random.RandomState(12)
x = (rng.uniform(0, 1, (256, 2)) @ rng.uniform(0, 1, (2, 10)) / 2).astype("float32")
inputs = keras.Input(shape=(10,))
h = keras.layers.Dense(16, activation="relu")(inputs)
z_mean = keras.layers.Dense(2, name="z_mean")(h)
z_log_var = keras.layers.Dense(2, name="z_log_var")(h)
z = Sampling()([z_mean, z_log_var])
encoder = keras.Model(inputs, [z_mean, z_log_var, z], name="encoder")
latent_inputs = keras.Input(shape=(2,))
decoder = keras.Model(
    latent_inputs,
    keras.layers.Dense(10, activation="sigmoid")(keras.layers.Dense(16, activation="relu")(latent_inputs)),
    name="decoder",
)
outputs = decoder(encoder(inputs)[2])
vae = keras.Model(inputs, outputs, name="vae")
reconstruction_loss = keras.losses.binary_crossentropy(inputs, outputs) * 10
kl_loss = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
vae.add_loss(K.mean(reconstruction_loss + kl_loss))
vae.compile(optimizer=keras.optimizers.Adam(0.01))
history = vae.fit(x, epochs=10, batch_size=32, verbose=0)
print("keys:", sorted(history.history), len(history.history["loss"]))
print("loss falls:", history.history["loss"][-1] < history.history["loss"][0])
print("encoded:", [part.shape for part in encoder.predict(x[:5])])
print("decoded:", decoder.predict(np.zeros((4, 2))).shape)
print("weights:", len(vae.trainable_weights))
