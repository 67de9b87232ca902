"""History: every fit returns one. It keeps what each epoch logged, can be pickled, and draws its own curves.

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
print(f"{len(history.epoch)} epochs in {history.params['steps']} steps each were trained.")
for key, values in history.history.items():
    print(
        f"  {key:12s} first {values[0]:.3f}, at the lowest val_loss {values[best]:.3f}, last {values[-1]:.3f}"
    )

stored = pickle.dumps(history)  # without the model: small, and readable wherever minifit is
again = pickle.loads(stored)
again.plot("history.png")
print(f"{len(stored):,} bytes hold all of it. The curves are in {Path('history.png').resolve()}.")
