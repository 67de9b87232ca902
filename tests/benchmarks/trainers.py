"""Trainings of a recipe with each library.

Each function takes a recipe and seconds to spend. It returns the seconds of the first epoch, compiling included, and
those of a step in every later one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks.implementations import LIBRARIES, clock
from tests.benchmarks.recipes import CLASS_WEIGHTS, RATES, Recipe, data_for

Times = tuple[float, list[float]]

MOMENTUM, DECAY = 0.9, 0.9


def first_and_later(epoch: Callable[[], Any], steps: int, seconds: float) -> Times:
    """Time epochs: the first, and after one more as many as there is time for."""
    began = time.perf_counter()
    epoch()
    first = time.perf_counter() - began
    epoch()
    later: list[float] = []
    until = time.perf_counter() + seconds
    while not later or time.perf_counter() < until:
        began = time.perf_counter()
        epoch()
        later.append((time.perf_counter() - began) / steps)
    return first, later


# -- Keras and what looks like it --------------------------------------------------------------------------


def keras_model(library: Any, recipe: Recipe) -> Any:
    """A compiled model."""
    layers = library.layers
    found = [library.Input((recipe.inputs,), dtype="int32" if recipe.words else "float32")]
    ends = {"classes": "softmax", "binary": "sigmoid", "inputs": "sigmoid", "squares": None}
    for part in recipe.parts:
        if part.kind == "dense":
            last = part is recipe.parts[-1]
            penalty = library.regularizers.L2(part.penalty) if part.penalty else None
            activation = ends[recipe.loss] if last else part.activation or None
            found.append(layers.Dense(int(part.size), activation, kernel_regularizer=penalty))
        elif part.kind == "dropout":
            found.append(layers.Dropout(part.size))
        elif part.kind == "norm":
            found.append(layers.BatchNormalization())
        elif part.kind == "activation":
            found.append(layers.Activation(part.activation))
        elif part.kind == "embedding":
            found.append(layers.Embedding(recipe.words, int(part.size)))
        else:
            found.append(layers.Flatten())
    model = library.Sequential(found)
    rate, of = RATES[recipe.optimizer], library.optimizers
    optimizers = {
        "sgd": lambda: of.SGD(rate),
        "momentum": lambda: of.SGD(rate, momentum=MOMENTUM),
        "adam": lambda: of.Adam(rate),
        "rmsprop": lambda: of.RMSprop(rate, rho=DECAY),
    }
    losses = {"classes": "sparse_categorical_crossentropy", "squares": "mse"}
    model.compile(
        optimizer=optimizers[recipe.optimizer](),
        loss=losses.get(recipe.loss, "binary_crossentropy"),
        metrics=[recipe.metric] if recipe.metric else None,
    )
    return model


def keras_fit(recipe: Recipe, seconds: float, library: Callable[[], Any]) -> Times:
    """One long `fit`, timed between the ends of its epochs."""
    keras, data = library(), data_for(recipe)
    model, ends = keras_model(keras, recipe), clock(keras, seconds)
    given: dict[str, Any] = {}
    if data.weights is not None:
        given["sample_weight"] = data.weights
    elif recipe.weights == "classes":
        given["class_weight"] = CLASS_WEIGHTS
    began = time.perf_counter()
    model.fit(*(data.x, data.y), batch_size=recipe.batch, epochs=1000, verbose=0, callbacks=[ends], **given)
    later = np.diff(ends.ends) / recipe.steps
    return ends.ends[0] - began, [float(t) for t in (later[1:] if len(later) > 1 else later)]


# -- PyTorch -----------------------------------------------------------------------------------------------


def torch_fit(recipe: Recipe, seconds: float) -> Times:
    """The usual loop, with a sum of losses and of the metric."""
    torch, nn = import_module("torch"), import_module("torch.nn")
    functional = import_module("torch.nn.functional")
    layers: list[Any] = []
    penalties: list[tuple[Any, float]] = []
    width, activations = recipe.inputs, {"relu": nn.ReLU, "tanh": nn.Tanh}
    for part in recipe.parts:
        if part.kind == "dense":
            layers.append(nn.Linear(width, int(part.size)))
            width = int(part.size)
            if part.penalty:
                penalties.append((layers[-1].weight, part.penalty))
        elif part.kind == "dropout":
            layers.append(nn.Dropout(part.size))
        elif part.kind == "norm":
            layers.append(nn.BatchNorm1d(width))
        elif part.kind == "embedding":
            layers.append(nn.Embedding(recipe.words, int(part.size)))
            width *= int(part.size)
        elif part.kind == "flatten":
            layers.append(nn.Flatten())
        if part.activation:
            layers.append(activations[part.activation]())
    model, rate, of = nn.Sequential(*layers), RATES[recipe.optimizer], torch.optim
    optimizers = {
        "sgd": lambda: of.SGD(model.parameters(), rate),
        "momentum": lambda: of.SGD(model.parameters(), rate, momentum=MOMENTUM),
        "adam": lambda: of.Adam(model.parameters(), rate),
        "rmsprop": lambda: of.RMSprop(model.parameters(), rate, alpha=DECAY),
    }
    optimizer, data = optimizers[recipe.optimizer](), data_for(recipe)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    y = y.long() if recipe.loss == "classes" else y
    weights = None if data.weights is None else torch.from_numpy(data.weights)
    if recipe.weights == "classes":
        weights = torch.tensor(list(CLASS_WEIGHTS.values()))[y]

    def loss_and_metric(out: Any, target: Any) -> tuple[Any, Any]:
        if recipe.loss == "classes":
            return (
                functional.cross_entropy(out, target, reduction="none"),
                (out.argmax(1) == target).sum(),
            )
        if recipe.loss == "squares":
            return (out - target).square().mean(1), (out - target).detach().abs().sum()
        losses = functional.binary_cross_entropy_with_logits(out, target, reduction="none").mean(1)
        return losses, ((out > 0) == (target > 0.5)).sum() if recipe.metric else None

    def epoch() -> None:
        total, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(recipe.samples).split(recipe.batch):
            optimizer.zero_grad()
            losses, metric = loss_and_metric(model(x[rows]), y[rows])
            loss = losses.mean() if weights is None else (losses * weights[rows]).mean()
            for weight, factor in penalties:
                loss = loss + factor * weight.square().sum()
            loss.backward()
            optimizer.step()
            total += loss.detach()
            if recipe.metric:
                right += metric

    return first_and_later(epoch, recipe.steps, seconds)


# -- JAX ---------------------------------------------------------------------------------------------------


def jax_fit(recipe: Recipe, seconds: float) -> Times:
    """A whole epoch compiled as one `lax.scan`, as it is usual with JAX."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    data, rng = data_for(recipe), np.random.default_rng(0)
    x, y = jnp.asarray(data.x), jnp.asarray(data.y)
    weights = None if data.weights is None else jnp.asarray(data.weights)
    if recipe.weights == "classes":
        weights = jnp.asarray(list(CLASS_WEIGHTS.values()), jnp.float32)[y]
    loss_of, update = _jax_loss(jax, recipe), _jax_update(jax, recipe)
    parameters, averages = _jax_start(jnp, recipe)
    zeros = jax.tree.map(jnp.zeros_like, parameters)

    def step(carried: Any, rows: Any) -> tuple[Any, None]:
        (parameters, averages, slots, count, key), sums = carried
        key, mask = jax.random.split(key)
        of_rows = None if weights is None else weights[rows]
        grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, (averages, metric)), slopes = grad(parameters, averages, x[rows], y[rows], of_rows, mask)
        parameters, slots = update(parameters, slopes, slots, count + 1)
        state = parameters, averages, slots, count + 1, key
        return (state, (sums[0] + loss, sums[1] + metric)), None

    all_steps = jax.jit(lambda state, rows: jax.lax.scan(step, (state, (0.0, 0.0)), rows)[0])
    state: Any = parameters, averages, (zeros, zeros), jnp.float32(0), jax.random.PRNGKey(0)

    def epoch() -> None:
        nonlocal state
        order = rng.permutation(recipe.samples)[: recipe.steps * recipe.batch]
        state, sums = all_steps(state, order.reshape(recipe.steps, recipe.batch))
        jax.block_until_ready((state, sums))

    return first_and_later(epoch, recipe.steps, seconds)


