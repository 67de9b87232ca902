"""EarlyStopping: stop when the validation loss no longer falls, and keep the weights of the best epoch.

Run it with `python examples/01_early_stopping.py`.
"""

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
x_train, y_train = x_train[:300] / 16, y_train[:300]  # few digits: the network will soon learn them by heart

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

print(f"\n{len(history.epoch)} of 200 epochs were trained. The validation loss of the last ones:")
for epoch in history.epoch[-8:]:
    mark = "  <- the best, restored" if epoch == stopping.best_epoch else ""
    print(f"  epoch {epoch + 1:2d}: {history.history['val_loss'][epoch]:.4f}{mark}")
loss, accuracy = model.evaluate(x_test / 16, y_test, verbose=0)
print(f"The model is that of the best epoch: its validation loss is {loss:.4f}, its accuracy {accuracy:.1%}.")
