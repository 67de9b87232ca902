"""Models, data and callbacks of any framework with the names of Keras, from their descriptions in a run."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import numpy as np

from minifit.semantics.playing import AbsentError
from minifit.semantics.runs.recorders import ACTORS, actor
from minifit.semantics.stage import backing_up

Described = Mapping[str, Any]

DATA = {"seed": 3, "n": 12}
VALIDATION = {"seed": 7, "n": 6}


def named(place: Any, name: str) -> Any:
    """Return a member of a framework, which counts as absent when it has none of this name."""
    try:
        return getattr(place, name)
    except AttributeError:
        raise AbsentError(name) from None


# -- models ------------------------------------------------------------------------------------------------


def make_model(keras: Any, run: Described) -> Any:
    """Return the compiled model, its weights drawn from the run's seed."""
    spec = run["model"]
    model = make_graph(keras, spec) if "nodes" in spec else make_chain(keras, spec)
    random = np.random.RandomState(run.get("wseed", 1))
    model.set_weights([random.standard_normal(w.shape) * 0.3 for w in model.get_weights()])
    model.compile(optimizer=make_optimizer(keras, run), **make_compile(keras, run.get("compile", {})))
    return model


def make_chain(keras: Any, spec: Described) -> Any:
    """Return a chain of layers."""
    shape = tuple(np.atleast_1d(spec["input"]).tolist())
    members = [named(keras.layers, name)(**arguments) for name, arguments in spec["layers"]]
    return keras.Sequential([keras.Input(shape), *members])


def make_graph(keras: Any, spec: Described) -> Any:
    """Return a model with several inputs or outputs; a node is ``[name, class, arguments, what it takes]``."""
    at = {name: named(keras, "Input")(shape=(n,), name=name) for name, n in spec["inputs"].items()}
    inputs = list(at.values())
    for name, kind, arguments, takes in spec["nodes"]:
        layer = named(keras.layers, kind)(name=name, **arguments)
        at[name] = layer(alone_or_list([at[t] for t in takes]))
    return named(keras, "Model")(inputs=inputs, outputs=alone_or_list([at[o] for o in spec["outputs"]]))


def alone_or_list(values: list[Any]) -> Any:
    """Return the only value of a list, or the list."""
    return values[0] if len(values) == 1 else values


def make_optimizer(keras: Any, run: Described) -> Any:
    """Return the optimizer, or its name."""
    described = run.get("optimizer", ["SGD", {"learning_rate": 0.05}])
    if isinstance(described, str):
        return described
    return named(keras.optimizers, described[0])(**described[1])


def make_compile(keras: Any, described: Described) -> dict[str, Any]:
    """Return the arguments of compile."""
    arguments = {"loss": "mse", **described}
    loss = arguments["loss"]
    if isinstance(loss, list) and isinstance(loss[-1], dict):
        arguments["loss"] = named(keras.losses, loss[0])(**loss[1])
    if isinstance(arguments.get("metrics"), list):
        arguments["metrics"] = [
            named(keras.metrics, m[0])(**m[1]) if isinstance(m, list) else m for m in arguments["metrics"]
        ]
    return arguments


# -- data --------------------------------------------------------------------------------------------------


def make_arrays(described: Described, run: Described) -> tuple[Any, Any]:
    """Return x and y."""
    spec = run["model"]
    random = np.random.RandomState(described["seed"])
    if "nodes" in spec:
        return make_named_arrays(described, spec, random)
    n, shape = described["n"], np.atleast_1d(described.get("input", spec["input"])).tolist()
    if "vocab" in described:
        x = random.randint(0, described["vocab"], (n, *shape)).astype(np.float32)
    else:
        x = random.standard_normal((n, *shape)).astype(np.float32)
    y = TARGETS[described.get("y", "float")](random, n, described.get("out", 3))
    if "nan_at" in described:
        x[described["nan_at"]] = np.nan
    return x, y


