"""A trained model of logits, with a Softmax put behind it, as in TensorFlow's tutorial on pictures of clothes."""

import numpy as np
import tensorflow as tf

class_names = ["shirt", "shoe", "bag"]
rng = np.random.RandomState(1)
patterns = rng.uniform(0, 1, (3, 6, 6))
labels = rng.randint(0, 3, 300)
images = patterns[labels] + rng.normal(0, 0.1, (300, 6, 6))

model = tf.keras.Sequential(
    [
        tf.keras.layers.Flatten(input_shape=(6, 6)),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(3),
    ]
)
model.compile(
    optimizer="adam",
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(images, labels, epochs=10, verbose=0)
test_loss, test_acc = model.evaluate(images, labels, verbose=0)
probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
predictions = probability_model.predict(images)
print("shape:", predictions.shape, predictions.dtype)
print("rows sum to one:", np.allclose(predictions.sum(axis=1), 1, atol=1e-5))
same = np.argmax(predictions, axis=1) == np.argmax(model.predict(images), axis=1)
print("as the logits:", bool(same.all()))
print("first:", class_names[np.argmax(predictions[0])] == class_names[labels[0]])
img = np.expand_dims(images[1], 0)
print("single:", probability_model.predict(img).shape)
print("accuracy above 0.95:", test_acc > 0.95)
