"""Models of graphs and subclasses, and models as layers."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.errors import ArgumentError, ArgumentTypeError, NotBuiltError, ShapeError, UnknownNameError
from minifit.layers import BatchNormalization, Dense, Dropout, Input, Layer, Softmax
from minifit.models import Functional, Model, Sequential
from minifit.optimizers import SGD
from minifit.parameters import Parameter
from minifit.tensor import Tensor
from minifit.utils import set_random_seed

X = np.random.default_rng(0).standard_normal((24, 4)).astype(np.float32)
Y = X[:, :1] * 2 - X[:, 1:2]


def two_in_two_out() -> Any:
    a, b = Input((4,), name="a"), Input((2,), name="b")
    shared = Dense(3, activation="tanh", name="shared")
    both = ops.concatenate([shared(a), b])
    return Model([a, b], [Dense(1, name="first")(both), Dense(2, name="second")(shared(a))], name="both")


class Mlp(Model):
    def __init__(self, units: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = Dense(units, activation="relu")
        self.more: list[Any] = []
        self.more.append(Dense(1))
        self.drop = Dropout(0.5)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = self.drop(self.hidden(inputs), training=training)
        return self.more[0](x)


# -- graphs ----------------------------------------------------------------------------------------------------


def test_a_model_of_inputs_and_outputs_is_functional() -> None:
    model = two_in_two_out()
    assert type(model) is Functional
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["first", "second"]
    assert [s.shape for s in model.inputs or ()] == [(None, 4), (None, 2)]
    assert model.output_shape == [(None, 1), (None, 2)]
    assert [layer.name for layer in model.layers if layer.weights] == ["shared", "first", "second"]
    assert len(model.weights) == 6


@pytest.mark.parametrize("given", ["list", "tuple", "dict"])
def test_data_is_given_in_order_or_by_name(given: str) -> None:
    model = two_in_two_out()
    a, b = X, X[:, :2]
    x = {"list": [a, b], "tuple": (a, b), "dict": {"b": b, "a": a}}[given]
    first, second = model.predict(x)
    np.testing.assert_array_equal(first, model([a, b])[0].numpy())
    assert second.shape == (24, 2)


def test_it_trains() -> None:
    model = two_in_two_out()
    model.compile(SGD(0.1), "mse")
    before = model.get_weights()
    history = model.fit([X, X[:, :2]], [Y, X[:, 2:]], epochs=8, verbose=0).history
    assert list(history) == ["loss", "first_loss", "second_loss"]
    assert history["loss"][-1] < history["loss"][0]
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_dicts_go_in_and_come_out() -> None:
    a, b = Input((4,), name="x1"), Input((2,), name="x2")
    model = Model({"left": a, "right": b}, {"sum": Dense(1)(a) + Dense(1)(b), "raw": b})
    assert model.input_keys == ["left", "right"]
    out = model.predict({"left": X, "right": X[:, :2]})
    assert set(out) == {"sum", "raw"}
    np.testing.assert_array_equal(out["raw"], X[:, :2])


def test_a_model_is_cut_out_of_another() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    inner = Model(model.input, model.layers[0].output)
    np.testing.assert_array_equal(inner.predict(X), model.layers[0](X).numpy())
    assert inner.weights[0] is model.weights[0]
    rest = Model(model.layers[0].output, model.output)
    np.testing.assert_array_equal(rest.predict(inner.predict(X)), model.predict(X))


def test_names_of_layers_are_their_own() -> None:
    x = Input((2,))
    with pytest.raises(ArgumentError, match=r"different names\. Received: a second 'd'"):
        Model(x, Dense(1, name="d")(Dense(1, name="d")(x)))


@pytest.mark.parametrize(
    ("make", "error", "shown"),
    [
        (lambda x: Model(X, Dense(1)(x)), ArgumentTypeError, "inputs of a model are symbols"),
        (lambda x: Model(x, X), ArgumentTypeError, "outputs of a model are symbols"),
        (lambda x: Model(x, Dense(1)(x) + Input((1,), name="other")), ArgumentError, "disconnected"),
        (lambda x: Model([x, x], Dense(1)(x)), ArgumentError, "takes each input once"),
        (lambda x: Model(inputs=x), ArgumentError, "one of them"),
    ],
)
def test_what_is_no_graph_is_refused(make: Any, error: type[Exception], shown: str) -> None:
    with pytest.raises(error, match=shown):
        make(Input((2,)))


def test_inputs_that_do_not_fit_are_refused() -> None:
    model = two_in_two_out()
    with pytest.raises(
        ShapeError, match=r"Input 'b' of model 'both' expects .*\(None, 2\)\. Received: \(None, 4\)"
    ):
        model([X, X])
    with pytest.raises(ArgumentError, match=r"takes 2 inputs: .*Received: 1"):
        model(X)
    with pytest.raises(UnknownNameError, match="'b'"):
        model({"a": X, "c": X})


# -- a model is a layer ----------------------------------------------------------------------------------------


def test_a_trained_model_stands_in_a_second_one() -> None:
    model = Sequential([Dense(3, input_shape=(4,))])
    probabilities = Sequential([model, Softmax()])
    np.testing.assert_allclose(probabilities.predict(X).sum(1), 1, rtol=1e-5)
    assert probabilities.layers[0] is model
    assert probabilities.weights == model.weights


def test_weights_shared_by_two_models_train_in_both() -> None:
    encoder = Sequential([Dense(2, input_shape=(4,), name="e")], name="encoder")
    decoder = Sequential([Dense(4, input_shape=(2,), name="d")], name="decoder")
    x = Input((4,))
    both = Model(x, decoder(encoder(x)))
    both.compile(SGD(0.1), "mse")
    encoder.compile(SGD(0.05, momentum=0.9), "mse")
    for model, target in ((both, X), (encoder, X[:, :2]), (both, X)):
        before = [w.numpy() for w in encoder.weights]
        model.fit(X, target, epochs=1, verbose=0)
        assert all((a != w.numpy()).any() for a, w in zip(before, encoder.weights, strict=True))
        assert both.weights[0] is encoder.weights[0]


def test_a_model_inside_another_keeps_the_memory_of_its_weights() -> None:
    inner = Sequential([Dense(3, input_shape=(4,)), BatchNormalization()])
    outer = Sequential([inner, Dense(1)])
    outer.compile(SGD(0.1), "mse")
    outer.fit(X, Y, verbose=0)
    inside = {id(w.buffer) for w in inner.weights}
    assert len(inside) == 1
    assert inside.isdisjoint(id(w.buffer) for w in outer.layers[1].weights)


def test_freezing_acts_all_the_way_down() -> None:
    inner = Sequential([Dense(2, input_shape=(4,)), BatchNormalization()])
    outer = Sequential([inner, Dense(1)])
    outer.trainable = False
    assert outer.trainable_weights == inner.trainable_weights == []
    outer.trainable = True
    inner.trainable = False
    assert len(outer.trainable_weights) == 2
    outer.compile(SGD(0.1), "mse")
    before = inner.get_weights()
    outer.fit(X, Y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, inner.get_weights(), strict=True))


def test_a_layer_may_stand_twice_in_a_chain() -> None:
    same = Dense(4, activation="tanh")
    model = Sequential([Input((4,)), same, same, Dense(1)])
    assert len(model.layers) == 3
    assert len(model.weights) == 4
    np.testing.assert_allclose(model.predict(X), model.layers[2](same(same(X))).numpy(), rtol=1e-6)


# -- subclasses ------------------------------------------------------------------------------------------------


def test_a_subclass_is_built_by_the_first_data() -> None:
    model = Mlp()
    with pytest.raises(NotBuiltError, match="has no weights before it is built"):
        model.weights  # noqa: B018
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.output_names == ["output_1"]
    assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 1), (1,)]
    assert model.predict(X).shape == (24, 1)


def test_a_subclass_is_built_by_a_shape() -> None:
    model = Mlp()
    model.build((None, 4))
    assert model.built
    assert model.output_shape == (None, 1)


def test_call_is_told_whether_it_trains() -> None:
    model = Mlp(8)
    np.testing.assert_array_equal(model(X).numpy(), model(X, training=False).numpy())
    assert (model(X, training=True).numpy() != model(X).numpy()).any()


def test_a_subclass_without_call_is_refused() -> None:
    class Empty(Model):
        pass

    with pytest.raises(NotImplementedError, match="must define call"):
        Empty()(X)


def test_a_variable_that_is_an_attribute_trains() -> None:
    class Scaled(Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = Parameter("scale", np.ones(1, np.float32))

        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            return inputs[:, :1] * self.scale

    model = Scaled()
    model.compile(SGD(0.1), "mse")
    model.fit(X, X[:, :1] * 3, epochs=30, verbose=0)
    assert float(model.scale.value[0]) == pytest.approx(3, abs=0.05)


def test_a_subclass_may_be_a_graph_too() -> None:
    class Named(Model):
        pass

    x = Input((4,))
    model = Named(inputs=x, outputs=Dense(1)(x))
    assert type(model) is Named
    assert model.predict(X).shape == (24, 1)


def test_several_outputs_of_a_subclass() -> None:
    class Forked(Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = Dense(1), Dense(2)

        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            return {"a": self.a(inputs["x"]), "b": self.b(inputs["z"])}

    model = Forked()
    out = model.predict({"x": X, "z": X[:, :3]})
    assert {k: v.shape for k, v in out.items()} == {"a": (24, 1), "b": (24, 2)}
    assert model.output_names == ["a", "b"]


def test_a_model_without_call_trains_by_steps_of_its_own() -> None:
    class Bare(Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Sequential([Dense(1, input_shape=(4,))])

        def train_step(self, data: Any) -> Any:
            x, y = data
            loss = ops.mean(ops.square(self.inner(x) - y))
            self.optimizer.minimize(lambda: ops.mean(ops.square(self.inner(x) - y)), self.trainable_variables)
            return {"loss": loss}

    model = Bare()
    model.compile(SGD(0.1))
    losses = model.fit(X, Y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    with pytest.raises(NotImplementedError, match="must define call"):
        model.predict(X)


def test_parts_are_set_after_the_init_of_model() -> None:
    class TooSoon(Model):
        def __init__(self) -> None:
            self.inner = Dense(1)
            super().__init__()

    with pytest.raises(ArgumentError, match=r"TooSoon\.inner, set before it\. Begin with super"):
        TooSoon()


# -- losses and metrics of layers ------------------------------------------------------------------------------


class Penalty(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        self.add_loss(ops.mean(ops.square(inputs)))
        self.add_metric(ops.mean(inputs), name="mean_of_inputs")
        return inputs


def test_what_layers_add_counts_in_every_kind_of_model() -> None:
    def chain() -> Any:
        return Sequential([Input((4,)), Penalty(), Dense(1, kernel_initializer="zeros")])

    def nested() -> Any:
        return Sequential([chain()])

    def graph() -> Any:
        x = Input((4,))
        model = Model(x, Dense(1, kernel_initializer="zeros")(x))
        model.add_loss(ops.mean(ops.square(x)))
        model.add_metric(ops.mean(x), name="mean_of_inputs")
        return model

    expected = float(np.mean(Y**2) + np.mean(X**2))
    for make in (chain, nested, graph):
        model = make()
        model.compile(SGD(0.0), "mse")
        logs = model.fit(X, Y, batch_size=24, verbose=0).history
        assert logs["loss"][0] == pytest.approx(expected, rel=1e-5)
        assert logs["mean_of_inputs"][0] == pytest.approx(float(X.mean()), abs=1e-6)


def test_losses_after_a_call_by_hand() -> None:
    layer = Penalty()
    model = Sequential([Input((4,)), layer])
    model(X)
    model(X)
    assert len(model.losses) == len(layer.losses) == 1
    assert float(layer.losses[0]) == pytest.approx(float(np.mean(X**2)), rel=1e-5)


def test_a_function_that_is_added_is_asked_at_every_call() -> None:
    model: Any = Sequential([Dense(1, input_shape=(4,))])
    model.add_loss(lambda: ops.sum(ops.square(model.layers[0].kernel)))
    model.compile(SGD(0.0), "mse")
    bare = float(np.mean((model.predict(X) - Y) ** 2))
    loss = model.evaluate(X, Y, batch_size=24, verbose=0)
    assert loss == pytest.approx(bare + float(np.sum(model.layers[0].kernel.value ** 2)), rel=1e-5)


# -- copies and configurations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole(make: Any) -> None:
    set_random_seed(1)
    model = two_in_two_out()
    model.compile(SGD(0.1, momentum=0.9), "mse")
    model.fit([X, X[:, :2]], [Y, X[:, 2:]], verbose=0)
    other = make(model)
    assert not {id(w) for w in model.weights} & {id(w) for w in other.weights}
    for m in (model, other):
        m.fit([X, X[:, :2]], [Y, X[:, 2:]], verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_configuration_makes_an_equal_model() -> None:
    model = two_in_two_out()
    other = Model.from_config(model.get_config())
    other.set_weights(model.get_weights())
    for a, b in zip(model.predict([X, X[:, :2]]), other.predict([X, X[:, :2]]), strict=True):
        np.testing.assert_array_equal(a, b)
    assert other.get_config() == model.get_config()


def test_a_subclass_has_no_configuration_of_its_own() -> None:
    model = Mlp()
    model(X)
    with pytest.raises(NotImplementedError, match="define get_config"):
        model.get_config()


def test_a_model_is_built_by_a_call_with_several_arguments() -> None:
    class Graph(Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(3)

        def call(self, inputs: Tensor, neighbors: Tensor) -> Tensor:  # type: ignore[override]
            return ops.matmul(neighbors, self.dense(inputs))

    model = Graph()
    assert model(np.ones((4, 2)), np.eye(4)).shape == (4, 3)
    assert model.built
    assert [w.shape for w in model.get_weights()] == [(2, 3), (3,)]


def test_a_list_of_one_is_that_one() -> None:
    x = Input((3,))
    model = Model([x], [Dense(2)(x)])
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    assert model.predict(np.ones((4, 3)), verbose=0).shape == model(np.ones((4, 3))).shape == (4, 2)
    chain = Sequential([model, Dense(1)])
    assert chain.output_shape == (None, 1)
    assert Model.from_config(model.get_config()).output_shape == (None, 2)
    assert isinstance(Model((x,), (Dense(2)(x),))(np.ones((4, 3))), tuple)


def test_a_subclass_may_hand_on_its_name_alone() -> None:
    class Policy(Model):
        def __init__(self) -> None:
            super().__init__("policy")

    assert Policy().name == "policy"
    with pytest.raises(ArgumentError, match="needs inputs and outputs"):
        Model("policy")


def test_a_model_with_a_call_operator_of_its_own_saves_the_weights_that_there_are(tmp_path: Any) -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = Dense(2), Dense(3)

        def __call__(self, x: Any) -> Any:
            return self.used(x)

    first, second = Own(), Own()
    expected = first(X).numpy()
    second(X)
    first.save_weights(tmp_path / "weights.h5")
    second.load_weights(tmp_path / "weights.h5")
    np.testing.assert_array_equal(second(X), expected)
