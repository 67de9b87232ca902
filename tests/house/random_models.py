"""Random small trainings, drawn over the whole family: what tests that must hold for all of it are fed with.

A drawn training is plain data: names and arguments as `compile`, `fit` and the layers take them. So a failing example
can be read, and made again as often as needed. Every table of the family has its strategies here by the names of its
members; tests/house/test_random_models.py sees that none is forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minifit import (
    Sequential,
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
)
from minifit.arrays import Array
from minifit.callbacks import Callback
from minifit.layers.merge import Merge
from minifit.optimizers import schedules
from minifit.settings import Fixed
from minifit.tables import Table

Options = dict[str, Any]
Strategy = st.SearchStrategy[Any]
Named = tuple[str, Options]
"""A member of a table and its arguments."""


@dataclass
class Training:
    """A model, the data that it is trained on, and how."""

    shape: tuple[int, ...]
    """Of a sample."""
    ids: bool
    """Whether the input are whole numbers, for an Embedding."""
    hidden: list[Named]
    head: Named
    loss: Any
    """A name, or a class's name with its arguments."""
    targets: str
    metrics: list[Any]
    weighted_metrics: list[Any]
    optimizer: Named
    samples: int
    batch_size: int
    epochs: int
    shuffle: bool
    unit: int
    weights: bool
    class_weights: bool
    validation: bool
    frozen: int | None
    """The layer that is not trained."""
    changed: tuple[str, float] | None
    """A hyperparameter of the optimizer that a callback sets when the second epoch begins."""
    seed: int

    # -- what a test needs of it ----------------------------------------------------------------------------------

    def model(self) -> Sequential:
        """A fresh model, compiled."""
        model = Sequential(name="drawn")
        for place, (name, options) in enumerate([*self.hidden, self.head]):
            first = {"input_shape": self.shape} if not place else {}
            model.add(make(layers, name, {**options, **first, "name": f"layer_{place}"}))
        if self.frozen is not None:
            model.layers[self.frozen].trainable = False
        loss = self.loss if isinstance(self.loss, str) else make(losses, *self.loss)
        model.compile(
            make_optimizer(*self.optimizer),
            loss,
            metrics=[make_metric(m, f"metric_{i}") for i, m in enumerate(self.metrics)],
            weighted_metrics=[make_metric(m, f"weighted_{i}") for i, m in enumerate(self.weighted_metrics)],
            steps_per_execution=self.unit,
        )
        return model

    def data(self, model: Sequential, samples: int) -> tuple[Array, Array, Array | None]:
        """Inputs, targets and weights of so many samples, always the same."""
        rng = np.random.default_rng([self.seed, samples])
        shape = (samples, *self.shape)
        x = rng.integers(0, WORDS, shape) if self.ids else rng.standard_normal(shape, np.float32)
        y = TARGETS[self.targets](rng, (samples, *(n or 1 for n in model.output_shape[1:])))
        return x, y, rng.uniform(0.2, 2, samples).astype(np.float32) if self.weights else None

    def fit(self, model: Sequential, *callbacks: Any) -> Any:
        """Train it."""
        x, y, weights = self.data(model, self.samples)
        classes = model.output_shape[-1] if y.shape[-1] > 1 or self.targets.startswith("ids") else 2
        options: Options = {"sample_weight": weights} if weights is not None else {}
        if self.class_weights and y.ndim <= 2:
            options["class_weight"] = {c: 0.5 + c for c in range(classes or 2)}
        if self.validation:
            options["validation_data"] = tuple(a for a in self.data(model, 5) if a is not None)
        return model.fit(
            x,
            y,
            batch_size=self.batch_size,
            epochs=self.epochs,
            shuffle=self.shuffle,
            verbose=0,
            callbacks=[Changes(self.changed), *callbacks],
            **options,
        )


class Changes(Callback):
    """Sets a hyperparameter that the optimizer has when the second epoch begins."""

    def __init__(self, changed: tuple[str, float] | None) -> None:
        self.changed = changed

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch != 1 or self.changed is None:
            return
        optimizer, name = self.model.optimizer, self.changed[0]
        settled = isinstance(vars(type(optimizer)).get(name), Fixed)
        if not settled and getattr(optimizer, name, None) is not None:
            setattr(optimizer, *self.changed)


