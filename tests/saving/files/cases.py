"""The models whose files minifit and Keras exchange, written for either library: ``K`` is minifit or tf.keras.

Every optimizer, schedule, layer, loss and metric that both have is in one of them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.saving.files import cases_graphs
from tests.saving.files.cases_graphs import INPUTS, TARGETS

X = np.sin(np.arange(24, dtype=np.float32)).reshape(8, 3)
Y = np.abs(np.cos(np.arange(8, dtype=np.float32)))[:, None]
LABELS = (np.arange(8) % 2)[:, None].astype(np.float32)
CLASSES = np.eye(4, dtype=np.float32)[np.arange(8) % 4]


def with_optimizer(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def model(K: Any) -> Any:
        made = K.Sequential([K.layers.Dense(2, "tanh", input_shape=(3,)), K.layers.Dense(1)])
        made.compile(make(K.optimizers), "mse")
        return made

    return model


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda O: O.SGD(0.1),
    "momentum": lambda O: O.SGD(0.1, momentum=0.9, clipnorm=1.0),
    "nesterov": lambda O: O.SGD(0.1, momentum=0.9, nesterov=True, decay=0.01),
    "adam": lambda O: O.Adam(0.1),
    "amsgrad": lambda O: O.Adam(0.1, amsgrad=True),
    "adamax": lambda O: O.Adamax(0.1),
    "nadam": lambda O: O.Nadam(0.1),
    "adagrad": lambda O: O.Adagrad(0.1),
    "adadelta": lambda O: O.Adadelta(0.1, clipvalue=0.5),
    "rmsprop": lambda O: O.RMSprop(0.1),
    "rmsprop-momentum": lambda O: O.RMSprop(0.1, momentum=0.9),
    "rmsprop-centered": lambda O: O.RMSprop(0.1, momentum=0.9, centered=True),
    "ftrl": lambda O: O.Ftrl(0.1),
    "exponential": lambda O: O.SGD(O.schedules.ExponentialDecay(0.1, 4, 0.5)),
    "inverse-time": lambda O: O.SGD(O.schedules.InverseTimeDecay(0.1, 4, 0.5)),
    "polynomial": lambda O: O.SGD(O.schedules.PolynomialDecay(0.1, 10, 0.01)),
    "piecewise": lambda O: O.SGD(O.schedules.PiecewiseConstantDecay([5, 9], [0.1, 0.05, 0.01])),
    "cosine": lambda O: O.SGD(O.schedules.CosineDecay(0.1, 20)),
    "restarts": lambda O: O.SGD(O.schedules.CosineDecayRestarts(0.1, 5)),
}


def layers(K: Any, squashed: str = "hard_sigmoid", delta: float = 0.7) -> Any:
    """All layers that both have; those that draw random numbers do nothing, so that training can be compared."""
    L, i, r, c = K.layers, K.initializers, K.regularizers, K.constraints
    made = K.Sequential(
        [
            L.InputLayer(input_shape=(3,)),
            L.Rescaling(0.5, offset=0.1),
            L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]),
            L.Dense(
                6,
                "selu",
                kernel_initializer=i.LecunNormal(seed=1),
                kernel_regularizer=r.L1L2(0.01, 0.02),
                bias_regularizer="l2",
                activity_regularizer=r.L1(0.001),
                kernel_constraint=c.MaxNorm(3.0),
            ),
            L.BatchNormalization(momentum=0.9),
            L.LayerNormalization(),
            L.Activation("swish"),
            L.Dropout(0.0),
            L.GaussianNoise(0.0),
            L.GaussianDropout(0.0),
            L.LeakyReLU(0.2),
            L.ReLU(max_value=6.0, negative_slope=0.1),
            L.ELU(0.9),
            L.ActivityRegularization(l2=0.001),
            L.Reshape((2, 3)),
            L.Permute((2, 1)),
            L.PReLU(i.Constant(0.3), shared_axes=[1]),
            L.SpatialDropout1D(0.0),
            L.AlphaDropout(0.0),
            L.Dense(2, "gelu", use_bias=False, kernel_initializer="he_uniform"),
            L.Flatten(),
            L.RepeatVector(2),
            L.Flatten(),
            L.Dense(5, squashed, trainable=False),
            L.Softmax(),
            L.Dense(1, bias_initializer=i.Constant(0.5), bias_constraint="non_neg"),
        ],
        name="all_layers",
    )
    made.compile(K.optimizers.Adam(0.01), K.losses.Huber(delta=delta), metrics=["mae"], loss_weights=0.5)
    return made


def custom(K: Any) -> Any:
    """A layer of one's own that is made of others, one of them frozen, with weights of both kinds; those of graphs."""

    class Block(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.frozen = K.layers.Dense(units, trainable=False)
            self.parts = [K.layers.Dense(units), K.layers.LayerNormalization()]
            self.batch = K.layers.BatchNormalization()

        def build(self, input_shape: Any) -> None:
            self.offset = self.add_weight(
                name="offset", shape=(self.units,), initializer="ones", trainable=False
            )
            self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="ones")
            super().build(input_shape)

        def call(self, inputs: Any, training: bool = False) -> Any:
            x = self.frozen(inputs) * self.scale + self.offset
            for part in self.parts:
                x = part(x)
            return self.batch(x, training=training)

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    return {"Block": Block, **cases_graphs.custom(K)}


def block(K: Any) -> Any:
    """With a layer of one's own, and one that is frozen as a whole."""
    Block = custom(K)["Block"]
    made = K.Sequential([Block(4, input_shape=(3,)), Block(2, trainable=False), K.layers.Dense(1)])
    made.compile(K.optimizers.Adam(0.01), "mse")
    return made


