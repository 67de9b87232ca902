"""CSVLogger: a row in a file for every epoch; the file can be read during training and continued later.

Run it with `python examples/05_csv_logger.py`.
"""

import csv
import tempfile
from pathlib import Path

import minifit
from minifit import callbacks, datasets, layers


def main() -> None:
    """Log two trainings to one file, then plot its values."""
    minifit.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    model = minifit.Sequential(
        [
            layers.Flatten(input_shape=(8, 8)),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(minifit.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])

    with tempfile.TemporaryDirectory() as folder:
        # CSVLogger creates the folder
        file = Path(folder) / "runs" / "digits.csv"
        logger = callbacks.CSVLogger(file, append=True)
        # the second fit appends to the file of the first
        for epochs in (4, 4):
            model.fit(
                x_train / 16,
                y_train,
                epochs=epochs,
                validation_data=(x_test / 16, y_test),
                verbose=0,
                callbacks=[logger],
            )
        print(f"{file.name} begins with")
        for line in file.read_text().splitlines()[:3]:
            print(f"  {line}")
        with open(file, newline="") as opened:
            rows = list(csv.DictReader(opened))

    print("\nValidation accuracy, row by row:")
    for row in rows:
        accuracy = float(row["val_accuracy"])
        print(f"  epoch {row['epoch']} {'#' * round(50 * accuracy)} {accuracy:.1%}")


if __name__ == "__main__":
    main()
