"""Everything that is measured on a workload: minifit, its peers, and the bare products as the limit.

All of them train in float32 with SGD(0.01), in a new random order at every epoch. Each is a function that takes a
workload and seconds to spend, and returns the seconds a step took, epoch by epoch, once everything is compiled.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module, metadata, util
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.workloads import Workload, data_of, weights_of

RATE = 0.01
Epoch = Callable[[], Any]


class Implementation(NamedTuple):
    """One way to train.

    `needs` names the modules it uses, as in ``"keras>=3 jax"``; the first one's version is the one to show.
    """

    title: str
    needs: str
    measure: Callable[[Workload, float], list[float]]


def timed(epoch: Epoch, steps: int, seconds: float) -> list[float]:
    """Seconds a step of every epoch, after one to warm up."""
    epoch()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while not times or time.perf_counter() < until:
        began = time.perf_counter()
        epoch()
        times.append((time.perf_counter() - began) / steps)
    return times


# -- by hand -----------------------------------------------------------------------------------------------


def bare(w: Workload, seconds: float) -> list[float]:
    """The matrix products of a step and nothing else, through NumPy into arrays that are kept."""
    rng = np.random.default_rng(0)
    kernels, _ = weights_of(w)
    inputs = [rng.standard_normal((w.batch, n), np.float32) for n, _ in w.layers]
    outputs = [rng.standard_normal((w.batch, m), np.float32) for _, m in w.layers]
    products = [(x, k, np.empty_like(out)) for x, k, out in zip(inputs, kernels, outputs)]
    products += [(x.T, dy, np.empty_like(k)) for x, k, dy in zip(inputs, kernels, outputs)]
    products += [(dy, k.T, np.empty_like(x)) for x, k, dy in zip(inputs[1:], kernels[1:], outputs[1:])]

    def epoch() -> None:
        for _ in range(w.steps):
            for a, b, out in products:
                np.matmul(a, b, out=out)

    return timed(epoch, w.steps, seconds)


def numpy_loop(w: Workload, seconds: float) -> list[float]:
    """The loop that a careful person writes by hand."""
    x, y = data_of(w)
    kernels, biases = weights_of(w)
    rng, rate, last = np.random.default_rng(0), np.float32(RATE), len(kernels) - 1

    def epoch() -> None:
        order = rng.permutation(w.samples)
        for start in range(0, w.samples, w.batch):
            rows = order[start : start + w.batch]
            values, target = [x[rows]], y[rows]
            for k, (kernel, bias) in enumerate(zip(kernels, biases)):
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

    return timed(epoch, w.steps, seconds)


# -- libraries ---------------------------------------------------------------------------------------------


def jax_loop(w: Workload, seconds: float, scan: bool) -> list[float]:
    """JAX: a whole epoch compiled as one `lax.scan`, or a compiled function called at every step."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    x, y = (jnp.asarray(a) for a in data_of(w))
    layers = [(jnp.asarray(k), jnp.asarray(b)) for k, b in zip(*weights_of(w))]
    rng, steps = (
        np.random.default_rng(0),
        w.samples // w.batch,
    )  # a smaller last batch would not fit into a scan

    def loss_of(layers: Any, inputs: Any, target: Any) -> Any:
        out = inputs
        for kernel, bias in layers[:-1]:
            out = jax.nn.relu(out @ kernel + bias)
        out = out @ layers[-1][0] + layers[-1][1]
        if w.loss == "mse":
            return jnp.square(out - target).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(out), target[:, None], axis=1).mean()

    def step(layers: Any, rows: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(layers, x[rows], y[rows])
        return jax.tree.map(lambda weight, grad: weight - RATE * grad, layers, grads), loss

    one = jax.jit(step)
    all_steps = jax.jit(lambda layers, rows: jax.lax.scan(step, layers, rows))

    def epoch() -> None:
        nonlocal layers
        rows = rng.permutation(w.samples)[: steps * w.batch].reshape(steps, w.batch)
        if scan:
            layers, loss = all_steps(layers, rows)
        else:
            for batch in rows:
                layers, loss = one(layers, batch)
        jax.block_until_ready(loss)

    return timed(epoch, steps, seconds)


def torch_loop(w: Workload, seconds: float) -> list[float]:
    """PyTorch's usual loop."""
    torch, nn = import_module("torch"), import_module("torch.nn")
    x, y = (torch.from_numpy(a) for a in data_of(w))
    layers: list[Any] = []
    for n, m in w.layers:
        layers += [nn.Linear(n, m), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    loss_of = nn.MSELoss() if w.loss == "mse" else nn.CrossEntropyLoss()
    y = y if w.loss == "mse" else y.long()

    def epoch() -> None:
        order = torch.randperm(w.samples)
        for rows in order.split(w.batch):
            optimizer.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()

    return timed(epoch, w.steps, seconds)


def scikit_learn(w: Workload, seconds: float) -> list[float]:
    """scikit-learn's multi-layer perceptron, an epoch a call."""
    networks = import_module("sklearn.neural_network")
    x, y = data_of(w)
    kind = networks.MLPRegressor if w.loss == "mse" else networks.MLPClassifier
    model = kind(
        hidden_layer_sizes=w.sizes[1:-1],
        solver="sgd",
        learning_rate_init=RATE,
        momentum=0,
        alpha=0,
        batch_size=w.batch,
    )
    known = {} if w.loss == "mse" else {"classes": np.arange(w.sizes[-1])}
    y = y.ravel() if y.shape[-1:] == (1,) else y
    return timed(lambda: model.partial_fit(x, y, **known), w.steps, seconds)


# -- Keras and what looks like it --------------------------------------------------------------------------


def minifit() -> Any:
    """The module."""
    return import_module("minifit")


def keras(backend: str) -> Any:
    """Keras 3 on one of its backends."""
    os.environ["KERAS_BACKEND"] = backend
    return import_module("keras")


def tf_keras() -> Any:
    """Keras 2, as a part of TensorFlow."""
    return import_module("tensorflow").keras


def model_of(library: Any, w: Workload) -> Any:
    """A compiled model."""
    dense = library.layers.Dense
    output = None if w.loss == "mse" else "softmax"
    hidden = [dense(units, activation="relu") for units in w.sizes[1:-1]]
    model = library.Sequential([*hidden, dense(w.sizes[-1], activation=output)])
    loss = "mse" if w.loss == "mse" else "sparse_categorical_crossentropy"
    model.compile(optimizer=library.optimizers.SGD(RATE), loss=loss)
    return model


def clock(library: Any, seconds: float) -> Any:
    """A callback that notes when epochs end, in ``ends``, and stops that many seconds after the first one."""

    class Clock(library.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.ends: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.ends.append(time.perf_counter())
            if len(self.ends) > 1 and self.ends[-1] - self.ends[0] > seconds:
                self.model.stop_training = True

    return Clock()


def one_fit(w: Workload, seconds: float, library: Callable[[], Any]) -> list[float]:
    """One long `fit`, timed between the ends of its epochs, after one to warm up."""
    found = library()
    (x, y), model, ends = data_of(w), model_of(found, w), clock(found, seconds)
    model.fit(x, y, batch_size=w.batch, epochs=1000, verbose=0, callbacks=[ends])
    return [float(t) / w.steps for t in np.diff(ends.ends)]


LIBRARIES: dict[str, Callable[[], Any]] = {
    "minifit": minifit,
    "keras_jax": partial(keras, "jax"),
    "keras_torch": partial(keras, "torch"),
    "keras_tensorflow": partial(keras, "tensorflow"),
    "tf_keras": tf_keras,
}
"""What has the interface of Keras, and how it is imported."""

IMPLEMENTATIONS = {
    "minifit": Implementation("minifit", "minifit numpy", partial(one_fit, library=minifit)),
    "numpy": Implementation("NumPy loop", "numpy", numpy_loop),
    "jax_scan": Implementation("JAX, one scan an epoch", "jax", partial(jax_loop, scan=True)),
    "jax_step": Implementation("JAX, a call a step", "jax", partial(jax_loop, scan=False)),
    "torch": Implementation("PyTorch loop", "torch", torch_loop),
    "sklearn": Implementation("scikit-learn MLP", "sklearn", scikit_learn),
    "keras_jax": Implementation(
        "Keras 3 on JAX", "keras>=3 jax", partial(one_fit, library=LIBRARIES["keras_jax"])
    ),
    "keras_torch": Implementation(
        "Keras 3 on PyTorch", "keras>=3 torch", partial(one_fit, library=LIBRARIES["keras_torch"])
    ),
    "keras_tensorflow": Implementation(
        "Keras 3 on TensorFlow",
        "keras>=3 tensorflow>=2.16",
        partial(one_fit, library=LIBRARIES["keras_tensorflow"]),
    ),
    "tf_keras": Implementation("tf.keras 2", "tensorflow<2.16", partial(one_fit, library=tf_keras)),
    "bare": Implementation("bare matrix products", "numpy", bare),
}
PEERS = [name for name in IMPLEMENTATIONS if name not in ("minifit", "bare")]

PACKAGES = {
    "numpy": ["numpy"],
    "jax": ["jax"],
    "torch": ["torch"],
    "sklearn": ["scikit-learn"],
    "keras": ["keras"],
    "tensorflow": ["tensorflow", "tensorflow-cpu"],
}
"""Modules, and the packages in which they come."""


def versions() -> dict[str, str]:
    """The modules of `PACKAGES` that are installed here, without importing them."""
    found = {}
    for module, packages in PACKAGES.items():
        for package in packages:
            if module not in found and util.find_spec(module) is not None:
                try:
                    found[module] = metadata.version(package)
                except metadata.PackageNotFoundError:
                    continue
    return found


def missing(needs: str, have: Mapping[str, str]) -> list[str]:
    """Which of the needed modules are not there, or not in the right version."""
    return [need for need in needs.split() if not _is_met(need, have)]


def _is_met(need: str, have: Mapping[str, str]) -> bool:
    module, sign, bound = re.fullmatch(r"(\w+)(>=|<)?([\d.]*)", need).groups()  # type: ignore[union-attr]
    if module not in have or not sign:
        return module in have
    return (_numbers(have[module]) >= _numbers(bound)) == (sign == ">=")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:2]]