def make(module: Any, name: str, options: Options) -> Any:
    return (
        module.TABLE[name](**options)
        if name in getattr(module, "TABLE", ())
        else getattr(module, name)(**options)
    )


def make_metric(drawn: Any, name: str) -> Any:
    return drawn if isinstance(drawn, str) else make(metrics, drawn[0], {**drawn[1], "name": name})


def make_optimizer(name: str, options: Options) -> Any:
    rate = options.get("learning_rate")
    if isinstance(rate, tuple):
        options = {**options, "learning_rate": make(schedules, *rate)}
    return getattr(optimizers, name)(**options)


# -- layers -------------------------------------------------------------------------------------------------------

WORDS = 6
UNITS = st.sampled_from([1, 2, 3, 4, 5, 64])  # the compiled kernels take other ways where arrays are larger
MAYBE = st.booleans()
SEEDS = st.none() | st.integers(0, 5)


def either(**options: Strategy) -> Strategy:
    """Any of these arguments, each with a value of its own."""
    return st.fixed_dictionaries({}, optional=options)


def member(name: str, **options: Strategy) -> Strategy:
    """A member of a table by its configuration."""
    return st.builds(lambda config: {"class_name": name, "config": config}, either(**options))


def any_of(table: Table) -> Strategy:
    """The name of any member."""
    return st.sampled_from(sorted({member.__name__ for member in table.values()}))


ACTIVATIONS = st.sampled_from(sorted(activations.TABLE))
INITIALIZERS = any_of(initializers.TABLE) | st.one_of(
    member("VarianceScaling", scale=st.just(2.0), mode=st.sampled_from(["fan_in", "fan_out", "fan_avg"])),
    member("Constant", value=st.just(0.3)),
)
FACTORS = st.sampled_from([0.0, 0.01, 0.1])
REGULARIZERS = st.one_of(
    st.none(),
    any_of(regularizers.TABLE),
    member("L1L2", l1=FACTORS, l2=FACTORS),
)
CONSTRAINTS = st.one_of(
    st.none(),
    any_of(constraints.TABLE),
    member("MaxNorm", max_value=st.sampled_from([0.5, 2.0])),
    member("MinMaxNorm", min_value=st.just(0.2), max_value=st.just(0.8), rate=st.sampled_from([0.5, 1.0])),
)
OF_SCALES = {
    "center": MAYBE,
    "scale": MAYBE,
    "epsilon": st.sampled_from([0.001, 0.1]),
    "beta_regularizer": REGULARIZERS,
    "gamma_regularizer": REGULARIZERS,
    "beta_constraint": st.sampled_from([None, "NonNeg"]),
    "gamma_constraint": st.sampled_from([None, "NonNeg"]),
}


def dense(activation: Strategy) -> Strategy:
    return st.builds(
        lambda units, rest: {"units": units, **rest},
        UNITS,
        either(
            activation=activation,
            use_bias=MAYBE,
            kernel_initializer=INITIALIZERS,
            bias_initializer=st.sampled_from(["zeros", "ones", "random_normal"]),
            kernel_regularizer=REGULARIZERS,
            bias_regularizer=REGULARIZERS,
            activity_regularizer=REGULARIZERS,
            kernel_constraint=CONSTRAINTS,
            bias_constraint=st.sampled_from([None, "NonNeg"]),
        ),
    )


def squared(inputs: Any, factor: float) -> Any:
    """The function of a Lambda layer."""
    return ops.square(inputs) * factor


def axes(shape: tuple[int, ...]) -> Strategy:
    return st.integers(1, len(shape)) | st.just(-1)


def targets_of_reshape(shape: tuple[int, ...]) -> Strategy:
    size = prod(shape)
    return st.sampled_from([(-1,), (size,), shape[::-1], *((d, -1) for d in (1, 2) if not size % d)])


