"""A loop: fit a straight line by gradient descent."""

import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 1))
y = x**2
w, b = np.zeros((1, 1)), np.zeros(1)
rate = 0.2

for epoch in range(5):
    error = x @ w + b - y
    loss = np.mean(error**2)
    dy = 2 * error / error.size
    w -= rate * (x.T @ dy)
    b -= rate * dy.sum(axis=0)
    print(f"epoch {epoch}: loss {loss:.4f}")
