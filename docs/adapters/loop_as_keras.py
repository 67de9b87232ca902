"""A bare NumPy loop under the names of Keras, for ``python -m minifit.semantics play loop_as_keras``.

The smallest adapter there is: copy it, and say in `fit` how your framework trains and which hooks it calls.
"""

import numpy as np

from minifit.semantics.adapter import Callback, Input, Model, Relay, history_of, layers, optimizers

__all__ = ["Input", "Sequential", "callbacks", "layers", "optimizers"]

cannot_be_asked = {"PB": "the loop prints nothing", "DATA": "the loop has no Sequence"}


class Sequential(Model):
    """One dense layer without a bias."""

    def build(self, dense):
        ((inputs, units, _, _),) = dense
        return np.zeros((inputs, units), np.float32)

    def arrays(self):
        return [self.module]

    def fit(self, x, y, epochs, callbacks, batch_size=32, shuffle=False, verbose=0):
        self.stop_training = False
        relays, rows = [Relay(callback, self) for callback in callbacks], []
        for relay in relays:
            relay.edge("train", "begin", {})
        for epoch in range(epochs):
            for relay in relays:
                relay.edge("epoch", "begin", epoch, {})
            for begin in range(0, len(x), batch_size):
                batch = slice(begin, begin + batch_size)
                for relay in relays:
                    relay.batch("train", "begin", {})
                error = x[batch] @ self.module - y[batch]
                self.module -= self.optimizer.learning_rate * 2 * x[batch].T @ error / len(error)
                logs = {"loss": float(np.mean(error**2))}
                for relay in relays:
                    relay.batch("train", "end", logs)
            rows.append(logs)
            for relay in relays:
                relay.epoch_end(epoch, logs)
            if self.stop_training:
                break
        for relay in relays:
            relay.edge("train", "end", {})
        return history_of(rows)


class callbacks:
    Callback = Callback
