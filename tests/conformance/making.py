"""Models, data and callbacks from their descriptions in a scenario."""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import minifit
from minifit import callbacks, layers, losses, metrics, optimizers
from minifit.arrays import Array
from minifit.errors import UnknownNameError
from tests.conformance.recorders import ACTORS

Described = Mapping[str, Any]

DATA = {"seed": 3, "n": 12}
VALIDATION = {"seed": 7, "n": 6}


class MissingError(Exception):
    """A scenario needs what minifit does not have."""


def named(module: ModuleType, name: str) -> Any:
    """A public class of minifit."""
    try:
        return getattr(module, name)
    except AttributeError:
        raise MissingError(f"{module.__name__} has no {name}") from None


# -- models ------------------------------------------------------------------------------------------------


def make_model(scenario: Described) -> Any:
    """The compiled model, its weights drawn from the scenario's seed."""
    spec = scenario["model"]
    model = make_graph(spec) if "nodes" in spec else make_chain(spec)
    random = np.random.RandomState(scenario.get("wseed", 1))
    model.set_weights([random.standard_normal(w.shape) * 0.3 for w in model.get_weights()])
    model.compile(optimizer=make_optimizer(scenario), **make_compile(scenario.get("compile", {})))
    return model


def make_chain(spec: Described) -> Any:
    described = [(name, dict(arguments)) for name, arguments in spec["layers"]]
    described[0][1]["input_shape"] = tuple(np.atleast_1d(spec["input"]).tolist())
    return minifit.Sequential([named(layers, name)(**arguments) for name, arguments in described])


def make_graph(spec: Described) -> Any:
    """A model with several inputs or outputs; a node is ``[name, class, arguments, what it takes]``."""
    at = {name: named(minifit, "Input")(shape=(n,), name=name) for name, n in spec["inputs"].items()}
    inputs = list(at.values())
    for name, kind, arguments, takes in spec["nodes"]:
        at[name] = named(layers, kind)(name=name, **arguments)(alone_or_list([at[t] for t in takes]))
    return named(minifit, "Model")(inputs=inputs, outputs=alone_or_list([at[o] for o in spec["outputs"]]))


def alone_or_list(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def make_optimizer(scenario: Described) -> Any:
    described = scenario.get("optimizer", ["SGD", {"learning_rate": 0.05}])
    if isinstance(described, str):
        return described
    return named(optimizers, described[0])(**described[1])


def make_compile(described: Described) -> dict[str, Any]:
    """The arguments of compile."""
    arguments = {"loss": "mse", **described}
    loss = arguments["loss"]
    if isinstance(loss, list) and isinstance(loss[-1], dict):
        arguments["loss"] = named(losses, loss[0])(**loss[1])
    if isinstance(arguments.get("metrics"), list):
        made = (named(metrics, m[0])(**m[1]) if isinstance(m, list) else m for m in arguments["metrics"])
        arguments["metrics"] = list(made)
    return arguments


# -- data --------------------------------------------------------------------------------------------------


def make_arrays(described: Described, scenario: Described) -> tuple[Any, Any]:
    """x and y as the scenario describes them."""
    spec = scenario["model"]
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


def make_named_arrays(
    described: Described, spec: Described, random: np.random.RandomState
) -> tuple[Any, Any]:
    """An array for every input and output: as dicts by name or as lists."""
    n, units = described["n"], {name: arguments.get("units") for name, _, arguments, _ in spec["nodes"]}
    kinds = spec.get("targets", {})
    x = {i: random.standard_normal((n, width)).astype(np.float32) for i, width in spec["inputs"].items()}
    y = {o: TARGETS[kinds.get(o, "float")](random, n, units[o]) for o in spec["outputs"]}
    if described.get("as") == "dict":
        return x, y
    return alone_or_list(list(x.values())), alone_or_list(list(y.values()))


TARGETS: Mapping[str, Callable[[np.random.RandomState, int, int], Array]] = {
    "float": lambda r, n, out: r.standard_normal((n, out)).astype(np.float32),
    "float_pos": lambda r, n, out: r.uniform(0.05, 3, (n, out)).astype(np.float32),
    "onehot": lambda r, n, out: np.eye(out, dtype=np.float32)[r.randint(0, out, n)],
    "sparse": lambda r, n, out: r.randint(0, out, n).astype(np.int32),
    "sparse_col": lambda r, n, out: r.randint(0, out, (n, 1)).astype(np.int32),
    "binary": lambda r, n, out: r.randint(0, 2, (n, out)).astype(np.float32),
    "pm1": lambda r, n, out: (r.randint(0, 2, (n, out)) * 2 - 1).astype(np.float32),
    "prob": lambda r, n, out: r.dirichlet(np.ones(out), n).astype(np.float32),
}
"""Targets by the word that a scenario has for them: from n samples with so many columns."""


def make_sample_weight(n: int) -> Array:
    return np.random.RandomState(11).uniform(0.1, 2, n).astype(np.float32)


def endless_batches(x: Array, y: Array, size: int) -> Iterator[tuple[Array, Array]]:
    while True:
        for begin in range(0, len(x), size):
            yield x[begin : begin + size], y[begin : begin + size]


# -- callbacks ---------------------------------------------------------------------------------------------

SCHEDULES: Mapping[str, Callable[..., Any]] = {
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

NOBODY_LISTENS = "http://127.0.0.1:9"


def make_callback(name: str, described: Described, folder: Path, url: str, calls: list[Any]) -> Any:
    """A callback of minifit or of the scenarios; `calls` is where a LambdaCallback writes down its own."""
    arguments = dict(described)
    for key in {"filepath", "filename", "log_dir", "backup_dir"} & arguments.keys():
        arguments[key] = str(folder / arguments[key])
    if name in ACTORS:
        return ACTORS[name](**arguments)
    if name == "LearningRateScheduler":
        arguments["schedule"] = SCHEDULES[arguments["schedule"]]
    if name == "RemoteMonitor":
        arguments["root"] = NOBODY_LISTENS if arguments.pop("dead", False) else url
    if name == "LambdaCallback":
        arguments = {hook: noting(hook, calls) for hook in arguments["hooks"]}
    return named(callbacks, name)(**arguments)


def noting(hook: str, calls: list[Any]) -> Callable[..., None]:
    """A function for a hook that writes down the hook and the index it is called with."""
    return lambda *args, **logs: calls.append([hook, next((a for a in args if isinstance(a, int)), None)])


def refusal(error: Exception, scenario: Described) -> Exception:
    """An unknown name is missing from minifit, unless the scenario asks for one that does not exist."""
    meant = scenario["name"].startswith("bad")
    return MissingError(str(error)) if isinstance(error, UnknownNameError) and not meant else error
