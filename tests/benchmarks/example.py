"""A whole small process, for `cold.py`: `python -m tests.benchmarks.example LIBRARY [long]`.

The library is minifit, keras or tensorflow.keras. What is trained is the first example of the documentation of
tf.keras.callbacks, or something with more kinds of kernels that is told to run long.
"""

import sys
from importlib import import_module

import numpy as np

library = import_module(sys.argv[1])

if "long" in sys.argv:
    dense = library.layers.Dense
    model = library.Sequential([dense(32, activation="relu"), dense(10, activation="softmax")])
    model.compile(library.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.zeros((320, 64), np.float32), np.arange(320) % 10, epochs=2, verbose=0)
else:
    callback = library.callbacks.EarlyStopping(monitor="loss", patience=3)
    model = library.models.Sequential([library.layers.Dense(10)])
    model.compile(library.optimizers.SGD(), loss="mse")
    x, y = np.arange(100).reshape(5, 20), np.zeros(5)
    history = model.fit(x, y, epochs=10, batch_size=1, callbacks=[callback], verbose=0)
    print(len(history.history["loss"]))