def _jax_start(jnp: Any, recipe: Recipe) -> tuple[list[Any], list[Any]]:
    """The parameters of each part, and the moving averages of those that have some."""
    rng, width = np.random.default_rng(0), recipe.inputs
    parameters: list[Any] = []
    averages: list[Any] = []
    for part in recipe.parts:
        size = int(part.size)
        found: tuple[Any, ...] = ()
        average: tuple[Any, ...] = ()
        if part.kind == "dense":
            kernel = rng.standard_normal((width, size), np.float32) * np.float32((2 / (width + size)) ** 0.5)
            found, width = (jnp.asarray(kernel), jnp.zeros(size)), size
        elif part.kind == "norm":
            found, average = (jnp.ones(width), jnp.zeros(width)), (jnp.zeros(width), jnp.ones(width))
        elif part.kind == "embedding":
            table = rng.uniform(-0.05, 0.05, (recipe.words, size)).astype(np.float32)
            found, width = (jnp.asarray(table),), width * size
        parameters.append(found)
        averages.append(average)
    return parameters, averages


def _jax_loss(jax: Any, recipe: Recipe) -> Callable[..., Any]:
    """The function from parameters and a batch to the loss, the new averages and the sum of the metric."""
    jnp, activations = jax.numpy, {"relu": jax.nn.relu, "tanh": jax.numpy.tanh}

    def forward(parameters: Any, averages: Any, out: Any, mask: Any) -> tuple[Any, list[Any], Any]:
        penalty, moved = 0.0, []
        for part, own, average in zip(recipe.parts, parameters, averages):
            if part.kind == "dense":
                out = out @ own[0] + own[1]
                penalty += part.penalty * jnp.square(own[0]).sum() if part.penalty else 0.0
            elif part.kind == "dropout":
                mask, draw = jax.random.split(mask)
                kept = jax.random.bernoulli(draw, 1 - part.size, out.shape)
                out = jnp.where(kept, out / (1 - part.size), 0)
            elif part.kind == "norm":
                mean, variance = out.mean(0), out.var(0)
                out = (out - mean) * jax.lax.rsqrt(variance + 1e-3) * own[0] + own[1]
                average = tuple(0.99 * old + 0.01 * new for old, new in zip(average, (mean, variance)))
            elif part.kind == "embedding":
                out = own[0][out]
            elif part.kind == "flatten":
                out = out.reshape(out.shape[0], -1)
            if part.activation:
                out = activations[part.activation](out)
            moved.append(average)
        return out, moved, penalty

    def loss_of(parameters: Any, averages: Any, x: Any, y: Any, weights: Any, mask: Any) -> Any:
        out, moved, penalty = forward(parameters, averages, x, mask)
        if recipe.loss == "classes":
            losses = -jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], axis=1)[:, 0]
            metric = (out.argmax(1) == y).sum().astype(jnp.float32)
        elif recipe.loss == "squares":
            losses, metric = jnp.square(out - y).mean(1), jnp.abs(out - y).sum()
        else:
            losses = (jax.nn.softplus(out) - out * y).mean(1)
            metric = ((out > 0) == (y > 0.5)).sum().astype(jnp.float32) if recipe.metric else 0.0
        losses = losses if weights is None else losses * weights
        return losses.mean() + penalty, (moved, metric)

    return loss_of


