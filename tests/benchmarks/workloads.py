"""The workloads, and one process that measures one implementation on one of them.

    python -m tests.benchmarks.workloads minifit digits 2.0

prints the median time of a training step in microseconds: plain SGD, float32, shuffled, in a steady state.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Workload(NamedTuple):
    """Sizes of the data, the layers and the batch; the loss is "mse" or "classes"."""

    samples: int
    sizes: tuple[int, ...]
    batch: int
    loss: str


WORKLOADS = {
    "seed": Workload(1000, (20, 10), 1, "mse"),
    "tiny": Workload(32000, (2, 16, 1), 32, "mse"),
    "digits": Workload(32000, (64, 32, 10), 32, "classes"),
    "mnist": Workload(32000, (784, 128, 10), 32, "classes"),
    "mnist256": Workload(60000, (784, 512, 512, 10), 256, "classes"),
    "wide": Workload(16384, (1024, 2048, 2048, 10), 1024, "classes"),
}


def data_of(w: Workload) -> tuple[Floats, NDArray[Any]]:
    """Random inputs and targets."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((w.samples, w.sizes[0]), np.float32)
    if w.loss == "mse":
        return x, rng.standard_normal((w.samples, w.sizes[-1]), np.float32)
    return x, rng.integers(0, w.sizes[-1], w.samples)


def epochs_of_numpy(w: Workload) -> Callable[[], None]:
    """The loop that a careful person writes by hand in NumPy."""
    x, y = data_of(w)
    rng = np.random.default_rng(0)
    pairs = list(zip(w.sizes, w.sizes[1:], strict=False))
    kernels = [rng.standard_normal(p, np.float32) * np.float32((2 / sum(p)) ** 0.5) for p in pairs]
    biases = [np.zeros(m, np.float32) for _, m in pairs]
    rate, last = np.float32(0.01), len(pairs) - 1

    def epoch() -> None:
        order = rng.permutation(w.samples)
        for start in range(0, w.samples, w.batch):
            rows = order[start : start + w.batch]
            values, target = [x[rows]], y[rows]
            for k, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
                z = values[-1] @ kernel + bias
                values.append(np.maximum(z, 0) if k < last else z)
            out = values[-1]
            if w.loss == "mse":
                grad = (out - target) * np.float32(2 / out.size)
            else:
                grad = np.exp(out - out.max(1, keepdims=True))
                grad /= grad.sum(1, keepdims=True)
                grad[np.arange(len(target)), target] -= 1
                grad /= np.float32(len(target))
            for k in range(last, -1, -1):
                dw, db = values[k].T @ grad, grad.sum(0)
                if k:
                    grad = (grad @ kernels[k].T) * (values[k] > 0)
                kernels[k] -= rate * dw
                biases[k] -= rate * db

    return epoch


def measure_numpy(w: Workload, seconds: float) -> list[float]:
    """Seconds of every epoch, after one to warm up."""
    epoch = epochs_of_numpy(w)
    epoch()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < until:
        began = time.perf_counter()
        epoch()
        times.append(time.perf_counter() - began)
    return times


def measure_minifit(w: Workload, seconds: float) -> list[float]:
    """Seconds of every epoch inside one fit, after one to warm up."""
    import minifit
    from minifit import callbacks, layers, optimizers

    class Clock(callbacks.Callback):
        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.ends.append(time.perf_counter())
            if len(self.ends) > 4 and self.ends[-1] - self.ends[1] > seconds:
                self.model.stop_training = True

    x, y = data_of(w)
    output = None if w.loss == "mse" else "softmax"
    hidden = [layers.Dense(units, activation="relu") for units in w.sizes[1:-1]]
    model = minifit.Sequential([*hidden, layers.Dense(w.sizes[-1], activation=output)])
    loss = "mse" if w.loss == "mse" else "sparse_categorical_crossentropy"
    model.compile(optimizers.SGD(0.01), loss=loss)
    clock = Clock()
    model.fit(x, y, batch_size=w.batch, epochs=1000, verbose=0, callbacks=[clock])
    return [float(t) for t in np.diff(clock.ends)[1:]]


MEASURES = {"numpy": measure_numpy, "minifit": measure_minifit}

if __name__ == "__main__":
    implementation, name, budget = sys.argv[1], sys.argv[2], float(sys.argv[3])
    work = WORKLOADS[name]
    steps = -(-work.samples // work.batch)
    print(float(np.median(MEASURES[implementation](work, budget))) / steps * 1e6)
