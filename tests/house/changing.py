"""By introspection: every argument of every class that is a public attribute, with another value to set it to."""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from minifit import (
    activations,
    callbacks,
    console,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    regularizers,
)
from minifit.errors import MinifitError
from minifit.optimizers import schedules
from minifit.settings import Setting
from minifit.tables import plain

NO_ATTRIBUTES: dict[str, set[str]] = {
    # What they say is said by another one, or they may have one value alone.
    "layers": {
        *("dtype", "input_shape", "input_dim", "mask", "output_shape", "data_format"),
        *("weights", "batch_size", "dynamic"),
        "trainable",  # counts as `compile` found it, of which tests/training/test_flags.py knows
    },
    "metrics": {"dtype"},
    "optimizers": {"lr"},
    "callbacks": {"separator", "profile_batch"},
}
ATTRIBUTES = {("Normalization", "mean"): "input_mean", ("Normalization", "variance"): "input_variance"}
"""Arguments whose attribute has another name, as in Keras."""


class Case(NamedTuple):
    """An argument of a class: what the object is made with, and what the argument is then set to."""

    kind: Any
    arguments: dict[str, Any]
    name: str
    value: Any

    def made(self, **more: Any) -> Any:
        return self.kind(**{**self.arguments, **more})

    @property
    def family(self) -> str:
        return str(self.kind.__module__.split(".")[1])

    @property
    def attribute(self) -> str:
        return ATTRIBUTES.get((self.kind.__name__, self.name), self.name)

    @property
    def id(self) -> str:
        return f"{self.family}.{self.kind.__name__}.{self.name}"


def doubled(x: Any, by: float = 2) -> Any:
    return x * by


def halved(x: Any, by: float = 2) -> Any:
    return x / by


def told(*args: Any) -> None:
    """Stand in for a hook."""
    console.say(str(args[0]))


def falling(epoch: int, lr: float) -> float:
    return lr * 0.5


def constant_rate(epoch: int) -> float:
    return 0.25


NEEDED: dict[Any, dict[str, Any]] = {
    layers.Activation: {"activation": "tanh"},
    layers.ActivityRegularization: {"l1": 0.5},
    layers.AlphaDropout: {"rate": 0.25},
    layers.CategoryEncoding: {"num_tokens": 4},
    layers.Dense: {"units": 3},
    layers.Dot: {"axes": 1},
    layers.Dropout: {"rate": 0.25},
    layers.Embedding: {"input_dim": 6, "output_dim": 3, "input_length": 4},
    layers.GaussianDropout: {"rate": 0.25},
    layers.GaussianNoise: {"stddev": 0.25},
    layers.Lambda: {"function": doubled},
    layers.Normalization: {"mean": 0.5, "variance": 2.0},
    layers.Permute: {"dims": (2, 1)},
    layers.RepeatVector: {"n": 2},
    layers.Rescaling: {"scale": 0.5},
    layers.Reshape: {"target_shape": (2, 2)},
    layers.SpatialDropout1D: {"rate": 0.25},
    losses.LossFunctionWrapper: {"fn": losses.mean_squared_error},
    metrics.AUC: {"multi_label": True},
    metrics.SparseTopKCategoricalAccuracy: {"k": 2},
    metrics.TopKCategoricalAccuracy: {"k": 2},
    metrics.MeanMetricWrapper: {"fn": losses.mean_squared_error},
    schedules.CosineDecay: {"initial_learning_rate": 0.5, "decay_steps": 4},
    schedules.CosineDecayRestarts: {"initial_learning_rate": 0.5, "first_decay_steps": 4},
    schedules.ExponentialDecay: {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5},
    schedules.InverseTimeDecay: {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.5},
    schedules.PiecewiseConstantDecay: {"boundaries": [2], "values": [0.5, 0.25]},
    schedules.PolynomialDecay: {"initial_learning_rate": 0.5, "decay_steps": 4},
    callbacks.BackupAndRestore: {"backup_dir": "backup", "delete_checkpoint": False},
    callbacks.CSVLogger: {"filename": "log.csv"},
    callbacks.EarlyStopping: {"monitor": "loss"},
    callbacks.LearningRateScheduler: {"schedule": falling},
    callbacks.ModelCheckpoint: {"filepath": "{epoch}.h5", "monitor": "loss", "save_best_only": True},
    callbacks.ReduceLROnPlateau: {"monitor": "loss", "patience": 1},
    callbacks.TensorBoard: {"log_dir": "logs", "write_graph": False},
}
"""The arguments that the objects are made with, where they need some or do more with them."""

