"""ReduceLROnPlateau: a lower learning rate when the validation loss no longer improves.

Run it with `python examples/03_reduce_lr_on_plateau.py`.
"""

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

model = minifit.Sequential([layers.Flatten(input_shape=(8, 8)), layers.Dense(10, activation="softmax")])
# The rate is deliberately too high: the loss soon fluctuates instead of falling.
model.compile(minifit.optimizers.Adam(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
reducing = callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=3, min_lr=0.004, verbose=1)
history = model.fit(
    x_train / 16,
    y_train,
    epochs=30,
    validation_data=(x_test / 16, y_test),
    callbacks=[reducing],
    verbose=0,
).history

print("\nResults by learning rate:")
for rate in dict.fromkeys(history["lr"]):
    losses = [loss for lr, loss in zip(history["lr"], history["val_loss"], strict=True) if lr == rate]
    print(
        f"  lr {rate:.4f}: {len(losses):2d} epochs, best validation loss {min(losses):.4f}, worst {max(losses):.4f}"
    )
print(f"Validation accuracy at the end: {history['val_accuracy'][-1]:.1%}")