LAYERS: Mapping[str, Any] = {
    "Activation": lambda s: st.fixed_dictionaries({"activation": ACTIVATIONS}),
    "ActivityRegularization": lambda s: either(l1=FACTORS, l2=FACTORS),
    "BatchNormalization": lambda s: either(axis=axes(s), momentum=st.sampled_from([0.5, 0.9]), **OF_SCALES),
    "CategoryEncoding": lambda s: st.fixed_dictionaries(
        {"num_tokens": st.just(WORDS), "output_mode": st.sampled_from(["multi_hot", "count"])}
    ),
    "Dense": lambda s: dense(ACTIVATIONS),
    "Discretization": lambda s: st.just({"bin_boundaries": [-0.5, 0.0, 0.5]}),
    "Dropout": lambda s: st.fixed_dictionaries(
        {"rate": st.sampled_from([0.0, 0.3, 0.5])},
        optional={"seed": SEEDS, "noise_shape": st.just((None,) * len(s) + (1,))},
    ),
    "AlphaDropout": lambda s: st.fixed_dictionaries({"rate": st.just(0.3)}, optional={"seed": SEEDS}),
    "ELU": lambda s: either(alpha=st.sampled_from([0.5, 2.0])),
    "Embedding": lambda s: st.fixed_dictionaries(
        {"input_dim": st.just(WORDS), "output_dim": UNITS},
        optional={
            "embeddings_initializer": INITIALIZERS,
            "embeddings_regularizer": REGULARIZERS,
            "activity_regularizer": REGULARIZERS,
            "embeddings_constraint": CONSTRAINTS,
        },
    ),
    "Flatten": lambda s: st.just({}),
    "GaussianDropout": lambda s: st.fixed_dictionaries({"rate": st.just(0.3)}, optional={"seed": SEEDS}),
    "GaussianNoise": lambda s: st.fixed_dictionaries({"stddev": st.just(0.3)}, optional={"seed": SEEDS}),
    "InputLayer": lambda s: st.just({}),
    "IntegerLookup": lambda s: st.just({"vocabulary": [3, 1, 0], "num_oov_indices": 2}),
    "Lambda": lambda s: st.just({"function": squared, "arguments": {"factor": 0.5}}),
    "LayerNormalization": lambda s: either(axis=axes(s), **OF_SCALES),
    "LeakyReLU": lambda s: either(alpha=st.sampled_from([0.1, 0.5])),
    "Normalization": lambda s: st.sampled_from([{"mean": 0.5, "variance": 2.0}, {}, {"axis": None}]),
    "PReLU": lambda s: either(
        alpha_initializer=st.sampled_from(["zeros", "ones", "random_normal", "glorot_uniform"]),
        alpha_regularizer=REGULARIZERS,
        alpha_constraint=CONSTRAINTS,
        shared_axes=st.just([1]),
    ),
    "Permute": lambda s: st.permutations(range(1, len(s) + 1)).map(lambda dims: {"dims": tuple(dims)}),
    "ReLU": lambda s: either(
        max_value=st.just(1.5), negative_slope=st.just(0.2), threshold=st.sampled_from([0.0, 0.1])
    ),
    "RepeatVector": lambda s: st.just({"n": 2}),
    "Rescaling": lambda s: st.fixed_dictionaries(
        {"scale": st.just(0.5)}, optional={"offset": st.just(-0.25)}
    ),
    "Reshape": lambda s: st.fixed_dictionaries({"target_shape": targets_of_reshape(s)}),
    "Softmax": lambda s: either(axis=axes(s)),
    "SpatialDropout1D": lambda s: st.fixed_dictionaries({"rate": st.just(0.3)}, optional={"seed": SEEDS}),
    "TFOpLambda": lambda s: st.just({"function": "math.tanh"}),
    "ThresholdedReLU": lambda s: either(theta=st.sampled_from([0.1, 0.5])),
    "UnitNormalization": lambda s: either(axis=axes(s)),
}
OF_IDS = ("CategoryEncoding", "Embedding", "IntegerLookup")
FIRST_ONLY = (*OF_IDS, "Discretization", "InputLayer")
NOT_IN_A_CHAIN = [name for name, kind in layers.TABLE.items() if issubclass(kind, Merge)]
NOT_IN_A_CHAIN += ["AddLoss", "AddMetric", "StringLookup"]
"""Layers that take several inputs, or text, or that a graph makes."""
RANKS = {"RepeatVector": 1, "SpatialDropout1D": 2}
"""How many axes a sample must have, for layers that ask."""


