"""TerminateOnNaN: no use in training on when the loss is not a number any more.

Run it with `python examples/10_terminate_on_nan.py`.
"""

import numpy as np

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), _ = datasets.digits.load_data()


def trained(learning_rate: float) -> minifit.callbacks.History:
    """Let a linear model say the digit as a number, by the squared error."""
    model = minifit.Sequential([layers.Flatten(input_shape=(8, 8)), layers.Dense(1)])
    model.compile(minifit.optimizers.SGD(learning_rate), loss="mse")
    return model.fit(x_train / 16, y_train, epochs=5, callbacks=[callbacks.TerminateOnNaN()], verbose=0)


for rate in (0.01, 0.3):
    print(f"learning rate {rate}:")
    history = trained(rate)
    losses = ", ".join(f"{loss:.3g}" for loss in history.history["loss"])
    print(f"  {len(history.epoch)} of 5 epochs, losses: {losses}")
    print(
        f"  {'All is well.' if np.isfinite(history.history['loss'][-1]) else 'Lower the rate, or look at the data.'}\n"
    )
