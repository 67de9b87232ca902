"""Train a small network on 1,797 handwritten digits, with a custom callback.

Run it with `make run`, or `python examples/quickstart.py`.
"""

from typing import Any

import numpy as np

import minifit
from minifit import callbacks, datasets, layers


class Confusions(callbacks.Callback):
    """A callback that prints the digits that the model confuses most often, after training."""

    def __init__(self, images: Any, labels: Any, most: int = 3) -> None:
        self.images, self.labels, self.most = images, labels, most

    def on_train_end(self, logs: Any = None) -> None:
        """Count the pairs of a true digit and a different prediction."""
        predicted = self.model.predict(self.images).argmax(axis=1)
        table = np.zeros((10, 10), int)
        np.add.at(table, (self.labels, predicted), 1)
        np.fill_diagonal(table, 0)
        for place in table.argsort(axis=None)[::-1][: self.most]:
            true, guess = divmod(int(place), 10)
            times = int(table[true, guess])
            if times:
                print(f"  {true} was read as {guess}: {times} time{'s' * (times > 1)}")


def picture(image: Any) -> str:
    """Return a digit drawn with characters."""
    shades = " .:-=+*#%@"
    return "\n".join("  " + "".join(shades[min(int(v) * 10 // 17, 9)] * 2 for v in row) for row in image)


def main() -> float:
    """Train, and return the accuracy on unseen digits."""
    minifit.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    print(
        f"{len(x_train)} digits to train on, {len(x_test)} to validate on. The first one is a {y_train[0]}:"
    )
    print(picture(x_train[0]))

    model = minifit.Sequential(
        [
            layers.Flatten(input_shape=(8, 8)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=minifit.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.summary()
    model.fit(
        x_train / 16,
        y_train,
        epochs=30,
        validation_data=(x_test / 16, y_test),
        callbacks=[
            callbacks.EarlyStopping(monitor="val_accuracy", patience=8, restore_best_weights=True, verbose=1),
            Confusions(x_test / 16, y_test),
        ],
    )
    _, accuracy = model.evaluate(x_test / 16, y_test, verbose=0)
    print(f"Validation accuracy: {accuracy:.1%}")
    return float(accuracy)


if __name__ == "__main__":
    main()
