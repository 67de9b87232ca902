"""Programs as the guides of Keras write them: layers and models of one's own, made of dense layers.

Each is written for either library: ``K`` is minifit or tf.keras, ``F`` has the functions of tensors, ``V`` makes a
variable that is not learned. A program returns a compiled model, its inputs and its targets.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

X = np.sin(np.arange(48.0)).reshape(12, 4).astype(np.float32)
Y = np.cos(np.arange(12.0) * 0.7)[:, None].astype(np.float32)
BITS = (np.arange(12) % 3 > 0)[:, None].astype(np.float32)

Made = tuple[Any, Any, Any]


def set_all(model: Any) -> None:
    """Give a model weights that are always the same; variances are positive."""
    values = [np.sin(np.arange(w.size) * 1.7 + 1).reshape(w.shape) * 0.6 for w in model.get_weights()]
    model.set_weights(
        [abs(v) if "variance" in w.name else v for v, w in zip(values, model.weights, strict=True)]
    )


def variational(K: Any, F: Any, V: Any) -> Made:
    """A variational autoencoder of three functional models, with its losses added inside; its noise is fixed."""

    class Sampling(K.layers.Layer):  # type: ignore[misc]
        """Uses (z_mean, z_log_var) to sample z."""

        def call(self, inputs: Any) -> Any:
            z_mean, z_log_var = inputs
            return z_mean + F.exp(0.5 * z_log_var) * 0.25

    inputs = K.Input(shape=(4,), name="encoder_input")
    x = K.layers.Dense(6, activation="relu")(inputs)
    z_mean = K.layers.Dense(2, name="z_mean")(x)
    z_log_var = K.layers.Dense(2, name="z_log_var")(x)
    encoder = K.Model(inputs, [z_mean, z_log_var, Sampling()([z_mean, z_log_var])], name="encoder")
    latent = K.Input(shape=(2,), name="z_sampling")
    x = K.layers.Dense(6, activation="relu")(latent)
    decoder = K.Model(latent, K.layers.Dense(4, activation="tanh")(x), name="decoder")

    class VAE(K.Model):  # type: ignore[misc]
        def __init__(self, encoder: Any, decoder: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.encoder, self.decoder = encoder, decoder

        def call(self, inputs: Any) -> Any:
            z_mean, z_log_var, z = self.encoder(inputs)
            self.add_loss(-0.5 * F.mean(z_log_var - F.square(z_mean) - F.exp(z_log_var) + 1))
            return self.decoder(z)

    model = VAE(encoder, decoder)
    model.compile(K.optimizers.SGD(0.05), "mse")
    return model, X, X


def residual(K: Any, F: Any, V: Any) -> Made:
    """A network of residual blocks that are layers."""

    class Block(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.hidden = [K.layers.Dense(units, activation="relu") for _ in range(2)]
            self.norm = K.layers.BatchNormalization(momentum=0.9)

        def call(self, inputs: Any, training: Any = None) -> Any:
            z = inputs
            for layer in self.hidden:
                z = layer(z)
            return inputs + self.norm(z, training=training)

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    class Regressor(K.Model):  # type: ignore[misc]
        def __init__(self, output_dim: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.hidden1 = K.layers.Dense(5, activation="elu")
            self.block1, self.block2 = Block(5), Block(5)
            self.out = K.layers.Dense(output_dim)

        def call(self, inputs: Any, training: Any = None) -> Any:
            z = self.hidden1(inputs)
            for _ in range(2):
                z = self.block1(z, training=training)
            return self.out(self.block2(z, training=training))

    model = Regressor(1)
    model.compile(K.optimizers.SGD(0.02), "mse", metrics=["mae"])
    return model, X, Y


def gated(K: Any, F: Any, V: Any) -> Made:
    """Gated linear units and a skip connection, merged by layers."""
    inputs = K.Input((4,))
    x = K.layers.Dense(6)(inputs)
    gate = K.layers.Dense(6, activation="sigmoid")(inputs)
    x = K.layers.Multiply()([x, gate])
    skip = K.layers.Dense(6)(inputs)
    x = K.layers.LayerNormalization()(K.layers.add([x, skip]))
    x = K.layers.concatenate([x, K.layers.Average()([x, skip]), K.layers.Maximum()([x, skip, gate])])
    model = K.Model(inputs, K.layers.Dense(1, activation="sigmoid")(x))
    model.compile(K.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model, X, BITS


def antirectifier(K: Any, F: Any, V: Any) -> Made:
    """The layer of Keras's example: both halves of a centered input, and a matrix for them."""

    class Antirectifier(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, initializer: str = "he_normal", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.initializer = K.initializers.get(initializer)

        def build(self, input_shape: Any) -> None:
            output_dim = input_shape[-1]
            self.kernel = self.add_weight(
                shape=(output_dim * 2, output_dim),
                initializer=self.initializer,
                name="kernel",
                trainable=True,
            )

        def call(self, inputs: Any) -> Any:
            inputs = inputs - F.mean(inputs, -1, True)
            return F.matmul(F.concatenate([F.relu(inputs), F.relu(-inputs)], -1), self.kernel)

    model = K.Sequential([K.layers.Dense(5, input_shape=(4,)), Antirectifier(), K.layers.Dense(1)])
    model.compile(K.optimizers.RMSprop(0.01), "mse")
    return model, X, Y


def highway(K: Any, F: Any, V: Any) -> Made:
    """Layers that let part of their input through."""

    class Highway(K.layers.Layer):  # type: ignore[misc]
        def build(self, input_shape: Any) -> None:
            n = int(input_shape[-1])
            self.w = self.add_weight("w", (n, n), initializer="glorot_uniform")
            self.wt = self.add_weight("wt", (n, n), initializer="glorot_uniform")
            self.bt = self.add_weight("bt", (n,), initializer="zeros")

        def call(self, inputs: Any) -> Any:
            t = F.sigmoid(F.matmul(inputs, self.wt) + self.bt)
            return t * F.relu(F.matmul(inputs, self.w)) + (1.0 - t) * inputs

    model = K.Sequential([K.layers.Dense(5), *(Highway() for _ in range(3)), K.layers.Dense(1)])
    model.compile(K.optimizers.Adam(0.02), "mse")
    return model, X, Y


def blocks(K: Any, F: Any, V: Any) -> Made:
    """The layers of the guide "Making new layers and models via subclassing": nested, with a weight that counts."""

    class Linear(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True, name="w"
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")

        def call(self, inputs: Any) -> Any:
            return F.matmul(inputs, self.w) + self.b

    class ComputeSum(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, input_dim: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.total = V(np.zeros(input_dim, np.float32))

        def call(self, inputs: Any) -> Any:
            self.total.assign_add(F.sum(inputs, 0))
            return inputs

    class MLPBlock(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.linear_1, self.linear_2, self.linear_3 = Linear(4), Linear(4), Linear(1)
            self.sums = ComputeSum(4)

        def call(self, inputs: Any) -> Any:
            x = F.relu(self.linear_1(inputs))
            x = F.relu(self.linear_2(self.sums(x)))
            self.add_loss(0.01 * F.sum(F.square(x)))
            return self.linear_3(x)

    inputs = K.Input((4,))
    model = K.Model(inputs, MLPBlock()(inputs))
    model.compile(K.optimizers.SGD(0.05), "mse")
    return model, X, Y


def experts(K: Any, F: Any, V: Any) -> Made:
    """A mixture of experts in a list, weighed by a softmax."""

    class Mixture(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, count: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.experts: Any = []
            for _ in range(count):
                self.experts.append(K.layers.Dense(units, activation="tanh"))
            self.gate = K.layers.Dense(count, activation="softmax")

        def call(self, inputs: Any) -> Any:
            gates = self.gate(inputs)
            found = [F.expand_dims(expert(inputs), 1) for expert in self.experts]
            return F.sum(F.concatenate(found, 1) * F.expand_dims(gates, -1), 1)

    model = K.Sequential([Mixture(5, 3), K.layers.Dense(1)])
    model.compile(K.optimizers.SGD(0.1), "mse")
    return model, X, Y


def autoencoder(K: Any, F: Any, V: Any) -> Made:
    """The first autoencoder of TensorFlow's tutorial: two chains in a model."""

    class Autoencoder(K.Model):  # type: ignore[misc]
        def __init__(self, latent_dim: int) -> None:
            super().__init__()
            self.latent_dim = latent_dim
            self.encoder = K.Sequential([K.layers.Flatten(), K.layers.Dense(latent_dim, activation="relu")])
            self.decoder = K.Sequential([K.layers.Dense(4, activation="sigmoid"), K.layers.Reshape((2, 2))])

        def call(self, x: Any) -> Any:
            return self.decoder(self.encoder(x))

    model = Autoencoder(3)
    model.compile(optimizer=K.optimizers.SGD(0.2), loss=K.losses.MeanSquaredError())
    squares = (X.reshape(12, 2, 2) + 1) / 2
    return model, squares, squares


def wide_and_deep(K: Any, F: Any, V: Any) -> Made:
    """Two inputs and two outputs, as a subclassed model."""

    class WideAndDeep(K.Model):  # type: ignore[misc]
        def __init__(self, units: int = 5, activation: str = "relu", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.hidden1 = K.layers.Dense(units, activation=activation)
            self.hidden2 = K.layers.Dense(units, activation=activation)
            self.main_output, self.aux_output = K.layers.Dense(1), K.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            input_a, input_b = inputs
            hidden2 = self.hidden2(self.hidden1(input_b))
            return self.main_output(K.layers.concatenate([input_a, hidden2])), self.aux_output(hidden2)

    model = WideAndDeep()
    model.compile(K.optimizers.SGD(0.05), ["mse", "mse"], loss_weights=[0.9, 0.1])
    return model, (X[:, :2], X[:, 1:]), (Y, Y)


def twins(K: Any, F: Any, V: Any) -> Made:
    """Two inputs through one chain, compared by a dot product and a distance."""
    chain = K.Sequential([K.layers.Dense(5, activation="relu"), K.layers.Dense(3)])
    a, b = K.Input((4,), name="a"), K.Input((4,), name="b")
    of_a, of_b = chain(a), chain(b)
    alike = K.layers.Dot(axes=1, normalize=True)([of_a, of_b])
    apart = K.layers.Subtract()([of_a, of_b])
    joined = K.layers.Concatenate()([alike, apart, K.layers.minimum([of_a, of_b])])
    model = K.Model([a, b], K.layers.Dense(1, activation="sigmoid")(joined))
    model.compile(K.optimizers.SGD(0.1), "binary_crossentropy")
    return model, [X, X[::-1].copy()], BITS


def endpoint(K: Any, F: Any, V: Any) -> Made:
    """A layer that computes the loss and a metric of predictions and targets, which are an input."""

    class LogisticEndpoint(K.layers.Layer):  # type: ignore[misc]
        def __init__(self, name: Any = None) -> None:
            super().__init__(name=name)
            self.loss_fn = K.losses.BinaryCrossentropy(from_logits=True)

        def call(self, targets: Any, logits: Any) -> Any:
            self.add_loss(self.loss_fn(targets, logits))
            self.add_metric(F.mean(logits), name="logit", aggregation="mean")
            return F.sigmoid(logits)

    inputs, targets = K.Input((4,), name="inputs"), K.Input((1,), name="targets")
    logits = K.layers.Dense(1)(K.layers.Dense(5, activation="tanh")(inputs))
    model = K.Model([inputs, targets], LogisticEndpoint(name="predictions")(targets, logits))
    model.compile(K.optimizers.SGD(0.1))
    return model, {"inputs": X, "targets": BITS}, None


def own_step(K: Any, F: Any, V: Any) -> Made:
    """The model of the guide "Customize what happens in Model.fit"."""

    class CustomModel(K.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            x, y = data
            with V.tape() as tape:
                y_pred = self(x, training=True)
                loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=False))
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    inputs = K.Input((4,))
    hidden = K.layers.Dense(5, activation="tanh", kernel_regularizer="l2")(inputs)
    model = CustomModel(inputs, K.layers.Dense(1)(hidden))
    model.compile(K.optimizers.Adam(0.02), "mse", metrics=["mae"])
    return model, X, Y


PROGRAMS: dict[str, Callable[[Any, Any, Any], Made]] = {
    made.__name__: made
    for made in (
        variational,
        residual,
        gated,
        antirectifier,
        highway,
        blocks,
        experts,
        autoencoder,
        wide_and_deep,
        twins,
        endpoint,
        own_step,
    )
}


def run(program: Callable[[Any, Any, Any], Made], K: Any, F: Any, V: Any) -> dict[str, Any]:
    """Return what a program's model predicts with weights that are always the same, and how it trains."""
    model, x, y = program(K, F, V)
    model.predict(x, verbose=0)
    set_all(model)
    before = model.predict(x, verbose=0)
    set_all(model)  # whatever the layers have counted
    history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    first = [
        np.asarray(each)[0].ravel().tolist()
        for each in (before if isinstance(before, list | tuple) else [before])
    ]
    return {
        "weights": [list(w.shape) for w in map(np.asarray, model.get_weights())],
        "predicted": first,
        "history": {name: [float(v) for v in values] for name, values in history.items()},
    }
