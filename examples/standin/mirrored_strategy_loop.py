"""A training loop by hand on MirroredStrategy, as in the tutorial of custom training."""

import os
import tempfile

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(6)
centres = rng.normal(0, 2, (3, 6))
labels = rng.randint(0, 3, 200)
images = (centres[labels] + rng.normal(0, 0.5, (200, 6))).astype("float32")
train_images, train_labels = images[:150], labels[:150]
test_images, test_labels = images[150:], labels[150:]

strategy = tf.distribute.MirroredStrategy()
print("Number of devices: {}".format(strategy.num_replicas_in_sync))

BUFFER_SIZE = len(train_images)
BATCH_SIZE_PER_REPLICA = 32
GLOBAL_BATCH_SIZE = BATCH_SIZE_PER_REPLICA * strategy.num_replicas_in_sync
EPOCHS = 8

train_dataset = tf.data.Dataset.from_tensor_slices((train_images, train_labels))
train_dataset = train_dataset.shuffle(BUFFER_SIZE).batch(GLOBAL_BATCH_SIZE)
test_dataset = tf.data.Dataset.from_tensor_slices((test_images, test_labels)).batch(GLOBAL_BATCH_SIZE)
train_dist_dataset = strategy.experimental_distribute_dataset(train_dataset)
test_dist_dataset = strategy.experimental_distribute_dataset(test_dataset)


def create_model():
    return tf.keras.Sequential(
        [
            tf.keras.layers.Dense(16, activation="relu", kernel_regularizer=tf.keras.regularizers.l2(1e-4)),
            tf.keras.layers.Dense(3),
        ]
    )


checkpoint_prefix = os.path.join(tempfile.mkdtemp(), "ckpt")

with strategy.scope():
    loss_object = tf.keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=tf.keras.losses.Reduction.NONE
    )

    def compute_loss(labels, predictions):
        per_example_loss = loss_object(labels, predictions)
        loss = tf.nn.compute_average_loss(per_example_loss, global_batch_size=GLOBAL_BATCH_SIZE)
        return loss + tf.nn.scale_regularization_loss(model.losses)

    test_loss = tf.keras.metrics.Mean(name="test_loss")
    train_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
    test_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")
    model = create_model()
    optimizer = tf.keras.optimizers.Adam(0.02)
    checkpoint = tf.train.Checkpoint(optimizer=optimizer, model=model)


def train_step(inputs):
    images, labels = inputs
    with tf.GradientTape() as tape:
        predictions = model(images, training=True)
        loss = compute_loss(labels, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_accuracy.update_state(labels, predictions)
    return loss


def test_step(inputs):
    images, labels = inputs
    predictions = model(images, training=False)
    t_loss = loss_object(labels, predictions)
    test_loss.update_state(t_loss)
    test_accuracy.update_state(labels, predictions)


@tf.function
def distributed_train_step(dataset_inputs):
    per_replica_losses = strategy.run(train_step, args=(dataset_inputs,))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, per_replica_losses, axis=None)


@tf.function
def distributed_test_step(dataset_inputs):
    return strategy.run(test_step, args=(dataset_inputs,))


losses = []
for epoch in range(EPOCHS):
    total_loss = 0.0
    num_batches = 0
    for x in train_dist_dataset:
        total_loss += distributed_train_step(x)
        num_batches += 1
    losses.append(float(total_loss / num_batches))
    for x in test_dist_dataset:
        distributed_test_step(x)
    if epoch % 2 == 0:
        checkpoint.save(checkpoint_prefix)
    accuracies = float(train_accuracy.result()), float(test_accuracy.result())
    seen = float(test_loss.result())
    test_loss.reset_states()
    train_accuracy.reset_states()
    test_accuracy.reset_states()
print("batches:", num_batches, "iterations:", int(optimizer.iterations.numpy()))
print("loss falls:", losses[-1] < losses[0], "accuracies above 0.9:", [a > 0.9 for a in accuracies])
print("test loss below 1:", seen < 1)

eval_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="eval_accuracy")
new_model = create_model()
new_model.build((None, 6))
new_optimizer = tf.keras.optimizers.Adam()
new_checkpoint = tf.train.Checkpoint(optimizer=new_optimizer, model=new_model)
new_checkpoint.restore(tf.train.latest_checkpoint(os.path.dirname(checkpoint_prefix)))
for images, labels in test_dataset:
    eval_accuracy(labels, new_model(images, training=False))
print("restored, without strategy, above 0.9:", float(eval_accuracy.result()) > 0.9)

total_loss = 0.0
train_iter = iter(train_dist_dataset)
for _ in range(3):
    total_loss += distributed_train_step(next(train_iter))
print("iterations:", int(optimizer.iterations.numpy()))
print("context:", tf.distribute.has_strategy(), tf.distribute.in_cross_replica_context())
