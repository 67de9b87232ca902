"""Transfer: layers of a trained model are frozen, a new head is trained, then all of it slowly."""

import numpy as np
from tensorflow import keras

rng = np.random.RandomState(9)
x = rng.normal(size=(200, 6)).astype("float32")
inputs = keras.Input((6,))
hidden = keras.layers.Dense(12, activation="relu", name="features")(inputs)
base = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="old_head")(hidden))
base.compile("adam", "sparse_categorical_crossentropy")
base.fit(x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0), epochs=2, verbose=0)

feature_extractor = keras.Model(base.input, base.get_layer("features").output)
feature_extractor.trainable = False
model = keras.Sequential([feature_extractor, keras.layers.Dense(1, activation="sigmoid", name="new_head")])
model.build((None, 6))
model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
y = (x[:, :2].sum(axis=1) > 0).astype("float32")
before = feature_extractor.get_weights()
model.fit(x, y, epochs=3, verbose=0)
print("trainable and frozen:", len(model.trainable_weights), len(model.non_trainable_weights))
print("frozen stay:", all((a == b).all() for a, b in zip(before, feature_extractor.get_weights())))
feature_extractor.trainable = True
model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=2, verbose=0)
print("trainable and frozen:", len(model.trainable_weights), len(model.non_trainable_weights))
print("fine-tuned:", any((a != b).any() for a, b in zip(before, feature_extractor.get_weights())))
print("keys:", sorted(history.history))
