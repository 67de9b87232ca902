"""Metrics: the mean of an epoch is the mean over its rows, not over its batches."""

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


class Mean:
    """The mean over all rows added since the last reset."""

    def reset(self):
        self.total, self.rows = 0.0, 0

    def add(self, value, rows):
        self.total += value * rows
        self.rows += rows

    def result(self):
        return self.total / self.rows


class Model:
    """Layers applied one after the other, and the metrics that measure them."""

    def __init__(self, layers, rate):
        self.layers, self.rate = layers, rate
        self.weights = [weight for layer in layers for weight in (layer.w, layer.b)]
        self.metrics = {"loss": Mean(), "mae": Mean()}

    def __call__(self, x):
        x = Tensor(x)
        for layer in self.layers:
            x = layer(x)
        return x

    def step(self, x, y):
        """Update the metrics, then the weights."""
        output = self.differentiate(x, y)
        self.update_metrics(output, y)
        for weight in self.weights:
            weight.value -= self.rate * weight.grad
            weight.grad = None

    def differentiate(self, x, y):
        """Store the gradients in the weights; return the output."""
        output = self(x)
        mean_squared_error(y, output).backward()
        return output

    def update_metrics(self, output, y):
        """Add a batch to the metrics."""
        self.metrics["loss"].add(mean_squared_error(y, output).value, len(y))
        self.metrics["mae"].add(np.mean(np.abs(output.value - y)), len(y))

    def reset(self):
        """Reset the metrics."""
        for metric in self.metrics.values():
            metric.reset()


rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, (200, 1))
y = x**2
model = Model([Dense(1, 16, rng, relu=True), Dense(16, 1, rng)], rate=0.2)

for epoch in range(5):
    model.reset()
    for batch_x, batch_y in batches(x, y, 32, rng):
        model.step(batch_x, batch_y)
    loss, mae = (metric.result() for metric in model.metrics.values())
    print(f"epoch {epoch}: loss {loss:.4f}, mae {mae:.4f}")
