"""The arguments of `compile` for several outputs, as tf.keras 2.7 writes them.

Metrics are listed by output, and their names begin with the name of the output, as in the logs: ``"one_mae"``.
Elsewhere a metric has only its own name, ``"mae"``.
"""

from collections.abc import Callable, Sequence
from typing import Any

from minifit.saving.description import Config
from minifit.saving.graph_config import is_graph, references

METRICS = ("metrics", "weighted_metrics")


def output_names(config: Any) -> list[str]:
    """Return the names of the outputs of a graph from its configuration; an empty list for other models."""
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
    """Return the arguments of `compile` with the output's name prepended to the names of its metrics."""
    return _renamed(training, names, lambda output, metric: f"{output}_{metric.removeprefix(f'{output}_')}")


def unprefixed(training: Config, names: Sequence[str]) -> Config:
    """Return the arguments of `compile` with the metrics' own names, without prefixes."""
    return _renamed(training, names, lambda output, metric: metric.removeprefix(f"{output}_"))


def _renamed(training: Config, names: Sequence[str], rename: Callable[[str, str], str]) -> Config:
    if len(names) < 2:
        return training
    renamed = dict(training)
    for key in METRICS:
        listed = training.get(key)
        if isinstance(listed, list) and len(listed) == len(names):
            renamed[key] = [_of_output(name, each, rename) for name, each in zip(names, listed, strict=True)]
    return renamed


def _of_output(output: str, metrics: Any, rename: Callable[[str, str], str]) -> Any:
    """Return the metrics of one output; tf.keras writes a list of None where there are none."""
    if not isinstance(metrics, list):
        return metrics
    renamed = []
    for metric in metrics:
        config = metric.get("config") if isinstance(metric, dict) else None
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str):
            metric = {**metric, "config": {**config, "name": rename(output, name)}}  # type: ignore[dict-item]
        if metric is not None:
            renamed.append(metric)
    return renamed
