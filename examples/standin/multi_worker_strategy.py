"""MultiWorkerMirroredStrategy, files of the chief and of the others, and a backup, as in the tutorial of many workers."""

import os
import tempfile

os.environ.pop("TF_CONFIG", None)

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(7)
centres = rng.normal(0, 1, (3, 5))
labels = rng.randint(0, 3, 120)
points = (centres[labels] + rng.normal(0, 0.2, (120, 5))).astype("float32")

strategy = tf.distribute.MultiWorkerMirroredStrategy()
per_worker_batch_size = 16
global_batch_size = per_worker_batch_size * strategy.num_replicas_in_sync


def points_dataset(batch_size):
    dataset = tf.data.Dataset.from_tensor_slices((points, labels.astype(np.int64)))
    return dataset.shuffle(120).repeat().batch(batch_size)


def build_and_compile_model():
    model = tf.keras.Sequential(
        [
            tf.keras.Input(shape=(5,)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(3),
        ]
    )
    model.compile(
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=tf.keras.optimizers.SGD(learning_rate=0.1),
        metrics=["accuracy"],
    )
    return model


multi_worker_dataset = points_dataset(global_batch_size)
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
dataset_no_auto_shard = multi_worker_dataset.with_options(options)

with strategy.scope():
    multi_worker_model = build_and_compile_model()
history = multi_worker_model.fit(multi_worker_dataset, epochs=3, steps_per_epoch=20, verbose=0)
print("history:", sorted(history.history), len(history.history["loss"]))

folder = tempfile.mkdtemp()
model_path = os.path.join(folder, "keras-model.h5")


def _is_chief(task_type, task_id):
    return (task_type == "worker" and task_id == 0) or task_type is None


def write_filepath(filepath, task_type, task_id):
    dirpath, base = os.path.dirname(filepath), os.path.basename(filepath)
    if not _is_chief(task_type, task_id):
        dirpath = os.path.join(dirpath, "workertemp_" + str(task_id))
        tf.io.gfile.makedirs(dirpath)
    return os.path.join(dirpath, base)


task_type, task_id = strategy.cluster_resolver.task_type, strategy.cluster_resolver.task_id
write_model_path = write_filepath(model_path, task_type, task_id)
multi_worker_model.save(write_model_path)
if not _is_chief(task_type, task_id):
    tf.io.gfile.rmtree(os.path.dirname(write_model_path))
loaded_model = tf.keras.models.load_model(model_path)
loaded_model.fit(points_dataset(16), epochs=2, steps_per_epoch=20, verbose=0)
print("chief:", _is_chief(task_type, task_id), "iterations:", int(loaded_model.optimizer.iterations))

checkpoint_dir = os.path.join(folder, "ckpt")
checkpoint = tf.train.Checkpoint(model=multi_worker_model)
write_checkpoint_dir = write_filepath(checkpoint_dir, task_type, task_id)
checkpoint_manager = tf.train.CheckpointManager(checkpoint, directory=write_checkpoint_dir, max_to_keep=1)
checkpoint_manager.save()
checkpoint.restore(tf.train.latest_checkpoint(checkpoint_dir))
multi_worker_model.fit(multi_worker_dataset, epochs=2, steps_per_epoch=20, verbose=0)

backup_dir = os.path.join(folder, "backup")
callbacks = [tf.keras.callbacks.experimental.BackupAndRestore(backup_dir=backup_dir)]
with strategy.scope():
    multi_worker_model = build_and_compile_model()
history = multi_worker_model.fit(
    multi_worker_dataset, epochs=3, steps_per_epoch=20, callbacks=callbacks, verbose=0
)
loss, accuracy = multi_worker_model.evaluate(points, labels, verbose=0)
print("epochs:", history.epoch, "accuracy above 0.9:", accuracy > 0.9)