def embedding(K: Any) -> Any:
    """Numbers of words."""
    L = K.layers
    made = K.Sequential([L.Embedding(10, 3, input_length=3), L.Flatten(), L.Dense(1, "sigmoid")])
    made.compile(K.optimizers.RMSprop(0.01), "binary_crossentropy", metrics=["accuracy"])
    return made


def adapted(K: Any) -> Any:
    """A layer that has learned from data before training."""
    normalization = K.layers.Normalization(input_shape=(3,))
    normalization.adapt(X)
    made = K.Sequential([normalization, K.layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def metrics(K: Any) -> Any:
    """All metrics of one output."""
    M = K.metrics
    made = K.Sequential([K.layers.Dense(1, "sigmoid", input_shape=(3,))])
    made.compile(
        "sgd",
        K.losses.BinaryCrossentropy(label_smoothing=0.1),
        metrics=[
            "accuracy",
            "mse",
            M.AUC(num_thresholds=20),
            M.AUC(curve="PR", name="pr"),
            M.BinaryAccuracy(threshold=0.4),
            M.BinaryCrossentropy(),
            M.CosineSimilarity(),
            M.FalseNegatives(),
            M.FalsePositives(thresholds=[0.3, 0.6]),
            M.Hinge(),
            M.KLDivergence(),
            M.LogCoshError(),
            M.MeanAbsoluteError(),
            M.MeanAbsolutePercentageError(),
            M.MeanSquaredError(name="own"),
            M.MeanSquaredLogarithmicError(),
            M.Poisson(),
            M.Precision(),
            M.Recall(thresholds=0.6),
            M.RootMeanSquaredError(),
            M.SquaredHinge(),
            M.TrueNegatives(),
            M.TruePositives(),
        ],
        weighted_metrics=["mae"],
    )
    return made


def classes(K: Any) -> Any:
    """Metrics of classes."""
    M = K.metrics
    made = K.Sequential([K.layers.Dense(4, "softmax", input_shape=(3,))])
    made.compile(
        "sgd",
        "categorical_crossentropy",
        metrics=[
            "acc",
            "crossentropy",
            M.CategoricalAccuracy(),
            M.CategoricalCrossentropy(label_smoothing=0.1),
            M.CategoricalHinge(),
            M.TopKCategoricalAccuracy(k=2),
            "mae",
        ],
    )
    return made


LOSSES: dict[str, Callable[[Any], Any]] = {
    "mae": lambda L: L.MeanAbsoluteError(reduction="sum"),
    "mape": lambda L: L.MeanAbsolutePercentageError(),
    "msle": lambda L: L.MeanSquaredLogarithmicError(),
    "log-cosh": lambda L: L.LogCosh(),
    "kld": lambda L: L.KLDivergence(),
    "poisson": lambda L: L.Poisson(),
    "hinge": lambda L: L.Hinge(),
    "squared-hinge": lambda L: L.SquaredHinge(),
    "categorical-hinge": lambda L: L.CategoricalHinge(),
    "cosine": lambda L: L.CosineSimilarity(),
    "function": lambda L: L.squared_hinge,
    "name": lambda L: "msle",
}


def _with_loss(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def model(K: Any) -> Any:
        made = K.Sequential([K.layers.Dense(2, "sigmoid", input_shape=(3,))])
        made.compile("sgd", make(K.losses))
        return made

    return model


CASES: dict[str, Callable[[Any], Any]] = {
    **{name: with_optimizer(make) for name, make in OPTIMIZERS.items()},
    **{f"loss-{name}": _with_loss(make) for name, make in LOSSES.items()},
    "layers": layers,
    "block": block,
    "embedding": embedding,
    "adapted": adapted,
    "metrics": metrics,
    "classes": classes,
    **cases_graphs.GRAPHS,
}


def data(name: str) -> tuple[Any, Any]:
    """Inputs and targets for a case."""
    if name in INPUTS:
        return INPUTS[name], TARGETS[name]
    if name == "embedding":
        return np.arange(24).reshape(8, 3) % 10, LABELS
    if name == "classes":
        return X, CLASSES
    if name == "names":
        return X, np.eye(8, dtype=np.float32)
    if name.startswith("loss-"):
        return X, np.abs(np.sin(np.arange(16, dtype=np.float32))).reshape(8, 2)
    return X, LABELS if name == "metrics" else Y


def set_all(model: Any) -> None:
    """Give a model weights that are always the same."""
    weights = [np.asarray(w) for w in model.get_weights()]
    if not any("adapted" in layer.name or layer.name == "normalization" for layer in model.layers):
        model.set_weights([np.abs(np.sin(np.arange(w.size) + 1.0)).reshape(w.shape) * 0.9 for w in weights])


def train(model: Any, name: str) -> Any:
    """Three epochs, the same in either library; the values of every epoch."""
    x, y = data(name)
    return model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history


def seen(model: Any, name: str) -> dict[str, Any]:
    """What a model predicts and how it goes on training from here."""
    return {
        "predicted": predicted(model, name),
        "history": train(model, name),
        "after": predicted(model, name),
    }


def predicted(model: Any, name: str) -> Any:
    """What it predicts now: the numbers of each output."""
    made = model.predict(data(name)[0])
    if isinstance(made, (list, tuple)):
        made = {str(i): one for i, one in enumerate(made)}
    return (
        {k: np.asarray(v).tolist() for k, v in made.items()}
        if isinstance(made, dict)
        else np.asarray(made).tolist()
    )
