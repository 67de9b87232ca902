"""LambdaCallback: a callback made of plain functions, for code that is too short to need a class.

Run it with `python examples/09_lambda_callback.py`.
"""

import minifit
from minifit import callbacks, datasets, layers

minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

model = minifit.Sequential(
    [
        layers.Flatten(input_shape=(8, 8)),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

# The running mean of the loss at every batch of the first epoch.
losses: list[float] = []
first_epoch_only = callbacks.LambdaCallback(
    on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]) if len(losses) == batch else None
)
a_line_every_second_epoch = callbacks.LambdaCallback(
    on_train_begin=lambda logs: print("epoch   accuracy   validation"),
    on_epoch_end=lambda epoch, logs: (
        print(f"   {epoch + 1:2d}      {logs['accuracy']:.1%}        {logs['val_accuracy']:.1%}")
        if epoch % 2
        else None
    ),
)


def stop_at_95_percent(epoch: int, logs: dict[str, float]) -> None:
    """Stop training when the validation accuracy is good enough."""
    if logs["val_accuracy"] >= 0.95:
        model.stop_training = True


stop_when_good_enough = callbacks.LambdaCallback(on_epoch_end=stop_at_95_percent)

model.fit(
    x_train / 16,
    y_train,
    epochs=40,
    validation_data=(x_test / 16, y_test),
    callbacks=[first_epoch_only, a_line_every_second_epoch, stop_when_good_enough],
    verbose=0,
)

print("\nLoss during the first epoch, at every fifth batch:")
for batch in range(0, len(losses), 5):
    print(f"  batch {batch + 1:2d}  {losses[batch]:.2f} {'#' * round(20 * losses[batch])}")
