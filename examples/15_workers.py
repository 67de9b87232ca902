"""One training in several processes: each trains on its share of every batch, and all end with the same weights.

Run it with `python examples/15_workers.py`, or with `mpiexec -n 2 python examples/15_workers.py`: the numbers differ
only by rounding. Append the name of a folder to keep the files there; a run that was killed then resumes when it is
restarted.
"""

import csv
import os
import sys
import tempfile

from minifit import Sequential, callbacks, datasets, distribute, layers, utils


def train(folder: str) -> None:
    """Train on the digits; all workers must have access to `folder`."""
    utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

    # All workers train a model that is built and compiled in the scope. The rest of the program needs no change.
    strategy = distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = Sequential(
            [
                layers.Flatten(input_shape=(8, 8)),
                # without a bias: before a normalization its gradient would be nothing but rounding errors
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
        # of all workers together
        batch_size=64,
        epochs=8,
        verbose=0,
        validation_data=(x_test / 16, y_test),
        # callbacks run on every worker; the chief writes the files
        callbacks=[
            callbacks.BackupAndRestore(os.path.join(folder, "backup"), save_freq=10),
            callbacks.ModelCheckpoint(
                weights, monitor="val_loss", save_best_only=True, save_weights_only=True
            ),
            callbacks.CSVLogger(rows, append=True),
        ],
    )
    # all workers must call evaluate
    loss, accuracy = model.evaluate(x_test / 16, y_test, verbose=0)

    # only the chief prints
    if strategy.cluster_resolver.task_id == 0:
        count = strategy.num_replicas_in_sync
        print(f"{count} worker{'s' * (count > 1)}")
        with open(rows, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                epoch, numbers = row.pop("epoch"), "  ".join(f"{k} {float(v):.4f}" for k, v in row.items())
                print(f"  epoch {int(epoch) + 1}: {numbers}")
        print(f"Loss {loss:.4f} and accuracy {accuracy:.1%} on unseen digits.")
        print(f"The best weights have {os.path.getsize(weights):,} bytes.")


def main() -> None:
    """Train with files in the folder of the argument, or in a temporary one."""
    if len(sys.argv) > 1:
        os.makedirs(sys.argv[1], exist_ok=True)
        train(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        train(folder)


if __name__ == "__main__":
    main()
