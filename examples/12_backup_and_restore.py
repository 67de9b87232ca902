"""BackupAndRestore: a run that is killed twice, restarted each time, and ends with the weights of an uninterrupted one.

Run it with `python examples/12_backup_and_restore.py`.
"""

import os
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from minifit import Sequential, callbacks, datasets, layers, utils


class Die(callbacks.Callback):
    """A callback that ends the process in the middle of an epoch, like kill -9 or a power failure."""

    def __init__(self, epoch: int) -> None:
        self.at = epoch
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Record the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End the process at batch 20 of the chosen epoch."""
        if (self.epoch, batch) == (self.at, 20):
            print(f"  ... killed in epoch {self.epoch + 1}, after batch {batch + 1}", flush=True)
            os._exit(1)


def train(folder: str, die_in: int) -> None:
    """Train with a backup after every 10 batches, and save the weights."""
    utils.set_random_seed(1)
    (x, y), _ = datasets.digits.load_data()
    model = Sequential(
        [layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", loss="sparse_categorical_crossentropy")
    history = model.fit(
        x.reshape(len(x), -1) / 16,
        y,
        epochs=6,
        verbose=0,
        callbacks=[
            callbacks.BackupAndRestore(os.path.join(folder, "backup"), save_freq=10),
            callbacks.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True),
            Die(die_in),
        ],
    )
    for epoch, loss in zip(history.epoch, history.history["loss"], strict=True):
        print(f"  epoch {epoch + 1}: loss {loss:.6f}")
    np.savez(os.path.join(folder, "weights.npz"), *model.get_weights())


def process(folder: str, die_in: int = -1) -> None:
    """Run `train` in a separate process."""
    subprocess.run([sys.executable, __file__, folder, str(die_in)], check=False)


def main() -> None:
    """Compare a run that is killed in epochs 2 and 4 with one that is not."""
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        print("An uninterrupted run:")
        process(whole)
        print("The same run, killed twice and restarted:")
        for die_in in (1, 3, -1):
            process(broken, die_in)
        with np.load(f"{whole}/weights.npz") as a, np.load(f"{broken}/weights.npz") as b:
            same = all((a[name] == b[name]).all() for name in a.files)
        print("The weights are the same, bit for bit." if same else "The weights differ!")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        train(sys.argv[1], int(sys.argv[2]))
    else:
        main()
