"""TerminateOnNaN: stop training when the loss is NaN or infinite.

Run it with `python examples/10_terminate_on_nan.py`.
"""

import numpy as np

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), _ = datasets.digits.load_data()


def trained(learning_rate: float) -> minifit.callbacks.History:
    """Train a linear model that predicts the digit as a number, with the squared error."""
    model = minifit.Sequential([layers.Flatten(input_shape=(8, 8)), layers.Dense(1)])
    model.compile(minifit.optimizers.SGD(learning_rate), loss="mse")
    return model.fit(x_train / 16, y_train, epochs=5, callbacks=[callbacks.TerminateOnNaN()], verbose=0)


for rate in (0.01, 0.3):
    print(f"learning rate {rate}:")
    history = trained(rate)
    losses = ", ".join(f"{loss:.3g}" for loss in history.history["loss"])
    print(f"  {len(history.epoch)} of 5 epochs, losses: {losses}")
    finite = np.isfinite(history.history["loss"][-1])
    print(f"  {'The loss is finite.' if finite else 'Lower the rate, or check the data.'}\n")
