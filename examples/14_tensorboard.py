"""TensorBoard: curves, histograms, images, the graph and the projector.

A model learns sums modulo five from examples. Show its training with

    python examples/14_tensorboard.py logs
    pip install tensorboard
    tensorboard --logdir logs

On the projector page the numbers form five clusters, one for each remainder, although the model was never given it.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import minifit
from minifit import callbacks, layers

NUMBERS = 50

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)
labels = [f"{n}\t{n % 5}" for n in range(NUMBERS)]
(folder / "numbers.tsv").write_text("\n".join(["number\tremainder", *labels]) + "\n", encoding="utf-8")

minifit.utils.set_random_seed(0)
pairs = np.random.default_rng(0).integers(0, NUMBERS, (4000, 2))
model = minifit.Sequential(
    [
        layers.Embedding(NUMBERS, 8, input_length=2, name="numbers"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])


class Confusion(callbacks.Callback):
    """A callback that writes the confusion matrix of the remainders as an image."""

    def __init__(self, writer: minifit.summary.SummaryWriter) -> None:
        self.writer = writer

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the image."""
        matrix = np.zeros((5, 5))
        held_out = pairs[-800:]
        np.add.at(matrix, (held_out.sum(axis=1) % 5, self.model.predict(held_out).argmax(axis=1)), 1)
        self.writer.image(
            "confusion", (matrix / matrix.sum(axis=1, keepdims=True))[None, :, :, None], step=epoch
        )


with minifit.summary.create_file_writer(folder / "mine") as writer:
    board = callbacks.TensorBoard(
        folder,
        histogram_freq=2,
        write_images=True,
        write_steps_per_second=True,
        update_freq=10,
        profile_batch="20,22",
        embeddings_freq=5,
        embeddings_metadata={"numbers": "numbers.tsv"},
    )
    history = model.fit(
        pairs,
        pairs.sum(axis=1) % 5,
        epochs=16,
        validation_split=0.2,
        verbose=0,
        callbacks=[board, Confusion(writer)],
    )

print(f"Validation accuracy: {history.history['val_accuracy'][-1]:.1%}")
for file in sorted(path for path in folder.rglob("*") if path.is_file()):
    print(f"{file.stat().st_size:8,} bytes  {file.relative_to(folder).as_posix()}")
print(f"Open it with: tensorboard --logdir {folder}")
