"""Topics of texts from bags of words, as in the book's example on news: vectors of ones, a held-back part, counts."""

import numpy as np
from tensorflow.keras import layers, models

rng = np.random.RandomState(2)
TOPICS, WORDS = 4, 120
favourites = [rng.choice(WORDS, 15, replace=False) for _ in range(TOPICS)]
labels = rng.randint(0, TOPICS, 400)
texts = [list(rng.choice(favourites[k], 8)) + list(rng.randint(0, WORDS, 4)) for k in labels]


def vectorize_sequences(sequences, dimension=WORDS):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


x = vectorize_sequences(texts)
x_val, partial_x = x[:100], x[100:]
y_val, partial_y = labels[:100], labels[100:]

model = models.Sequential()
model.add(layers.Dense(32, activation="relu", input_shape=(WORDS,)))
model.add(layers.Dense(32, activation="relu"))
model.add(layers.Dense(TOPICS, activation="softmax"))
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["acc"])
history = model.fit(partial_x, partial_y, epochs=12, batch_size=64, validation_data=(x_val, y_val), verbose=0)
history_dict = history.history
print("keys:", sorted(history_dict.keys()))
print("epochs:", list(history.epoch))
print("validation accuracy above 0.8:", history_dict["val_acc"][-1] > 0.8)
print("predictions:", model.predict(x_val).shape)
print("layers:", [layer.output_shape for layer in model.layers])
