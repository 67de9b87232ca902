"""ModelCheckpoint: save the best model of a training, and the weights after every fifth epoch.

Run it with `python examples/04_model_checkpoint.py`.
"""

import tempfile
from pathlib import Path

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
x_train, x_test = x_train / 16, x_test / 16

with tempfile.TemporaryDirectory() as folder:
    model = minifit.Sequential(
        [
            layers.Flatten(input_shape=(8, 8)),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(minifit.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    best = callbacks.ModelCheckpoint(
        Path(folder) / "best.h5", monitor="val_accuracy", mode="max", save_best_only=True
    )
    steps_per_epoch = -(-len(x_train) // 32)
    regular = callbacks.ModelCheckpoint(
        Path(folder) / "weights.{epoch:02d}-{loss:.3f}.h5",
        save_weights_only=True,
        save_freq=5 * steps_per_epoch,
    )
    history = model.fit(
        x_train,
        y_train,
        epochs=20,
        validation_data=(x_test, y_test),
        callbacks=[best, regular],
        verbose=0,
    ).history

    print("Files after training:")
    for file in sorted(Path(folder).iterdir()):
        print(f"  {file.name:24s} {file.stat().st_size:6d} bytes")
    print(
        f"\nValidation accuracy of the last epoch: {history['val_accuracy'][-1]:.2%}, of the best: {best.best:.2%}"
    )

    loaded = minifit.models.load_model(Path(folder) / "best.h5")
    print(f"Accuracy of the model in best.h5: {loaded.evaluate(x_test, y_test, verbose=0)[1]:.2%}")

    model.load_weights(next(Path(folder).glob("weights.05-*.h5")))
    print(f"Accuracy with the weights of epoch 5: {model.evaluate(x_test, y_test, verbose=0)[1]:.2%}")
