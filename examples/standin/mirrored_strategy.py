"""A model made in the scope of MirroredStrategy, with callbacks, as in the tutorial of distributed training with Keras."""

import glob
import os
import tempfile

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(5)
centres = rng.normal(0, 1, (4, 8, 8, 1))
labels = rng.randint(0, 4, 160)
images = (centres[labels] * 40 + 128 + rng.normal(0, 8, (160, 8, 8, 1))).clip(0, 255).astype("uint8")

strategy = tf.distribute.MirroredStrategy()
print("Number of devices: {}".format(strategy.num_replicas_in_sync))

BUFFER_SIZE = 160
BATCH_SIZE_PER_REPLICA = 16
BATCH_SIZE = BATCH_SIZE_PER_REPLICA * strategy.num_replicas_in_sync


def scale(image, label):
    image = tf.cast(image, tf.float32)
    image /= 255
    return image, label


mnist_train = tf.data.Dataset.from_tensor_slices((images[:128], labels[:128]))
mnist_test = tf.data.Dataset.from_tensor_slices((images[128:], labels[128:]))
train_dataset = mnist_train.map(scale).cache().shuffle(BUFFER_SIZE).batch(BATCH_SIZE)
eval_dataset = mnist_test.map(scale).batch(BATCH_SIZE)

with strategy.scope():
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Flatten(input_shape=(8, 8, 1)),
            tf.keras.layers.Dense(32, activation="relu"),
            tf.keras.layers.Dense(4),
        ]
    )
    model.compile(
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=tf.keras.optimizers.Adam(learning_rate=0.001),
        metrics=["accuracy"],
    )

folder = tempfile.mkdtemp()
checkpoint_dir = os.path.join(folder, "training_checkpoints")
checkpoint_prefix = os.path.join(checkpoint_dir, "ckpt_{epoch}")


def decay(epoch):
    if epoch < 3:
        return 1e-2
    elif epoch >= 3 and epoch < 7:
        return 1e-3
    else:
        return 1e-4


class PrintLR(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("Learning rate for epoch {} is {:.4f}".format(epoch + 1, float(model.optimizer.lr.numpy())))


callbacks = [
    tf.keras.callbacks.TensorBoard(log_dir=os.path.join(folder, "logs"), profile_batch=0),
    tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_prefix, save_weights_only=True),
    tf.keras.callbacks.LearningRateScheduler(decay),
    PrintLR(),
]

EPOCHS = 9
history = model.fit(train_dataset, epochs=EPOCHS, callbacks=callbacks, verbose=0)
print("history:", sorted(history.history), len(history.history["loss"]))
print("event files:", len(glob.glob(os.path.join(folder, "logs", "train", "events.out.tfevents.*.v2"))))
latest = tf.train.latest_checkpoint(checkpoint_dir)
print("latest checkpoint:", os.path.basename(latest))

model.load_weights(latest)
eval_loss, eval_acc = model.evaluate(eval_dataset, verbose=0)
print("accuracy above 0.9:", eval_acc > 0.9)

path = os.path.join(folder, "saved_model.h5")
model.save(path)
unreplicated_model = tf.keras.models.load_model(path)
unreplicated = unreplicated_model.evaluate(eval_dataset, verbose=0)
with strategy.scope():
    replicated_model = tf.keras.models.load_model(path)
    replicated = replicated_model.evaluate(eval_dataset, verbose=0)
print("the same without the scope:", bool(np.allclose(unreplicated, replicated, rtol=1e-4)))
