"""Batches: each step takes a few rows, and each epoch takes all of them in a new order."""

import numpy as np


def batches(x, y, size, rng):
    """Yield batches of `size` rows in random order; the last batch may be smaller."""
    order = rng.permutation(len(x))
    for begin in range(0, len(x), size):
        rows = order[begin : begin + size]
        yield x[rows], y[rows]


rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 1))
y = x**2
w, b = np.zeros((1, 1)), np.zeros(1)
rate = 0.2

for epoch in range(5):
    for batch_x, batch_y in batches(x, y, 32, rng):
        error = batch_x @ w + b - batch_y
        loss = np.mean(error**2)
        dy = 2 * error / error.size
        w -= rate * (batch_x.T @ dy)
        b -= rate * dy.sum(axis=0)
    print(f"epoch {epoch}: loss {loss:.4f} of the last batch, which has {len(batch_x)} rows")
