"""Your own callback: this one draws the weights of a layer during training.

A layer of ten units reads the 64 pixels of a digit; the weights of each unit are an image of the digit it recognizes.
Run it with `python examples/11_your_own_callback.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import minifit
from minifit import callbacks, datasets, layers

SHADES = " .:-=+*#%@"


class DrawWeights(callbacks.Callback):
    """A callback that draws the kernel of a layer, unit by unit, and prints its range and its change.

    Parameters
    ----------
    layer : str
        The name of the layer.
    units : sequence of int
        The units to draw.
    epochs : sequence of int
        The epochs after which to draw, counted from 1.
    shape : tuple of int
        Rows and columns of the inputs.
    """

    def __init__(
        self, layer: str, units: Sequence[int], epochs: Sequence[int], shape: tuple[int, int]
    ) -> None:
        self.layer, self.units, self.epochs, self.shape = layer, units, epochs, shape

    def on_train_begin(self, logs: Any = None) -> None:
        """Record the initial weights."""
        self.before = self.kernel()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draw the units, if this is one of the epochs."""
        if epoch + 1 not in self.epochs:
            return
        kernel = self.kernel()
        print(
            f"\nepoch {epoch + 1}: validation accuracy {logs['val_accuracy']:.1%}; weights from {kernel.min():+.2f} to "
            f"{kernel.max():+.2f}, standard deviation {kernel.std():.2f}, moved by "
            f"{np.linalg.norm(kernel - self.before):.2f} since the last drawing"
        )
        pictures = [self.picture(kernel[:, unit], kernel.max()) for unit in self.units]
        print("\n".join(" | ".join(rows) for rows in zip(*pictures, strict=True)))
        self.before = kernel

    def kernel(self) -> Any:
        """Return the layer's weights, of shape (inputs, units)."""
        return self.model.get_layer(self.layer).get_weights()[0]

    def picture(self, weights: Any, largest: float) -> list[str]:
        """Return the weights of a unit as characters: darker for larger ones, blank for negative ones."""
        levels = (np.clip(weights / largest, 0, 1) * (len(SHADES) - 1)).round().astype(int)
        return ["".join(SHADES[level] * 2 for level in row) for row in levels.reshape(self.shape)]


minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
model = minifit.Sequential(
    [
        layers.Flatten(input_shape=(8, 8)),
        layers.Dense(10, activation="softmax", kernel_initializer="zeros", name="templates"),
    ]
)
model.compile(minifit.optimizers.Adam(0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
digits = (0, 1, 3, 7)
print(f"Weights of the units for the digits {', '.join(map(str, digits))}:")
model.fit(
    x_train / 16,
    y_train,
    epochs=20,
    validation_data=(x_test / 16, y_test),
    callbacks=[DrawWeights("templates", digits, epochs=(1, 5, 20), shape=(8, 8))],
    verbose=0,
)
