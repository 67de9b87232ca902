"""The arguments of `compile` for several outputs, as tf.keras 2.7 writes them.

Metrics are listed output by output, and their names begin with the output's name, ``"one_mae"``, as they do in the
logs. Elsewhere a metric has a name of its own, ``"mae"``.
"""

from collections.abc import Callable, Sequence
from typing import Any

from minifit.saving.description import Config
from minifit.saving.graph_config import is_graph, references

METRICS = ("metrics", "weighted_metrics")


def output_names(config: Any) -> list[str]:
    """Return the names of the outputs of a graph that is described; none for other models."""
    arguments: Any = config.get("config") if isinstance(config, dict) else None
    names: list[str] = []
    for layer, *_ in references(arguments["output_layers"]) if is_graph(arguments) else ():
        name, count = layer, 0
        while name in names:
            count += 1
            name = f"{layer}_{count}"
        names.append(name)
    return names


def prefixed(training: Config, names: Sequence[str]) -> Config:
    """Return the arguments of `compile` with the names of the outputs before those of their metrics."""
    return _renamed(training, names, lambda output, metric: f"{output}_{metric.removeprefix(f'{output}_')}")


def unprefixed(training: Config, names: Sequence[str]) -> Config:
    """Return the arguments of `compile` with the names that metrics have for themselves."""
    return _renamed(training, names, lambda output, metric: metric.removeprefix(f"{output}_"))


def _renamed(training: Config, names: Sequence[str], rename: Callable[[str, str], str]) -> Config:
    if len(names) < 2:
        return training
    made = dict(training)
    for key in METRICS:
        listed = training.get(key)
        if isinstance(listed, list) and len(listed) == len(names):
            made[key] = [_of_output(name, each, rename) for name, each in zip(names, listed, strict=True)]
    return made


def _of_output(output: str, metrics: Any, rename: Callable[[str, str], str]) -> Any:
    """Return the metrics of one output; tf.keras writes a list of None where there are none."""
    if not isinstance(metrics, list):
        return metrics
    made = []
    for metric in metrics:
        config = metric.get("config") if isinstance(metric, dict) else None
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str):
            metric = {**metric, "config": {**config, "name": rename(output, name)}}  # type: ignore[dict-item]
        if metric is not None:
            made.append(metric)
    return made
