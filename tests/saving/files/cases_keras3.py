"""The models of cases.py as far as Keras 3 has them, with what only Keras 3 and minifit have: ``K`` is one of both."""

from collections.abc import Callable
from typing import Any

from tests.saving.files.cases import CASES, custom, layers, with_optimizer


def nadam(K: Any) -> Any:
    """Nadam as Keras 3 computes it."""
    own = {"schedule_decay": 1.0} if K.__name__ == "minifit" else {}
    return with_optimizer(lambda O: O.Nadam(0.1, **own))(K)


def block(K: Any) -> Any:
    """Layers of one's own; frozen ones would go on learning in Keras 3, as far as they are made of others."""
    Block = custom(K)["Block"]
    made = K.Sequential([Block(4, input_shape=(3,)), Block(2), K.layers.Dense(1)])
    made.compile(K.optimizers.SGD(0.01, momentum=0.9), "mse")
    return made


def frozen(K: Any) -> Any:
    """Layers that are left alone, of which the optimizer remembers nothing; batch normalization in both ways."""
    L = K.layers
    made = K.Sequential(
        [
            L.Dense(3, trainable=False, input_shape=(3,)),
            L.BatchNormalization(scale=False),
            L.Dense(3),
            L.BatchNormalization(trainable=False),
            L.Dense(1),
        ]
    )
    made.compile(K.optimizers.RMSprop(0.01, momentum=0.5), "mse", weighted_metrics=["mae"])
    return made


def shapes(K: Any) -> Any:
    """Layers that work along several axes."""
    L = K.layers
    made = K.Sequential(
        [
            L.Reshape((1, 3), input_shape=(3,)),
            L.Dense(4, "gelu", kernel_initializer=K.initializers.Orthogonal(seed=3)),
            L.LayerNormalization(axis=[1, 2]),
            L.Reshape((2, -1)),
            L.Softmax(axis=[1, 2]),
            L.BatchNormalization(axis=1, center=False),
            L.Normalization(axis=None, mean=0.5, variance=2.0),
            L.Dropout(0.5, noise_shape=(None, 1, 2), seed=3),
            L.Flatten(),
            L.Dense(1, kernel_constraint=K.constraints.MinMaxNorm(0.1, 0.9), bias_constraint="unit_norm"),
        ]
    )
    made.compile(K.optimizers.SGD(0.0), "mse")
    return made


def names(K: Any) -> Any:
    """Functions by their names."""
    made = K.Sequential([K.layers.Dense(8, "softmax", input_shape=(3,))])
    weighted = ["huber", "kld"] if K.__name__ == "minifit" else [K.losses.huber, "kl_divergence"]
    made.compile(
        "sgd",
        "kl_divergence",
        metrics=["acc", "mse", "top_k_categorical_accuracy"],
        weighted_metrics=weighted,
    )
    return made


KERAS3: dict[str, Callable[[Any], Any]] = {
    **{name: make for name, make in CASES.items() if name not in ("classes", "added")},
    "nesterov": with_optimizer(lambda O: O.SGD(0.1, momentum=0.9, nesterov=True)),
    "nadam": nadam,
    "adamw": with_optimizer(lambda O: O.AdamW(0.1, weight_decay=0.02)),
    "weight-decay": with_optimizer(
        lambda O: O.SGD(0.1, momentum=0.9, weight_decay=0.02, global_clipnorm=0.1)
    ),
    "layers": lambda K: layers(K, "sigmoid", 1.0),
    "block": block,
    "frozen": frozen,
    "shapes": shapes,
    "names": names,
}

PREDICTED = ("rmsprop", "embedding", "shapes", "subclassed")
"""Cases of which only the predictions are compared.

The two compute RMSprop and draw random numbers differently, and `fit` of Keras 3.15.1 leaves the moving averages of
`subclassed` as they are.
"""


