"""ProgbarLogger: a bar on a terminal, and one line per epoch everywhere else.

Run it with `python examples/07_progbar_logger.py`, then with `| cat` appended.
"""

from typing import Any

import minifit
from minifit import callbacks, datasets, layers


class Announce(callbacks.Callback):
    """A callback that prints a line at the end of each epoch; the bar is cleared for it."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the accuracy."""
        print(f"  a message of epoch {epoch + 1}: accuracy {logs['accuracy']:.1%}")


def main() -> None:
    """Count steps, then samples, then evaluate."""
    minifit.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    x_train, x_test = x_train / 16, x_test / 16
    model = minifit.Sequential(
        [
            layers.Flatten(input_shape=(8, 8)),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    print("fit adds a bar that counts steps:")
    model.fit(
        x_train, y_train, batch_size=2, epochs=3, validation_data=(x_test, y_test), callbacks=[Announce()]
    )
    print("\na ProgbarLogger in the list replaces it; by default it counts samples:")
    model.fit(x_train, y_train, batch_size=8, epochs=2, callbacks=[callbacks.ProgbarLogger()])
    print("\nverbose=2 prints one line per epoch, verbose=0 nothing:")
    model.fit(x_train, y_train, epochs=2, verbose=2)
    print("\nevaluate and predict have bars, too:")
    model.evaluate(x_test, y_test)
    model.predict(x_test, verbose=1)


if __name__ == "__main__":
    main()
