"""Layers: a model is a list of parts, each with a forward and a backward pass."""

import numpy as np


def batches(x, y, size, rng):
    """Yield batches of `size` rows in random order; the last batch may be smaller."""
    order = rng.permutation(len(x))
    for begin in range(0, len(x), size):
        rows = order[begin : begin + size]
        yield x[rows], y[rows]


class Dense:
    """``x @ w + b``, followed by a ReLU if `relu` is true."""

    def __init__(self, inputs, units, rng, relu=False):
        limit = np.sqrt(6 / (inputs + units))
        self.w, self.b = rng.uniform(-limit, limit, (inputs, units)), np.zeros(units)
        self.relu = relu

    def __call__(self, x):
        y = x @ self.w + self.b
        self.x, self.y = x, np.maximum(y, 0) if self.relu else y
        return self.y

    def backward(self, dy):
        dy = dy * (self.y > 0) if self.relu else dy
        self.dw, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.w.T


class Model:
    """Layers applied one after the other."""

    def __init__(self, layers, rate):
        self.layers, self.rate = layers, rate

    def step(self, x, y):
        """Update the weights; return the loss before the update."""
        for layer in self.layers:
            x = layer(x)
        error = x - y
        dy = 2 * error / error.size
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
            layer.w -= self.rate * layer.dw
            layer.b -= self.rate * layer.db
        return np.mean(error**2)


rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 1))
y = x**2
model = Model([Dense(1, 16, rng, relu=True), Dense(16, 1, rng)], rate=0.2)

for epoch in range(5):
    for batch_x, batch_y in batches(x, y, 32, rng):
        loss = model.step(batch_x, batch_y)
    print(f"epoch {epoch}: loss {loss:.4f} of the last batch, which has {len(batch_x)} rows")
