"""A pipeline of tf.data: generator, map, filter, cache, shuffle, batch and prefetch into fit and evaluate."""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(5)
table = {
    "age": rng.uniform(20, 60, 300).astype("float32"),
    "height": rng.uniform(150, 200, 300).astype("float32"),
}
label = (table["age"] + table["height"] > 215).astype("int64")


def preprocess(features, label):
    x = tf.stack([features["age"] / 60.0, features["height"] / 200.0])
    return x, tf.cast(label, tf.float32)


dataset = tf.data.Dataset.from_tensor_slices((table, label))
print("elements:", dataset.cardinality().numpy(), sorted(dataset.element_spec[0]))
train = dataset.take(240).map(preprocess, num_parallel_calls=tf.data.AUTOTUNE)
train = train.cache().shuffle(240).batch(32).prefetch(tf.data.AUTOTUNE)
valid = dataset.skip(240).map(preprocess).batch(32)
print("batches:", len(train), len(valid))
for x, y in train.take(1):
    print("batch:", x.shape, y.shape, x.dtype == tf.float32)

model = tf.keras.Sequential(
    [tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1, activation="sigmoid")]
)
model.compile(tf.keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=10, validation_data=valid, verbose=0)
print("history:", {name: len(v) for name, v in sorted(history.history.items())})
print("steps:", history.params["steps"])
endless = train.repeat()
history = model.fit(endless, epochs=2, steps_per_epoch=3, verbose=0)
print("endless:", len(history.history["loss"]), history.params["steps"])
print("predictions:", model.predict(valid).shape)
print("evaluation:", len(model.evaluate(valid, verbose=0)))


def numbers():
    for i in range(7):
        yield i, [i] * 2


generated = tf.data.Dataset.from_generator(
    numbers,
    output_signature=(tf.TensorSpec(shape=(), dtype=tf.int64), tf.TensorSpec(shape=(2,), dtype=tf.float32)),
)
for i, row in generated.filter(lambda i, row: i % 2 == 0).batch(3):
    print("generated:", i.numpy().tolist(), row.numpy().sum(axis=1).tolist())
windows = tf.data.Dataset.range(6).window(3, shift=1, drop_remainder=True)
windows = windows.flat_map(lambda w: w.batch(3)).map(lambda w: (w[:-1], w[-1]))
print("windows:", [(a.tolist(), int(b)) for a, b in windows.as_numpy_iterator()])
padded = tf.data.Dataset.range(1, 4).map(lambda n: tf.range(n)).padded_batch(3)
print("padded:", [batch.tolist() for batch in padded.as_numpy_iterator()])
print("sum:", int(tf.data.Dataset.range(5).reduce(np.int64(0), lambda s, n: s + n)))
