"""A tape: each tensor records how it was computed; the backward pass follows it."""

import numpy as np


def batches(x, y, size, rng):
    """Yield batches of `size` rows in random order; the last batch may be smaller."""
    order = rng.permutation(len(x))
    for begin in range(0, len(x), size):
        rows = order[begin : begin + size]
        yield x[rows], y[rows]


class Tensor:
    """An array, the tensors it was computed from, and the rule for their gradients."""

    def __init__(self, value, parents=(), rule=None):
        self.value, self.parents, self.rule, self.grad = value, parents, rule, None

    def backward(self, dy=1.0):
        """Add `dy` to the gradient of this tensor, and pass it on to the parents."""
        self.grad = dy if self.grad is None else self.grad + dy
        if self.rule is not None:
            for parent, grad in zip(self.parents, self.rule(dy), strict=True):
                parent.backward(grad)


def dense(x, w, b, relu):
    y = x.value @ w.value + b.value
    y = np.maximum(y, 0) if relu else y

    def rule(dy):
        dy = dy * (y > 0) if relu else dy
        return dy @ w.value.T, x.value.T @ dy, dy.sum(axis=0)

    return Tensor(y, (x, w, b), rule)


def mean_squared_error(y_true, y_pred):
    error = y_pred.value - y_true
    return Tensor(np.mean(error**2), (y_pred,), lambda dy: (dy * (2 * error / error.size),))


class Dense:
    """``x @ w + b``, followed by a ReLU if `relu` is true."""

    def __init__(self, inputs, units, rng, relu=False):
        limit = np.sqrt(6 / (inputs + units))
        self.w = Tensor(rng.uniform(-limit, limit, (inputs, units)))
        self.b = Tensor(np.zeros(units))
        self.relu = relu

    def __call__(self, x):
        return dense(x, self.w, self.b, self.relu)


class Model:
    """Layers applied one after the other."""

    def __init__(self, layers, rate):
        self.layers, self.rate = layers, rate
        self.weights = [weight for layer in layers for weight in (layer.w, layer.b)]

    def __call__(self, x):
        x = Tensor(x)
        for layer in self.layers:
            x = layer(x)
        return x

    def step(self, x, y):
        """Update the weights; return the loss before the update."""
        loss = mean_squared_error(y, self(x))
        loss.backward()
        for weight in self.weights:
            weight.value -= self.rate * weight.grad
            weight.grad = None
        return loss.value


rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 1))
y = x**2
model = Model([Dense(1, 16, rng, relu=True), Dense(16, 1, rng)], rate=0.2)

for epoch in range(5):
    for batch_x, batch_y in batches(x, y, 32, rng):
        loss = model.step(batch_x, batch_y)
    print(f"epoch {epoch}: loss {loss:.4f} of the last batch, which has {len(batch_x)} rows")