def make_named_arrays(described: Described, spec: Described, random: Any) -> tuple[Any, Any]:
    """Return an array for every input and output: as dicts by name or as lists."""
    n, units = described["n"], {name: arguments.get("units") for name, _, arguments, _ in spec["nodes"]}
    kinds = spec.get("targets", {})
    x = {i: random.standard_normal((n, width)).astype(np.float32) for i, width in spec["inputs"].items()}
    y = {o: TARGETS[kinds.get(o, "float")](random, n, units[o]) for o in spec["outputs"]}
    if described.get("as") == "dict":
        return x, y
    return alone_or_list(list(x.values())), alone_or_list(list(y.values()))


TARGETS: dict[str, Callable[[Any, int, int], Any]] = {
    "float": lambda r, n, out: r.standard_normal((n, out)).astype(np.float32),
    "float_pos": lambda r, n, out: r.uniform(0.05, 3, (n, out)).astype(np.float32),
    "onehot": lambda r, n, out: np.eye(out, dtype=np.float32)[r.randint(0, out, n)],
    "sparse": lambda r, n, out: r.randint(0, out, n).astype(np.int32),
    "sparse_col": lambda r, n, out: r.randint(0, out, (n, 1)).astype(np.int32),
    "binary": lambda r, n, out: r.randint(0, 2, (n, out)).astype(np.float32),
    "pm1": lambda r, n, out: (r.randint(0, 2, (n, out)) * 2 - 1).astype(np.float32),
    "prob": lambda r, n, out: r.dirichlet(np.ones(out), n).astype(np.float32),
}
"""Targets by the word that a run has for them: from n samples with so many columns."""


def make_sample_weight(n: int) -> Any:
    """Return a weight for each sample."""
    return np.random.RandomState(11).uniform(0.1, 2, n).astype(np.float32)


def endless_batches(x: Any, y: Any, size: int) -> Iterator[tuple[Any, Any]]:
    """Yield batches, from the first row again after the last one."""
    while True:
        for begin in range(0, len(x), size):
            yield x[begin : begin + size], y[begin : begin + size]


# -- callbacks ---------------------------------------------------------------------------------------------

SCHEDULES: dict[str, Callable[..., Any]] = {
    "const": lambda epoch, lr: lr,
    "exp10": lambda epoch, lr: lr if epoch < 10 else lr * math.exp(-0.1),
    "step": lambda epoch, lr: 0.1 / (1 + epoch),
    "one_arg": lambda epoch: 0.5 / (epoch + 2),
    "np32": lambda epoch, lr: np.float32(lr * 0.5),
    "np64": lambda epoch, lr: np.float64(lr * 0.5),
    "int": lambda epoch, lr: 1,
    "none": lambda epoch, lr: None,
    "str": lambda epoch, lr: "0.1",
    "zero": lambda epoch, lr: 0.0,
}
"""The functions of a LearningRateScheduler by the word that a run has for them."""

NOBODY_LISTENS = "http://127.0.0.1:9"


def make_callback(
    keras: Any, name: str, described: Described, folder: Path, url: str, calls: list[Any]
) -> Any:
    """Return a callback of the framework or of the runs; a LambdaCallback adds what it is told to `calls`."""
    arguments = dict(described)
    for key in {"filepath", "filename", "log_dir", "backup_dir"} & arguments.keys():
        arguments[key] = str(folder / arguments[key])
    if name in ACTORS:
        return actor(keras, name, arguments)
    if name == "BackupAndRestore":
        return backing_up(keras, arguments.pop("backup_dir"), **arguments)
    if name == "LearningRateScheduler":
        arguments["schedule"] = SCHEDULES[arguments["schedule"]]
    if name == "RemoteMonitor":
        arguments["root"] = NOBODY_LISTENS if arguments.pop("dead", False) else url
    if name == "LambdaCallback":
        arguments = {hook: noting(hook, calls) for hook in arguments["hooks"]}
    return named(keras.callbacks, name)(**arguments)


def noting(hook: str, calls: list[Any]) -> Callable[..., None]:
    """Return a function for a hook that writes down the hook and the index it is called with."""
    whole = (int, np.integer)
    return lambda *args, **logs: calls.append(
        [hook, next((int(a) for a in args if isinstance(a, whole)), None)]
    )
