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
    made = K.Sequential([K.layers.Dense(4, "softmax", input_shape=(3,))])
    weighted = ["huber", "kld"] if K.__name__ == "minifit" else [K.losses.huber, "kl_divergence"]
    made.compile(
        "sgd",
        "kl_divergence",
        metrics=["acc", "mse", "top_k_categorical_accuracy"],
        weighted_metrics=weighted,
    )
    return made


KERAS3: dict[str, Callable[[Any], Any]] = {
    **{name: make for name, make in CASES.items() if name != "classes"},
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

PREDICTED = ("rmsprop", "embedding", "shapes")
"""Cases of which only the predictions are compared: the two compute RMSprop and draw random numbers differently."""