# -- losses, each with its targets and the activations that fit before it ------------------------------------------

TARGETS: Mapping[str, Any] = {
    "real": lambda rng, s: rng.standard_normal(s),
    "positive": lambda rng, s: rng.uniform(0.3, 2, s),
    "signs": lambda rng, s: rng.choice([-1.0, 1.0], s),
    "bits": lambda rng, s: rng.integers(0, 2, s),
    "shares": lambda rng, s: rng.dirichlet(np.ones(s[-1]), s[:-1]),
    "one hot": lambda rng, s: np.eye(s[-1])[rng.integers(0, s[-1], s[:-1])],
    "ids": lambda rng, s: rng.integers(0, s[-1], s[:-1]),
    "ids in a column": lambda rng, s: rng.integers(0, s[-1], (*s[:-1], 1)),
}
ANY_REAL = ("linear", "tanh", "elu")
LOSSES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "mean_squared_error": (("real", "positive"), (*ANY_REAL, "relu", "sigmoid")),
    "mean_absolute_error": (("real",), ANY_REAL),
    "mean_absolute_percentage_error": (("positive",), ("softplus", "linear")),
    "mean_squared_logarithmic_error": (("positive",), ("softplus", "exponential")),
    "binary_crossentropy": (("bits",), ("sigmoid", "hard_sigmoid", "softmax")),
    "categorical_crossentropy": (("one hot", "shares"), ("softmax", "sigmoid")),
    "sparse_categorical_crossentropy": (("ids", "ids in a column"), ("softmax",)),
    "huber": (("real",), ANY_REAL),
    "log_cosh": (("real",), ANY_REAL),
    "kl_divergence": (("shares",), ("softmax",)),
    "poisson": (("positive",), ("softplus", "exponential")),
    "hinge": (("signs", "bits"), ANY_REAL),
    "squared_hinge": (("signs",), ANY_REAL),
    "categorical_hinge": (("one hot",), ANY_REAL),
    "cosine_similarity": (("real",), ANY_REAL),
}
FROM_LOGITS = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
LOSS_OPTIONS: Mapping[str, Strategy] = {
    "reduction": st.sampled_from(["auto", "none", "sum", "sum_over_batch_size"]),
    "label_smoothing": st.just(0.1),
    "delta": st.sampled_from([0.3, 2.0]),
}
LOSS_CLASSES: Mapping[str, str] = {
    made().fn.__name__: name for name, made in losses.TABLE.items() if isinstance(made, type)
}


@st.composite
def loss_and_head(draw: st.DrawFn) -> tuple[Any, str, Named]:
    name = draw(st.sampled_from(sorted(LOSSES)))
    targets, activations = LOSSES[name]
    head = draw(dense(st.sampled_from(activations)))
    head["activation"] = head.get("activation", activations[0])
    if "ids" in targets or "one hot" in targets or name == "cosine_similarity":
        head["units"] += 1  # at least two classes; and the angle between single numbers has no slope
    kind = draw(st.sampled_from(targets))
    if draw(MAYBE):
        return name, kind, ("Dense", head)
    made = losses.TABLE[LOSS_CLASSES[name]]
    known = made.__init__.__code__.co_varnames
    options = draw(either(**{k: s for k, s in LOSS_OPTIONS.items() if k in known}))
    if name in FROM_LOGITS and draw(MAYBE):
        options["from_logits"] = True
        head["activation"] = "linear"
    return (LOSS_CLASSES[name], options), kind, ("Dense", head)


# -- metrics, by the targets that they fit ---------------------------------------------------------------------------

