"""One training by several processes: each takes its share of every batch, and all end with the same weights.

Run it with `python examples/15_workers.py`, or with `mpiexec -n 2 python examples/15_workers.py`: the numbers are the
same but for rounding. With the name of a folder behind it the files are kept there, and a run that was killed goes on
when it is started again.
"""

import csv
import os
import sys
import tempfile

from minifit import Sequential, callbacks, datasets, distribute, layers, utils


def train(folder: str) -> None:
    """Train on the digits; `folder` is one that all workers see."""
    utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

    # What is built and compiled in the scope is trained by all workers. The rest of the program needs no change.
    strategy = distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = Sequential(
            [
                layers.Flatten(input_shape=(8, 8)),
                # a bias in front of the normalization would have no gradient but rounding errors
                layers.Dense(64, use_bias=False),
                layers.BatchNormalization(),
                layers.Activation("relu"),
                layers.Dropout(0.2),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    rows, weights = os.path.join(folder, "rows.csv"), os.path.join(folder, "best.weights.h5")
    model.fit(
        x_train / 16,
        y_train,
        batch_size=64,  # of all workers together
        epochs=8,
        verbose=0,
        validation_data=(x_test / 16, y_test),
        callbacks=[  # they run on every worker; the chief writes the files
            callbacks.BackupAndRestore(os.path.join(folder, "backup"), save_freq=10),
            callbacks.ModelCheckpoint(
                weights, monitor="val_loss", save_best_only=True, save_weights_only=True
            ),
            callbacks.CSVLogger(rows, append=True),
        ],
    )
    loss, accuracy = model.evaluate(x_test / 16, y_test, verbose=0)  # all workers call it

    if strategy.cluster_resolver.task_id == 0:  # the chief
        count = strategy.num_replicas_in_sync
        print(f"{count} worker{'s' * (count > 1)}")
        with open(rows, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                epoch, numbers = row.pop("epoch"), "  ".join(f"{k} {float(v):.4f}" for k, v in row.items())
                print(f"  epoch {int(epoch) + 1}: {numbers}")
        print(f"Loss {loss:.4f} and accuracy {accuracy:.1%} on digits that it has not seen.")
        print(f"The best weights have {os.path.getsize(weights):,} bytes.")


def main() -> None:
    """Train with files in the folder that was named, or in one that is there for this run."""
    if len(sys.argv) > 1:
        os.makedirs(sys.argv[1], exist_ok=True)
        train(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        train(folder)


if __name__ == "__main__":
    main()
