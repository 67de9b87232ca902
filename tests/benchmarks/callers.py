"""Single calls, as an agent that learns or a service makes them: what each library takes for them.

The model is 8-64-64-4 with relu, mean squared error and Adam. Each function returns the calls by their names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks.implementations import LIBRARIES

SIZES = 8, 64, 64, 4
ROWS, BATCH, RATE = 10_000, 32, 1e-3

CALLS = ("predict 1 row", "model(x), 1 row", "train on a batch", "fit of a batch", "predict 10,000 rows")

Calls = dict[str, Callable[[], Any]]


def rows() -> tuple[Any, Any]:
    """Random inputs and targets."""
    rng = np.random.default_rng(0)
    return rng.random((ROWS, SIZES[0]), np.float32), rng.random((ROWS, SIZES[-1]), np.float32)


def keras_calls(library: Callable[[], Any]) -> Calls:
    """Those of Keras and what looks like it."""
    keras, (x, y) = library(), rows()
    dense = keras.layers.Dense
    hidden = [dense(units, activation="relu") for units in SIZES[1:-1]]
    model = keras.Sequential([*hidden, dense(SIZES[-1])])
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss="mse")
    one, some, target = x[:1], x[:BATCH], y[:BATCH]
    model.fit(some, target, verbose=0)
    return dict(
        zip(
            CALLS,
            [
                lambda: model.predict(one, verbose=0),
                lambda: model(one),
                lambda: model.train_on_batch(some, target),
                lambda: model.fit(some, target, verbose=0),
                lambda: model.predict(x, verbose=0),
            ],
        )
    )


def numpy_calls() -> Calls:
    """Those of a model that is written by hand."""
    (x, y), rng = rows(), np.random.default_rng(0)
    weights: list[Any] = []
    for n, m in zip(SIZES[:-1], SIZES[1:]):
        weights += [rng.standard_normal((n, m), np.float32) * np.float32(0.2), np.zeros(m, np.float32)]
    slots = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    steps = 0

    def forward(values: Any) -> list[Any]:
        found = [values]
        for i in range(0, len(weights), 2):
            z = found[-1] @ weights[i] + weights[i + 1]
            found.append(np.maximum(z, 0) if i + 2 < len(weights) else z)
        return found

    def train(inputs: Any, target: Any) -> None:
        nonlocal steps
        steps += 1
        values = forward(inputs)
        slope = (values[-1] - target) * np.float32(2 / target.size)
        slopes: list[Any] = []
        for i in range(len(SIZES) - 2, -1, -1):
            slopes[:0] = [values[i].T @ slope, slope.sum(0)]
            if i:
                slope = (slope @ weights[2 * i].T) * (values[i] > 0)
        rate = np.float32(RATE * (1 - 0.999**steps) ** 0.5 / (1 - 0.9**steps))
        for w, (mean, square), g in zip(weights, slots, slopes):
            mean += np.float32(0.1) * (g - mean)
            square += np.float32(0.001) * (g * g - square)
            w -= rate * mean / (np.sqrt(square) + np.float32(1e-7))

    def predict() -> Any:
        return np.concatenate([forward(x[i : i + BATCH])[-1] for i in range(0, ROWS, BATCH)])

    one, some, target = x[:1], x[:BATCH], y[:BATCH]
    forward_one, train_some = partial(forward, one), partial(train, some, target)
    return dict(zip(CALLS, [forward_one, forward_one, train_some, train_some, predict]))


def torch_calls() -> Calls:
    """Those of PyTorch."""
    torch, nn = import_module("torch"), import_module("torch.nn")
    layers: list[Any] = []
    for n, m in zip(SIZES[:-1], SIZES[1:]):
        layers += [nn.Linear(n, m), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer, loss_of, (x, y) = torch.optim.Adam(model.parameters(), RATE), nn.MSELoss(), rows()

    def forward(values: Any) -> Any:
        with torch.no_grad():
            return model(torch.from_numpy(values)).numpy()

    def train() -> float:
        optimizer.zero_grad()
        loss = loss_of(model(torch.from_numpy(x[:BATCH])), torch.from_numpy(y[:BATCH]))
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    def predict() -> Any:
        return np.concatenate([forward(x[i : i + BATCH]) for i in range(0, ROWS, BATCH)])

    one = partial(forward, x[:1])
    return dict(zip(CALLS, [one, one, train, train, predict]))


CALLERS: dict[str, Callable[[], Calls]] = {
    "minifit": partial(keras_calls, LIBRARIES["minifit"]),
    "numpy": numpy_calls,
    "torch": torch_calls,
    "keras_jax": partial(keras_calls, LIBRARIES["keras_jax"]),
    "tf_keras": partial(keras_calls, LIBRARIES["tf_keras"]),
}
"""By the names of `IMPLEMENTATIONS`."""


def timed_calls(name: str, seconds: float) -> dict[str, float]:
    """Seconds of each call, the median of as many as there is time for, and of five at least."""
    found = {}
    for call, run in CALLERS[name]().items():
        run()
        times: list[float] = []
        until = time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < until:
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
        found[call] = float(np.median(times))
    return found