VALUES: dict[str, tuple[Any, ...]] = {
    "activation": (activations.softplus, activations.relu),
    "alpha": (0.75,),
    "average": ("micro",),
    "axis": (-1, 0, 1),
    "backup_dir": ("other",),
    "baseline": (0.001,),
    "batch_input_shape": ((None, 4), (None, 6)),
    "beta": (2.0,),
    "boundaries": ([3],),
    "class_id": (1,),
    "clipnorm": (0.01,),
    "clipvalue": (0.01,),
    "count_mode": ("steps", "samples"),
    "curve": ("PR",),
    "decay": (0.5,),
    "dims": ((1, 2),),
    "distribution": ("uniform",),
    "embeddings_metadata": ("names.tsv",),
    "epsilon": (0.5,),
    "factor": (0.5,),
    "field": ("other",),
    "filename": ("other.csv",),
    "filepath": ("other.h5",),
    "fn": (losses.mean_absolute_error,),
    "arguments": ({"by": 3},),
    "function": (halved,),
    "global_clipnorm": (0.01,),
    "headers": ({"a": "b"},),
    "initial_value_threshold": (0.0,),
    "input_length": (5,),
    "k": (1,),
    "label_weights": ([1.0, 3.0],),
    "log_dir": ("other",),
    "max_value": (0.5,),
    "mean": (0.25,),
    "min_delta": (0.25,),
    "mode": ("max", "fan_out"),
    "monitor": ("own",),
    "name": ("other",),
    "noise_shape": ((None, 1),),
    "num_labels": (2,),
    "num_thresholds": (5,),
    "options": ({"compression": "gzip"},),
    "path": ("/other/",),
    "patience": (2,),
    "reduction": ("sum", "none"),
    "rho": (0.5,),
    "root": ("http://localhost:1",),
    "save_freq": (3,),
    "schedule": (constant_rate,),
    "seed": (3,),
    "shared_axes": (1,),
    "stateful_metrics": (["loss"],),
    "summation_method": ("minoring",),
    "target_shape": ((4, 1),),
    "threshold": (0.25, 0.75),
    "thresholds": ([0.25],),
    "top_k": (1,),
    "update_freq": (2,),
    "values": ([0.5, 0.125],),
    "variance": (0.5,),
    "weight_decay": (0.5,),
}
"""By the name of an argument: what it is set to, the first that is another value than it has."""

ENDINGS = {
    "_initializer": initializers.Constant(0.25),
    "_regularizer": regularizers.L1(0.5),
    "_constraint": constraints.MaxNorm(0.1),
}


def cases_of(kinds: Any, each: tuple[Any, ...] = ()) -> list[Case]:
    """Every argument of every class that is a public attribute, with another value than it has.

    A `Setting` that classes have from a common base is looked at in the first of them, and in `each` of those named.
    """
    cases, seen = [], set()
    for kind in dict.fromkeys(k for k in kinds if isinstance(k, type)):
        for case in _cases(kind):
            owner = next((c for c in kind.__mro__ if isinstance(vars(c).get(case.attribute), Setting)), kind)
            if (owner, case.attribute) not in seen or kind in each:
                cases.append(case)
            seen.add((owner, case.attribute))
    return cases


def _cases(kind: Any) -> Iterator[Case]:
    needed = NEEDED.get(kind, {})
    for name in dict.fromkeys(_arguments(kind)):
        case = Case(kind, needed, name, None)
        if name in needed or name not in NO_ATTRIBUTES.get(case.family, ()):
            yield case._replace(value=_other(case))


def _arguments(kind: Any) -> Iterator[str]:
    """The names of a constructor's arguments, those of its bases too where it hands them on."""
    for owner in (c for c in kind.__mro__ if "__init__" in vars(c) and c is not object):
        arguments = list(inspect.signature(owner.__init__).parameters.values())[1:]
        yield from (a.name for a in arguments if a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY))
        if not any(a.kind is a.VAR_KEYWORD for a in arguments):
            return


def _other(case: Case) -> Any:
    try:
        now = getattr(case.made(), case.attribute)
    except (AttributeError, MinifitError):
        now = None
    if case.name.startswith("on_"):
        return told
    for ending, value in ENDINGS.items():
        if case.name.endswith(ending):
            return value
    for value in VALUES.get(case.name, ()):
        if plain(value) != plain(now):
            return value
    if isinstance(now, bool):
        return not now
    if case.name in ("from_logits", "options") or now is None:
        return True
    if isinstance(now, int):
        return now + 2
    assert np.ndim(now) == 0, f"give VALUES another value for {case.id}, which is {now!r}"
    return float(now) / 2 or 0.25