def _jax_update(jax: Any, recipe: Recipe) -> Callable[..., Any]:
    """The function from parameters, slopes, slots and the number of the step to new parameters and slots."""
    rate, each = RATES[recipe.optimizer], jax.tree.map

    def sgd(parameters: Any, slopes: Any, slots: Any, step: Any) -> Any:
        return each(lambda p, g: p - rate * g, parameters, slopes), slots

    def momentum(parameters: Any, slopes: Any, slots: Any, step: Any) -> Any:
        speed = each(lambda v, g: MOMENTUM * v - rate * g, slots[0], slopes)
        return each(lambda p, v: p + v, parameters, speed), (speed, slots[1])

    def rmsprop(parameters: Any, slopes: Any, slots: Any, step: Any) -> Any:
        squares = each(lambda s, g: DECAY * s + (1 - DECAY) * g * g, slots[0], slopes)
        return each(lambda p, g, s: p - rate * g / (jax.numpy.sqrt(s) + 1e-7), parameters, slopes, squares), (
            squares,
            slots[1],
        )

    def adam(parameters: Any, slopes: Any, slots: Any, step: Any) -> Any:
        means = each(lambda m, g: 0.9 * m + 0.1 * g, slots[0], slopes)
        squares = each(lambda s, g: 0.999 * s + 0.001 * g * g, slots[1], slopes)
        scaled = rate * jax.numpy.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        return each(
            lambda p, m, s: p - scaled * m / (jax.numpy.sqrt(s) + 1e-7), parameters, means, squares
        ), (means, squares)

    return {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam}[recipe.optimizer]


TRAINERS: dict[str, Callable[[Recipe, float], Times]] = {
    "minifit": partial(keras_fit, library=LIBRARIES["minifit"]),
    "jax_scan": jax_fit,
    "torch": torch_fit,
    "keras_jax": partial(keras_fit, library=LIBRARIES["keras_jax"]),
    "tf_keras": partial(keras_fit, library=LIBRARIES["tf_keras"]),
}
"""By the names of `IMPLEMENTATIONS`."""
