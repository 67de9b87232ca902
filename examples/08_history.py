"""History: every fit returns one. It holds the logs of each epoch, can be pickled, and draws its curves.

Run it with `python examples/08_history.py`; it needs matplotlib (`pip install minifit-training[plot]`).
"""

import pickle
from pathlib import Path

import numpy as np

import minifit
from minifit import datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

model = minifit.Sequential(
    [
        layers.Flatten(input_shape=(8, 8)),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(minifit.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train[:300] / 16, y_train[:300], epochs=30, validation_data=(x_test / 16, y_test), verbose=0
)

best = int(np.argmin(history.history["val_loss"]))
print(f"Trained {len(history.epoch)} epochs of {history.params['steps']} steps.")
for key, values in history.history.items():
    print(
        f"  {key:12s} first {values[0]:.3f}, at the lowest val_loss {values[best]:.3f}, last {values[-1]:.3f}"
    )

# The pickle does not contain the model: it is small, and needs only minifit to be read.
stored = pickle.dumps(history)
again = pickle.loads(stored)
again.plot("history.png")
print(f"The pickled history has {len(stored):,} bytes. The curves are in {Path('history.png').resolve()}.")
