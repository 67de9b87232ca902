"""A training loop by hand with GradientTape, metrics and a decorated step, as in Keras's guide."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

rng = np.random.RandomState(4)
centres = rng.normal(0, 2, (3, 5))
y_all = rng.randint(0, 3, 240)
x_all = (centres[y_all] + rng.normal(0, 0.5, (240, 5))).astype("float32")

inputs = keras.Input(shape=(5,), name="points")
x1 = keras.layers.Dense(16, activation="relu")(inputs)
outputs = keras.layers.Dense(3, name="predictions")(x1)
model = keras.Model(inputs=inputs, outputs=outputs)

optimizer = keras.optimizers.SGD(learning_rate=0.1)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_acc_metric = keras.metrics.SparseCategoricalAccuracy()
val_acc_metric = keras.metrics.SparseCategoricalAccuracy()
train_dataset = tf.data.Dataset.from_tensor_slices((x_all[:192], y_all[:192]))
train_dataset = train_dataset.shuffle(buffer_size=1024).batch(32)
val_dataset = tf.data.Dataset.from_tensor_slices((x_all[192:], y_all[192:])).batch(32)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss_value = loss_fn(y, logits)
    grads = tape.gradient(loss_value, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    train_acc_metric.update_state(y, logits)
    return loss_value


@tf.function
def test_step(x, y):
    val_acc_metric.update_state(y, model(x, training=False))


steps, losses = 0, []
for epoch in range(6):
    for step, (x_batch_train, y_batch_train) in enumerate(train_dataset):
        losses.append(float(train_step(x_batch_train, y_batch_train)))
        steps += 1
    train_acc = train_acc_metric.result()
    train_acc_metric.reset_states()
    for x_batch_val, y_batch_val in val_dataset:
        test_step(x_batch_val, y_batch_val)
    val_acc = val_acc_metric.result()
    val_acc_metric.reset_states()
print("steps:", steps, "iterations:", int(optimizer.iterations))
print("loss falls:", losses[-1] < losses[0])
print("accuracies above 0.9:", float(train_acc) > 0.9, float(val_acc) > 0.9)
print("reset:", float(train_acc_metric.result()))
print("weights:", [w.shape.as_list() if hasattr(w.shape, "as_list") else list(w.shape) for w in model.weights])
