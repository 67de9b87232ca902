"""LearningRateScheduler: a learning rate for every epoch, here a warm-up followed by cosine decay.

Run it with `python examples/02_learning_rate_scheduler.py`.
"""

import math

import minifit
from minifit import callbacks, datasets, layers

EPOCHS, WARM_UP, HIGHEST = 20, 4, 0.5


def schedule(epoch: int, lr: float) -> float:
    """Return the rate of an epoch, counted from 0; `lr`, the current rate, is not needed here."""
    if epoch < WARM_UP:
        return HIGHEST * (epoch + 1) / WARM_UP
    return HIGHEST / 2 * (1 + math.cos(math.pi * (epoch - WARM_UP) / (EPOCHS - WARM_UP)))


minifit.utils.set_random_seed(1)
(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()

model = minifit.Sequential(
    [
        layers.Flatten(input_shape=(8, 8)),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train / 16,
    y_train,
    epochs=EPOCHS,
    validation_data=(x_test / 16, y_test),
    callbacks=[callbacks.LearningRateScheduler(schedule)],
    verbose=0,
).history

print("epoch   lr                                  validation accuracy")
for epoch, (rate, accuracy) in enumerate(zip(history["lr"], history["val_accuracy"], strict=True)):
    bar = "#" * round(rate / HIGHEST * 24)
    print(f"  {epoch + 1:2d}   {rate:.3f} {bar:24s}   {accuracy:.1%}")
