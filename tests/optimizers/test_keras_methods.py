"""An optimizer's weights as a list, and classes that are written as for tf.keras."""

import pickle
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, optimizers
from minifit.errors import ArgumentError, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.optimizers import SGD, Adam, Ftrl, Nadam, Optimizer
from minifit.parameters import Parameter

X, Y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)


def trained(optimizer: Any) -> Sequential:
    model = Sequential([Dense(2, input_shape=(3,), name="d"), Dense(1, name="e")])
    model.compile(optimizer, "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    return model


WEIGHTS = ["d/kernel", "d/bias", "e/kernel", "e/bias"]


@pytest.mark.parametrize(
    ("optimizer", "names"),
    [
        (Adam(), ["Adam/iter:0"] + [f"Adam/{w}/{s}:0" for s in ("m", "v") for w in WEIGHTS]),
        (SGD(0.1), ["SGD/iter:0"]),
        (SGD(0.1, momentum=0.9), ["SGD/iter:0"] + [f"SGD/{w}/momentum:0" for w in WEIGHTS]),
        (
            Nadam(),
            ["Nadam/iter:0", "Nadam/momentum_cache:0"]
            + [f"Nadam/{w}/{s}:0" for s in ("m", "v") for w in WEIGHTS],
        ),
        (Ftrl(), ["Ftrl/iter:0"] + [f"Ftrl/{w}/{s}:0" for w in WEIGHTS for s in ("accumulator", "linear")]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_the_weights_are_those_of_tensorflow(optimizer: Optimizer, names: list[str]) -> None:
    model = trained(optimizer)
    assert [w.name for w in optimizer.weights] == names
    assert [w.name for w in optimizer.variables()] == names
    first, *slots = optimizer.get_weights()
    assert (int(first), type(first)) == (2, np.int64)
    shapes = [w.shape for w in model.weights]
    assert all(np.shape(slot) in [*shapes, ()] for slot in slots)


def test_a_run_goes_on_with_weights_that_are_set() -> None:
    model = trained(Adam(0.1))
    kept, numbers = model.optimizer.get_weights(), model.get_weights()
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    expected = model.get_weights()
    other = trained(Adam(0.1))
    other.set_weights(numbers)
    other.optimizer.set_weights(kept)
    other.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    for one, wanted in zip(other.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, wanted)


def test_weights_before_the_first_step() -> None:
    p, optimizer = Parameter("p:0", np.ones(2)), Adam()
    assert [w.name for w in optimizer.weights] == ["Adam/iter:0"]
    optimizer._create_all_weights([p])
    optimizer.set_weights([3, [1.0, 2.0], [3.0, 4.0]])
    assert optimizer.get_slot(p, "v").numpy().tolist() == [3, 4]
    assert int(optimizer.iterations) == 3


def test_all_weights_are_set_or_none() -> None:
    p, optimizer = Parameter("p:0", np.ones(2)), Adam()
    optimizer.apply_gradients([([1.0, 1.0], p)])
    before = optimizer.get_weights()
    with pytest.raises(ArgumentError, match=r"has 3 weights\. Received: 1"):
        optimizer.set_weights([1])
    with pytest.raises(ShapeError, match="p/v:0"):
        optimizer.set_weights([9, [1.0, 2.0], [1.0]])
    for one, wanted in zip(optimizer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, wanted)


def test_slots_by_name() -> None:
    p, optimizer = Parameter("p:0", np.ones(2)), Adam()
    optimizer.apply_gradients([([1.0, 2.0], p)])
    assert optimizer.get_slot_names() == ["m", "v"]
    optimizer.get_slot(p, "m").assign([5.0, 6.0])
    assert optimizer.slots_of(p)["m"].tolist() == [5, 6]
    with pytest.raises(UnknownNameError, match="slot of p:0"):
        optimizer.get_slot(p, "n")


def test_a_copy_has_the_weights() -> None:
    p, optimizer = Parameter("p:0", np.ones(2)), Adam()
    optimizer.apply_gradients([([1.0, 2.0], p)])
    copied, other = pickle.loads(pickle.dumps(optimizer)), Parameter("p:0", np.ones(2))
    copied._create_all_weights([other])
    for one, wanted in zip(copied.get_weights(), optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, wanted)


# -- a class in the way of tf.keras --------------------------------------------------------------------------


class Momentum(optimizers.Optimizer):
    """SGD with momentum, in the words of tf.keras."""

    def __init__(
        self, learning_rate: Any = 0.1, momentum: float = 0.9, name: str = "Momentum", **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("momentum", momentum)

    def _create_slots(self, var_list: list[Parameter]) -> None:
        for var in var_list:
            self.add_slot(var, "momentum")

    def _resource_apply_dense(self, grad: Any, var: Parameter, apply_state: Any = None) -> Any:
        rate, momentum = self._decayed_lr(var.dtype), self._get_hyper("momentum", var.dtype)
        m = self.get_slot(var, "momentum")
        m.assign(m * momentum - grad * rate)
        return var.assign_add(m)

    def _resource_apply_sparse(self, grad: Any, var: Parameter, indices: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "momentum": self._serialize_hyperparameter("momentum"),
        }


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(
    "rate", [0.1, optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)], ids=["number", "schedule"]
)
def test_a_class_in_the_way_of_keras_trains(rate: Any, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    results = []
    for made in (Momentum(rate, clipnorm=1.0), SGD(rate, momentum=0.9, clipnorm=1.0)):
        model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(3,))])
        model.compile(made, "mse")
        model.fit(X, Y, epochs=3, batch_size=2, verbose=0, shuffle=False)
        results.append((model.get_weights(), made.get_weights()))
    assert len(results[0][1]) == 3
    for ours, theirs in zip(*results, strict=True):
        for one, wanted in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-7)


def test_its_configuration_and_its_copy() -> None:
    made = Momentum(0.5, momentum=0.3)
    config = made.get_config()
    assert (config["learning_rate"], config["momentum"], config["name"]) == (0.5, 0.3, "Momentum")
    again = Momentum.from_config(config)
    p = Parameter("p:0", np.zeros(2))
    again.apply_gradients([([1.0, 2.0], p)])
    copied, q = pickle.loads(pickle.dumps(again)), Parameter("p:0", p.numpy())
    for optimizer, w in ((again, p), (copied, q)):
        optimizer.apply_gradients([([1.0, 2.0], w)])
    np.testing.assert_array_equal(p.value, q.value)


def test_a_name_alone_needs_a_learning_rate() -> None:
    class Plain(Optimizer):
        def _resource_apply_dense(self, grad: Any, var: Parameter) -> None:
            var.assign_sub(grad * self._decayed_lr())

    made, p = Plain("plain"), Parameter("p:0", np.ones(1))
    assert made.name == "plain"
    with pytest.raises(ArgumentError, match="has no learning rate"):
        made.apply_gradients([([1.0], p)])
    made.learning_rate = 0.5
    made.apply_gradients([([1.0], p)])
    assert p.numpy().tolist() == [0.5]


def test_slots_begin_with_zeros() -> None:
    with pytest.raises(ArgumentError, match="initializer='ones'"):
        SGD(0.1).add_slot(Parameter("p:0", np.ones(1)), "m", "ones")


def test_the_name_that_plugins_read() -> None:
    assert Adam(name="mine")._name == "mine"


def test_an_optimizer_around_another_in_the_way_of_graphs_is_refused() -> None:
    class Wrapping(Optimizer):
        def __init__(self, optimizer: Optimizer) -> None:
            super().__init__(name=optimizer._name)

        def get_updates(self, params: Any, loss: Any) -> Any:
            """Return updates, which TensorFlow 1 runs."""

    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(Wrapping(Adam()), "mse")
    with pytest.raises(ArgumentError, match=r"Received: Wrapping\.get_updates, which nothing calls"):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
