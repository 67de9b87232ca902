"""EarlyStopping: stop when the validation loss no longer improves, and restore the weights of the best epoch.

Run it with `python examples/01_early_stopping.py`.
"""

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
# So few digits that the network soon overfits.
x_train, y_train = x_train[:300] / 16, y_train[:300]

model = minifit.Sequential(
    [
        layers.Flatten(input_shape=(8, 8)),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(minifit.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])

stopping = callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True, verbose=1)
history = model.fit(
    x_train, y_train, epochs=200, validation_data=(x_test / 16, y_test), callbacks=[stopping], verbose=0
)

print(f"\nTrained {len(history.epoch)} of 200 epochs. Validation loss of the last ones:")
for epoch in history.epoch[-8:]:
    mark = "  <- the best, restored" if epoch == stopping.best_epoch else ""
    print(f"  epoch {epoch + 1:2d}: {history.history['val_loss'][epoch]:.4f}{mark}")
loss, accuracy = model.evaluate(x_test / 16, y_test, verbose=0)
print(f"The model has the weights of the best epoch: validation loss {loss:.4f}, accuracy {accuracy:.1%}.")