OBJECTS: dict[str, Callable[[Any], Any]] = {
    # layers
    "layers.Dense": lambda K: K.layers.Dense(
        2, "relu", kernel_regularizer="l2", bias_constraint="non_neg", name="x"
    ),
    "layers.Embedding": lambda K: K.layers.Embedding(
        3, 2, "zeros", embeddings_constraint="max_norm", name="x"
    ),
    "layers.BatchNormalization": lambda K: K.layers.BatchNormalization(momentum=0.9, scale=False, name="x"),
    "layers.LayerNormalization": lambda K: K.layers.LayerNormalization(axis=[1, 2], epsilon=0.1, name="x"),
    "layers.Normalization": lambda K: K.layers.Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0], name="x"),
    "layers.Dropout": lambda K: K.layers.Dropout(0.2, noise_shape=(None, 1), seed=3, name="x"),
    "layers.GaussianDropout": lambda K: K.layers.GaussianDropout(0.2, seed=3, name="x"),
    "layers.GaussianNoise": lambda K: K.layers.GaussianNoise(0.2, seed=3, name="x"),
    "layers.LeakyReLU": lambda K: K.layers.LeakyReLU(0.25, name="x"),
    "layers.AlphaDropout": lambda K: K.layers.AlphaDropout(0.2, noise_shape=(None, 1), seed=3, name="x"),
    "layers.SpatialDropout1D": lambda K: K.layers.SpatialDropout1D(0.2, seed=3, name="x"),
    "layers.PReLU": lambda K: K.layers.PReLU("ones", "l2", "non_neg", [1], name="x"),
    "layers.UnitNormalization": lambda K: K.layers.UnitNormalization(axis=[1, 2], name="x"),
    "layers.RepeatVector": lambda K: K.layers.RepeatVector(3, name="x"),
    "layers.Permute": lambda K: K.layers.Permute((2, 1), name="x"),
    "layers.ReLU": lambda K: K.layers.ReLU(6.0, 0.1, 0.2, name="x"),
    "layers.ELU": lambda K: K.layers.ELU(0.5, name="x"),
    "layers.Softmax": lambda K: K.layers.Softmax(axis=1, name="x"),
    "layers.Activation": lambda K: K.layers.Activation("gelu", name="x", trainable=False),
    "layers.ActivityRegularization": lambda K: K.layers.ActivityRegularization(0.1, 0.2, name="x"),
    "layers.Rescaling": lambda K: K.layers.Rescaling(0.5, 0.1, name="x"),
    "layers.Reshape": lambda K: K.layers.Reshape((2, -1), name="x"),
    "layers.Flatten": lambda K: K.layers.Flatten(name="x"),
    # what they are made of
    "initializers.Zeros": lambda K: K.initializers.Zeros(),
    "initializers.Ones": lambda K: K.initializers.Ones(),
    "initializers.Constant": lambda K: K.initializers.Constant(2.0),
    "initializers.Identity": lambda K: K.initializers.Identity(),
    "initializers.RandomUniform": lambda K: K.initializers.RandomUniform(-1.0, 1.0, seed=3),
    "initializers.RandomNormal": lambda K: K.initializers.RandomNormal(0.5, 2.0),
    "initializers.TruncatedNormal": lambda K: K.initializers.TruncatedNormal(0.5, 2.0, seed=3),
    "initializers.VarianceScaling": lambda K: K.initializers.VarianceScaling(2.0, "fan_out", "uniform", 3),
    **{
        f"initializers.{name}": lambda K, name=name: getattr(K.initializers, name)(seed=3)  # type: ignore[misc]
        for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
    },
    "initializers.Orthogonal": lambda K: K.initializers.Orthogonal(2.0, seed=3),
    "regularizers.L1": lambda K: K.regularizers.L1(0.1),
    "regularizers.L2": lambda K: K.regularizers.L2(0.1),
    "regularizers.L1L2": lambda K: K.regularizers.L1L2(0.1, 0.2),
    "constraints.MaxNorm": lambda K: K.constraints.MaxNorm(3.0, axis=1),
    "constraints.NonNeg": lambda K: K.constraints.NonNeg(),
    "constraints.UnitNorm": lambda K: K.constraints.UnitNorm(axis=1),
    "constraints.MinMaxNorm": lambda K: K.constraints.MinMaxNorm(0.1, 2.0, 0.5, axis=1),
    # what trains them
    "optimizers.SGD": lambda K: K.optimizers.SGD(0.1, 0.9, True, clipnorm=1.0),
    "optimizers.Adam": lambda K: K.optimizers.Adam(0.1, 0.8, 0.9, 0.01, True, clipvalue=1.0),
    "optimizers.AdamW": lambda K: K.optimizers.AdamW(0.1, 0.02, 0.8, 0.9, 0.01, global_clipnorm=1.0),
    "optimizers.Adamax": lambda K: K.optimizers.Adamax(0.1, 0.8, 0.9, 0.01),
    "optimizers.Adagrad": lambda K: K.optimizers.Adagrad(0.1, 0.2, 0.01),
    "optimizers.Adadelta": lambda K: K.optimizers.Adadelta(0.1, 0.9, 0.01),
    "optimizers.RMSprop": lambda K: K.optimizers.RMSprop(0.1, 0.8, 0.7, 0.01, True, weight_decay=0.02),
    "optimizers.Ftrl": lambda K: K.optimizers.Ftrl(0.1, -0.4, 0.2, 0.01, 0.02, beta=0.1),
    "optimizers.Nadam": lambda K: K.optimizers.Nadam(
        0.1, 0.8, 0.9, 0.01, **({"schedule_decay": 1.0} if K.__name__ == "minifit" else {})
    ),
    "schedules.ExponentialDecay": lambda K: K.optimizers.schedules.ExponentialDecay(
        0.1, 4, 0.5, True, name="x"
    ),
    "schedules.InverseTimeDecay": lambda K: K.optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5, name="x"),
    "schedules.PolynomialDecay": lambda K: K.optimizers.schedules.PolynomialDecay(
        0.1, 9, 0.01, 2.0, True, name="x"
    ),
    "schedules.CosineDecay": lambda K: K.optimizers.schedules.CosineDecay(0.1, 20, 0.1, name="x"),
    "schedules.CosineDecayRestarts": lambda K: K.optimizers.schedules.CosineDecayRestarts(
        0.1, 5, 3.0, 0.9, 0.1, "x"
    ),
    "schedules.PiecewiseConstantDecay": lambda K: K.optimizers.schedules.PiecewiseConstantDecay(
        [1, 2], [0.1, 0.2, 0.3], name="x"
    ),
    # what judges them
    **{
        f"losses.{name}": lambda K, name=name: getattr(K.losses, name)(reduction="sum", name="x")  # type: ignore[misc]
        for name in (
            "MeanSquaredError",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredLogarithmicError",
            "Huber",
            "LogCosh",
            "KLDivergence",
            "Poisson",
            "Hinge",
            "SquaredHinge",
            "CategoricalHinge",
            "CosineSimilarity",
            "BinaryCrossentropy",
            "CategoricalCrossentropy",
            "SparseCategoricalCrossentropy",
        )
    },
    **{
        f"metrics.{name}": lambda K, name=name: getattr(K.metrics, name)(name="x")  # type: ignore[misc]
        for name in (
            "Mean",
            "Sum",
            "Accuracy",
            "CategoricalAccuracy",
            "SparseCategoricalAccuracy",
            "MeanSquaredError",
            "RootMeanSquaredError",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredLogarithmicError",
            "CosineSimilarity",
            "LogCoshError",
            "Poisson",
            "KLDivergence",
            "Hinge",
            "SquaredHinge",
            "CategoricalHinge",
        )
    },
    **{
        f"metrics.{name}": lambda K, name=name: getattr(K.metrics, name)(thresholds=[0.3, 0.6], name="x")  # type: ignore[misc]
        for name in (
            "TruePositives",
            "TrueNegatives",
            "FalsePositives",
            "FalseNegatives",
            "Precision",
            "Recall",
        )
    },
    "metrics.AUC": lambda K: K.metrics.AUC(20, "PR", "minoring", name="x"),
    "metrics.BinaryAccuracy": lambda K: K.metrics.BinaryAccuracy(name="x", threshold=0.4),
    "metrics.TopKCategoricalAccuracy": lambda K: K.metrics.TopKCategoricalAccuracy(k=3, name="x"),
    "metrics.SparseTopKCategoricalAccuracy": lambda K: K.metrics.SparseTopKCategoricalAccuracy(k=3, name="x"),
    "metrics.FBetaScore": lambda K: K.metrics.FBetaScore("micro", 2.0, 0.4, name="x"),
    "metrics.F1Score": lambda K: K.metrics.F1Score("macro", 0.4, name="x"),
    "metrics.BinaryCrossentropy": lambda K: K.metrics.BinaryCrossentropy(name="x", label_smoothing=0.1),
    "metrics.CategoricalCrossentropy": lambda K: K.metrics.CategoricalCrossentropy(
        name="x", label_smoothing=0.1
    ),
    "metrics.SparseCategoricalCrossentropy": lambda K: K.metrics.SparseCategoricalCrossentropy(
        name="x", axis=1
    ),
}
"""One object of every class that both have, with arguments of its own: how each writes it is compared."""