SMOOTH: list[Any] = [
    "mse",
    "mae",
    ("RootMeanSquaredError", {}),
    ("CosineSimilarity", {}),
    ("MeanSquaredError", {}),
]
SMOOTH += [("MeanAbsoluteError", {}), ("LogCoshError", {})]
HINGES: list[Any] = [("Hinge", {}), ("SquaredHinge", {})]
COUNTS = ["TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall"]
METRICS: Mapping[str, list[Any]] = {
    "real": SMOOTH,
    "positive": [
        *SMOOTH,
        ("MeanAbsolutePercentageError", {}),
        ("MeanSquaredLogarithmicError", {}),
        ("Poisson", {}),
    ],
    "signs": [*SMOOTH, *HINGES],
    "bits": [*SMOOTH, *HINGES, "accuracy", ("BinaryAccuracy", {"threshold": 0.4}), ("Accuracy", {})],
    "shares": [*SMOOTH, ("KLDivergence", {})],
    "one hot": [
        *SMOOTH,
        "accuracy",
        ("CategoricalAccuracy", {}),
        ("CategoricalHinge", {}),
        ("TopKCategoricalAccuracy", {"k": 2}),
        ("CategoricalCrossentropy", {"from_logits": True}),
    ],
    "ids": [
        "accuracy",
        ("SparseCategoricalAccuracy", {}),
        ("SparseTopKCategoricalAccuracy", {"k": 1}),
        ("SparseCategoricalCrossentropy", {"from_logits": True}),
    ],
}
PROBABILITY_METRICS: list[Any] = [
    *((name, options) for name in COUNTS for options in ({}, {"thresholds": [0.3, 0.7]})),
    ("AUC", {}),
    ("AUC", {"num_thresholds": 5, "curve": "PR", "summation_method": "minoring"}),
    ("BinaryCrossentropy", {}),
]
ROW_METRICS: list[Any] = [
    ("F1Score", {}),
    ("FBetaScore", {"beta": 2.0, "average": "macro", "threshold": 0.4}),
]


def fitting_metrics(targets: str, activation: str, rank: int) -> list[Any]:
    found = list(METRICS["ids" if targets.startswith("ids") else targets])
    if activation in ("sigmoid", "softmax") and targets in ("bits", "one hot"):
        found += PROBABILITY_METRICS
        found += ROW_METRICS if rank == 2 else []
    return found


# -- optimizers --------------------------------------------------------------------------------------------------------

BETAS = st.sampled_from([0.0, 0.5, 0.9])
SMALL = st.sampled_from([1e-7, 1e-3])
STEPS = st.sampled_from([1, 3, 10])
SCHEDULES: Mapping[str, Strategy] = {
    "ExponentialDecay": st.fixed_dictionaries(
        {"decay_steps": STEPS, "decay_rate": st.just(0.7)}, optional={"staircase": MAYBE}
    ),
    "InverseTimeDecay": st.fixed_dictionaries(
        {"decay_steps": STEPS, "decay_rate": st.just(0.7)}, optional={"staircase": MAYBE}
    ),
    "PolynomialDecay": st.fixed_dictionaries(
        {"decay_steps": STEPS},
        optional={"cycle": MAYBE, "power": st.just(2.0), "end_learning_rate": st.just(0.01)},
    ),
    "CosineDecay": st.fixed_dictionaries({"decay_steps": STEPS, "alpha": st.just(0.1)}),
    "CosineDecayRestarts": st.fixed_dictionaries({"first_decay_steps": STEPS, "alpha": st.just(0.1)}),
    "PiecewiseConstantDecay": st.just({"boundaries": [2, 5], "values": [0.05, 0.02, 0.01]}),
}
OPTIMIZERS: Mapping[str, dict[str, Strategy]] = {
    "SGD": {"momentum": BETAS, "nesterov": MAYBE},
    "Adam": {"beta_1": BETAS, "beta_2": st.sampled_from([0.9, 0.999]), "epsilon": SMALL, "amsgrad": MAYBE},
    "AdamW": {"weight_decay": st.sampled_from([0.0, 0.1]), "beta_1": BETAS, "amsgrad": MAYBE},
    "Adamax": {"beta_1": BETAS, "beta_2": BETAS, "epsilon": SMALL},
    "Nadam": {"beta_1": BETAS, "epsilon": SMALL, "schedule_decay": st.just(0.1)},
    "Adagrad": {"initial_accumulator_value": st.sampled_from([0.0, 0.1]), "epsilon": SMALL},
    "Adadelta": {"rho": BETAS, "epsilon": SMALL},
    "RMSprop": {"rho": BETAS, "momentum": BETAS, "centered": MAYBE, "epsilon": SMALL},
    "Ftrl": {
        "learning_rate_power": st.sampled_from([-0.5, -0.3, 0.0]),
        "l1_regularization_strength": FACTORS,
        "l2_regularization_strength": FACTORS,
        "l2_shrinkage_regularization_strength": FACTORS,
        "beta": FACTORS,
    },
}
CHANGES = st.sampled_from(
    [("beta_1", 0.3), ("rho", 0.3), ("epsilon", 0.01), ("decay", 0.5), ("clipvalue", 0.01)]
)
CLIPPING = st.sampled_from([{}, {"clipnorm": 0.1}, {"clipvalue": 0.05}, {"global_clipnorm": 0.2}])
RATES = st.sampled_from([0.001, 0.01, 0.05])


