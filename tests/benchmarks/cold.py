"""The documentation's EarlyStopping example as one whole process, from an empty cache."""

import numpy as np

import minifit

callback = minifit.callbacks.EarlyStopping(monitor="loss", patience=3)
model = minifit.Sequential([minifit.layers.Dense(10)])
model.compile(minifit.optimizers.SGD(), loss="mse")
history = model.fit(
    np.arange(100).reshape(5, 20),
    np.zeros(5),
    epochs=10,
    batch_size=1,
    callbacks=[callback],
    verbose=0,
)
print(len(history.history["loss"]))
