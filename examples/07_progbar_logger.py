"""ProgbarLogger: a bar on a terminal, one line an epoch everywhere else.

Run it with `python examples/07_progbar_logger.py`, and again with `| cat` behind it.
"""

from typing import Any

import minifit
from minifit import callbacks, datasets, layers


class Announce(callbacks.Callback):
    """Prints in the middle of everything: the bar makes room."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Say something."""
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
    print("\none in the list takes its place; by default it counts samples:")
    model.fit(x_train, y_train, batch_size=8, epochs=2, callbacks=[callbacks.ProgbarLogger()])
    print("\nverbose=2 is one line an epoch, verbose=0 nothing at all:")
    model.fit(x_train, y_train, epochs=2, verbose=2)
    print("\nevaluate and predict have bars, too:")
    model.evaluate(x_test, y_test)
    model.predict(x_test, verbose=1)


if __name__ == "__main__":
    main()
