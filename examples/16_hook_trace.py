"""HookTrace: record the events of a fit, and show them as a table or as an HTML page:

python examples/16_hook_trace.py
python examples/16_hook_trace.py trace.html
"""

import sys
from typing import Any

from minifit import Sequential, callbacks, layers
from minifit.datasets import digits

(x, y), (x_test, y_test) = digits.load_data()
x, x_test = x / 16, x_test / 16


class Judge(callbacks.Callback):
    """A callback that writes the accuracy on the test data into the logs of every epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Evaluate; the trace shows this inside the hook."""
        logs["test_accuracy"] = self.model.evaluate(x_test, y_test, verbose=0)[1]


model = Sequential(
    [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

trace = callbacks.HookTrace()
model.fit(
    x,
    y,
    epochs=20,
    validation_split=0.1,
    verbose=0,
    callbacks=[
        trace,
        Judge(),
        callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=0.2),
        callbacks.EarlyStopping(monitor="val_loss", patience=2, min_delta=0.2),
    ],
)

if len(sys.argv) > 1:
    trace.html(sys.argv[1])
else:
    trace.table()