@st.composite
def optimizer(draw: st.DrawFn) -> Named:
    name = draw(st.sampled_from(sorted(OPTIMIZERS)))
    options = draw(either(**OPTIMIZERS[name])) | draw(CLIPPING)
    options["learning_rate"] = draw(RATES)
    if name != "AdamW" and draw(MAYBE):
        options["weight_decay"] = 0.01
    if draw(MAYBE):
        options["decay"] = 0.3
    if name != "Nadam" and draw(MAYBE):
        schedule = draw(st.sampled_from(sorted(SCHEDULES)))
        first = (
            {}
            if schedule == "PiecewiseConstantDecay"
            else {"initial_learning_rate": options["learning_rate"]}
        )
        options["learning_rate"] = schedule, first | draw(SCHEDULES[schedule])
    return name, options


# -- all together ------------------------------------------------------------------------------------------------------


@st.composite
def hidden_layers(draw: st.DrawFn, shape: tuple[int, ...], ids: bool) -> tuple[list[Named], tuple[int, ...]]:
    """Up to three layers, and the shape of what comes out of them."""
    first = draw(st.sampled_from(OF_IDS if ids else (None, None, "Discretization")))
    found: list[Named] = [] if first is None else [(first, draw(LAYERS[first](shape)))]
    after = shape_after(found, shape)
    for _ in range(draw(st.integers(0, 3))):
        rank = len(after)
        known = sorted(n for n in LAYERS if n not in FIRST_ONLY and RANKS.get(n, rank) == rank)
        name = draw(st.sampled_from(known))
        found.append((name, draw(LAYERS[name](after))))
        after = shape_after(found, shape)
    return found, after


def shape_after(chain: list[Named], shape: tuple[int, ...]) -> tuple[int, ...]:
    model = Sequential([layers.InputLayer(shape), *(make(layers, *each) for each in chain)])
    return tuple(n or 1 for n in model.output_shape[1:])


@st.composite
def trainings(draw: st.DrawFn) -> Training:
    """Any training."""
    ids = draw(st.sampled_from([False, False, True]))
    shape = draw(st.sampled_from([(1,), (2,), (3,)] if ids else [(1,), (3,), (4,), (2, 3)]))
    hidden, after = draw(hidden_layers(shape, ids))
    if len(after) > 2 or draw(MAYBE):
        hidden.append(("Flatten", {}))
        after = (prod(after),)
    loss, targets, head = draw(loss_and_head())
    fitting = fitting_metrics(targets, head[1]["activation"], len(after) + 1)
    picked = st.lists(st.sampled_from(fitting), max_size=2, unique_by=str)
    samples = draw(st.integers(2, 11))
    return Training(
        shape=shape,
        ids=ids,
        hidden=hidden,
        head=head,
        loss=loss,
        targets=targets,
        metrics=draw(picked),
        weighted_metrics=[]
        if targets.startswith("ids")
        else draw(st.sampled_from([[], [("MeanSquaredError", {})]])),
        optimizer=draw(optimizer()),
        samples=samples,
        batch_size=draw(st.integers(1, samples + 2)),
        epochs=draw(st.integers(1, 3)),
        shuffle=draw(MAYBE),
        unit=draw(st.sampled_from([1, 1, 2, 3])),
        weights=draw(MAYBE),
        class_weights=draw(MAYBE) and targets in ("bits", "one hot", "ids") and len(after) == 1,
        validation=draw(MAYBE),
        frozen=draw(st.none() | st.integers(0, len(hidden))),
        changed=draw(st.none() | CHANGES),
        seed=draw(st.integers(0, 10_000)),
    )
