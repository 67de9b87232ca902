"""Each optimizer makes TensorFlow's steps, on either engine, and goes on from a captured state as if nothing was."""

import inspect
import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, kernels, optimizers
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.optimizers import SGD, Adam, Optimizer, RMSprop
from minifit.parameters import Parameter, ParameterBuffer, segments
from minifit.tensor import Tensor

CLASSES = sorted(set(optimizers.TABLE.values()), key=lambda c: str(c.__name__))

# Two parameters, and the gradients of three steps.
A, B = [1.0, -2.0], [0.5, 3.0, -0.25]
GRADIENTS = [
    ([0.5, -0.2], [0.1, -1.5, 2.0]),
    ([-0.3, 0.4], [2.0, 0.01, -0.7]),
    ([1.5, -0.1], [0.0, -0.6, 0.3]),
]

# Where the three steps lead from A and B, as TensorFlow 2.7 computes it.
STEPS: list[tuple[str, list[float]]] = [
    ("SGD(0.1)", [0.830000043, -2.00999999, 0.290000021, 3.20900011, -0.409999996]),
    ("SGD(0.1, momentum=0.9)", [0.771499991, -2.01180005, 0.0929000229, 3.46460009, -0.68900001]),
    (
        "SGD(0.1, momentum=0.9, nesterov=True)",
        [0.624349952, -2.02062011, -0.0763899833, 3.62714005, -0.805099964],
    ),
    ("SGD(0.1, decay=0.5)", [0.894999981, -2.00166655, 0.356666684, 3.17933345, -0.418333292]),
    ("SGD(0.1, momentum=1.0)", [0.75999999, -2.00999999, 0.0699999928, 3.50800014, -0.74000001]),
    ("SGD(0.1, clipvalue=0.4)", [0.949999988, -2.00999999, 0.450000018, 3.079, -0.279999971]),
    ("SGD(0.1, clipnorm=0.5)", [0.933686912, -2.01810455, 0.450809211, 3.07446146, -0.295811385]),
    ("SGD(0.1, global_clipnorm=0.5)", [0.951562047, -2.00224161, 0.452115297, 3.04729915, -0.282109231]),
    ("SGD(0.1, clipnorm=0.5, clipvalue=0.3)", [0.970000029, -2.0, 0.460000008, 3.05900002, -0.280000001]),
    (
        "SGD(0.1, global_clipnorm=0.5, clipvalue=0.3)",
        [0.970132709, -1.99786985, 0.466164649, 3.05403042, -0.279867321],
    ),
    (
        "SGD(0.1, momentum=0.9, clipnorm=0.5, decay=0.1)",
        [0.884435177, -2.01599574, 0.413070202, 3.1180954, -0.348417342],
    ),
    ("Adam(0.1)", [0.815943956, -1.95028055, 0.262302518, 3.23797989, -0.427188694]),
    (
        "Adam(0.1, beta_1=0.5, beta_2=0.8, epsilon=0.01)",
        [0.829854131, -1.97877598, 0.277234763, 3.21052957, -0.385440469],
    ),
    ("Adam(0.1, amsgrad=True)", [0.815943956, -1.95028055, 0.262332529, 3.23794818, -0.427188694]),
    (
        "Adam(0.1, beta_1=0.5, beta_2=0.3, amsgrad=True)",
        [0.84207052, -1.96310639, 0.287602931, 3.18106532, -0.376560092],
    ),
    ("Adam(0.1, decay=0.5)", [0.854780674, -1.9312427, 0.318208665, 3.18007445, -0.395035416]),
    ("Adam(0.1, beta_2=0.3)", [0.830932975, -1.94901109, 0.262639284, 3.30262423, -0.473411143]),
    ("Adam(0.1, clipnorm=0.5)", [0.83221066, -1.96478367, 0.263175458, 3.24806166, -0.43583867]),
    ("RMSprop(0.1)", [0.554793239, -1.89624202, -0.132099241, 3.44243526, -0.505625665]),
    (
        "RMSprop(0.1, rho=0.5, epsilon=0.01)",
        [0.814361215, -1.95414352, 0.235759363, 3.22584558, -0.364525497],
    ),
    ("RMSprop(0.1, momentum=0.9)", [0.166172862, -1.61264467, -0.957092166, 3.98118448, -0.947865367]),
    ("RMSprop(0.1, centered=True)", [0.52120769, -1.88254142, -0.167960465, 3.4702611, -0.522190332]),
    (
        "RMSprop(0.1, momentum=0.9, centered=True)",
        [0.103883117, -1.57293034, -1.03907681, 4.03816557, -0.992190182],
    ),
    (
        "RMSprop(0.1, rho=0.5, momentum=0.5, epsilon=0.01, centered=True)",
        [0.619867682, -1.92699981, 0.0375875905, 3.46815205, -0.541574299],
    ),
    ("RMSprop(0.1, decay=0.5)", [0.647454679, -1.83762646, -0.026808396, 3.37896085, -0.517684162]),
]
TEXTS = [text for text, _ in STEPS] + [
    "SGD(0.1, weight_decay=0.5)",
    "Adam(0.1, weight_decay=0.5, decay=0.1)",
    "RMSprop(0.1, weight_decay=0.5, momentum=0.9, centered=True, clipvalue=1.0)",
]

# What it remembers after the three steps, as TensorFlow 2.7 computes it: [of A, of B] for every slot.
SLOTS: dict[str, dict[str, list[list[float]]]] = {
    "SGD(0.1, momentum=0.9)": {
        "momentum": [[-0.163499996, -0.00980000105], [-0.188099995, 0.180600002, -0.128999993]]
    },
    "Adam(0.1, amsgrad=True)": {
        "m": [[0.163500041, 0.00980000198], [0.18810004, -0.180600047, 0.129000023]],
        "v": [[0.00258937688, 0.00020975736], [0.00400592852, 0.00260556862, 0.00457145553]],
        "vhat": [[0.00258937688, 0.00020975736], [0.00400993833, 0.00260556862, 0.00457145553]],
    },
    "RMSprop(0.1, momentum=0.9, centered=True)": {
        "rms": [[0.253350049, 0.018640006], [0.360810071, 0.218259037, 0.37710008]],
        "momentum": [[0.432422549, -0.0830531642], [0.571150422, -0.407160372, 0.219968081]],
        "mg": [[0.163500041, 0.00980000198], [0.18810004, -0.180600047, 0.129000023]],
    },
}


def make(text: str) -> Optimizer:
    made: Optimizer = eval(text, {c.__name__: c for c in CLASSES})
    return made


def parameters() -> list[Parameter]:
    """A and B in a buffer."""
    made = [Parameter("a", np.array(A)), Parameter("b", np.array(B))]
    ParameterBuffer().adopt(made)
    return made


def run(
    optimizer: Optimizer, params: list[Parameter], steps: slice = slice(None), engine: str = "numpy"
) -> list[float]:
    """Make the steps of `GRADIENTS`; where they lead."""
    module: ModuleType = kernels.load(engine)
    optimizer.plan(params)
    for gradients in GRADIENTS[steps]:
        for p, gradient in zip(params, gradients, strict=True):
            p.grad = None
            p.accumulate(np.array(gradient, np.float32))
        optimizer.step(module)
    reached: list[float] = np.concatenate([p.value for p in params]).tolist()
    return reached


# -- the numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "expected"), STEPS)
def test_three_steps(text: str, expected: list[float]) -> None:
    np.testing.assert_allclose(run(make(text), parameters()), expected, rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("text", TEXTS)
def test_both_engines_agree_bit_for_bit(text: str) -> None:
    first, second = parameters(), parameters()
    one, other = make(text), make(text)
    assert run(one, first, engine="numpy") == run(other, second, engine="numba")
    for p, q in zip(first, second, strict=True):
        for name, slot in one.slots_of(p).items():
            np.testing.assert_array_equal(slot, other.slots_of(q)[name])


@pytest.mark.parametrize(("text", "expected"), STEPS)
def test_three_steps_of_a_hand_written_loop(text: str, expected: list[float]) -> None:
    params = [Parameter("a", np.array(A)), Parameter("b", np.array(B))]  # of no model
    optimizer = make(text)
    for gradients in GRADIENTS:
        optimizer.apply_gradients(zip(gradients, params, strict=True))
    np.testing.assert_allclose(np.concatenate([p.value for p in params]), expected, rtol=3e-6, atol=1e-6)
    assert int(optimizer.iterations) == 3


@pytest.mark.parametrize("text", SLOTS)
def test_what_is_remembered(text: str) -> None:
    params, optimizer = parameters(), make(text)
    run(optimizer, params)
    assert list(SLOTS[text]) == list(optimizer.slot_names)
    for i, p in enumerate(params):
        for name, slot in optimizer.slots_of(p).items():
            np.testing.assert_allclose(
                slot, SLOTS[text][name][i], rtol=2e-5, atol=1e-8
            )  # 1 - beta in float32 there


@pytest.mark.parametrize("made", CLASSES)
@pytest.mark.parametrize("decay", [0.0, 0.25])
def test_weight_decay_shrinks_before_each_step(made: Callable[..., Optimizer], decay: float) -> None:
    params, optimizer = parameters(), made(0.1, weight_decay=0.5, decay=decay)
    expected = [p.value.astype(np.float64) for p in params]
    twin_params, twin = parameters(), made(0.1, decay=decay)
    for t in range(3):
        before = [p.value.copy() for p in twin_params]
        run(twin, twin_params, slice(t, t + 1))
        rate = 0.1 / (1 + decay * t)
        for i, p in enumerate(twin_params):
            expected[i] = expected[i] * (1 - rate * 0.5) + (p.value - before[i])
        found = run(optimizer, params, slice(t, t + 1))
        np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-5, atol=1e-6)


def test_decay_leaves_the_learning_rate_itself() -> None:
    optimizer = SGD(0.1, decay=0.5)
    run(optimizer, parameters())
    assert float(optimizer.lr) == np.float32(0.1)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_small_gradients_are_not_clipped(clip: str) -> None:
    assert run(make(f"SGD(0.1, {clip}=100.0)"), parameters()) == run(SGD(0.1), parameters())


@pytest.mark.parametrize("made", CLASSES)
def test_a_gradient_of_zero_changes_nothing_at_first(made: Callable[[], Optimizer]) -> None:
    params, optimizer = parameters(), made()
    optimizer.plan(params)
    optimizer.step()
    assert [p.value.tolist() for p in params] == [A, B]
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("made", CLASSES)
def test_after_the_first_step_a_slot_goes_on_without_a_gradient(made: Callable[..., Optimizer]) -> None:
    params = parameters()
    optimizer = made(0.1) if made is Adam else made(0.1, momentum=0.9)
    optimizer.plan(params)
    params[0].slot[...] = 1  # type: ignore[index]
    optimizer.step()
    after_one = params[0].value.copy()
    params[0].slot[...] = 0  # type: ignore[index]
    optimizer.step()
    assert (params[0].value < after_one).all()


def test_a_hand_written_loop_takes_tensors_lists_and_arrays() -> None:
    for gradient in (
        [0.5, -0.2],
        np.array([0.5, -0.2]),
        Tensor([0.5, -0.2]),
        np.array([0.5, -0.2], np.float32),
    ):
        p = Parameter("a", np.array(A))
        SGD(0.1).apply_gradients([(gradient, p)])
        np.testing.assert_allclose(p.value, [0.95, -1.98], rtol=1e-6)


def test_a_hand_written_loop_without_a_gradient_for_one() -> None:
    a, b = Parameter("a", np.array(A)), Parameter("b", np.array(B))
    SGD(0.1).apply_gradients([([0.5, -0.2], a), (None, b)])
    assert b.value.tolist() == B


def test_a_hand_written_loop_over_a_model() -> None:
    model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
    optimizer = Adam(0.1)
    for _ in range(2):
        loss = (model(np.array([[1.0, 2.0]], np.float32)) ** 2.0).sum()
        for w in model.weights:
            w.grad = None
        loss.backward()
        optimizer.apply_gradients([(w.grad, w) for w in model.weights])
    kernel, bias = model.get_weights()
    assert kernel.ravel().tolist() == pytest.approx([0.8, 0.8], abs=2e-3)
    assert bias.tolist() == pytest.approx([-0.2], abs=2e-3)
    assert model.weights[0].buffer is model._buffer


# -- the learning rate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", CLASSES)
@pytest.mark.parametrize("name", ["lr", "learning_rate"])
@pytest.mark.parametrize("value", [0.5, 2, np.float64(0.25), np.float32(0.125), np.array(0.5)])
def test_the_learning_rate_can_be_set(made: Callable[[], Optimizer], name: str, value: Any) -> None:
    optimizer = made()
    setattr(optimizer, name, value)
    assert float(optimizer.lr) == float(optimizer.learning_rate) == float(value)
    assert optimizer.lr is optimizer.learning_rate
    assert optimizer.lr.dtype == np.float32
    optimizer.lr.assign(optimizer.learning_rate * 0.5)
    assert float(getattr(optimizer, name)) == float(value) / 2


@pytest.mark.parametrize("made", CLASSES)
def test_a_new_learning_rate_counts_from_the_next_step(made: Callable[..., Optimizer]) -> None:
    first, second = parameters(), parameters()
    one, other = made(0.1), made(0.1)
    one.plan(first)
    run(one, first, slice(0, 1))
    run(other, second, slice(0, 1))
    before = first[0].value.copy()
    one.lr.assign(0.2)
    run(one, first, slice(1, 2))
    run(other, second, slice(1, 2))
    change, plain = first[0].value - before, second[0].value - before
    np.testing.assert_allclose(change, 2 * plain, rtol=1e-4)


def test_the_learning_rate_behaves_as_a_number() -> None:
    lr = SGD(0.1).lr
    assert float(lr) == 0.10000000149011612
    assert f"{lr:.3f}" == "0.100"
    assert lr * 2 == 2 * lr == np.float32(0.2)
    assert lr / 2 < lr < 1
    assert 1 - lr == np.float32(0.9)
    assert lr == np.float32(0.1)
    assert type(lr.numpy()) is np.float32
    assert "learning_rate" in repr(lr)


def test_the_older_keyword() -> None:
    assert float(SGD(lr=0.3).learning_rate) == np.float32(0.3)
    assert float(SGD(0.5, lr=0.3).learning_rate) == np.float32(0.3)


@pytest.mark.parametrize(("value", "error"), [("a", ArgumentTypeError), ([0.1, 0.2], ShapeError)])
def test_a_learning_rate_that_is_no_number(value: Any, error: type[Exception]) -> None:
    optimizer = SGD(0.1)
    with pytest.raises(error, match=r"learning_rate .*Received: .*\. Give"):
        optimizer.lr = value
    assert float(optimizer.lr) == np.float32(0.1)


# -- buffers and segments ------------------------------------------------------------------------------------

X = np.sin(np.arange(24.0)).reshape(8, 3)
Y = np.cos(np.arange(16.0)).reshape(8, 2)


def deterministic(model: Sequential) -> Sequential:
    model.set_weights(
        [np.cos(np.arange(w.value.size) + i).reshape(w.shape) for i, w in enumerate(model.weights)]
    )
    return model


def fitted(model: Sequential, epochs: int = 2) -> Sequential:
    model.fit(X, Y, epochs=epochs, batch_size=4, shuffle=False, verbose=0)
    return model


def bits(arrays: list[Array]) -> list[bytes]:
    return [a.tobytes() for a in arrays]


@pytest.mark.parametrize("text", SLOTS)
def test_slots_survive_when_the_buffer_is_laid_out_anew(text: str) -> None:
    model = deterministic(Sequential([Dense(2, input_shape=(3,))]))
    model.compile(make(text), "mse")
    fitted(model)
    old = list(model.weights)
    optimizer = model.optimizer
    before = [{k: v.copy() for k, v in optimizer.slots_of(p).items()} for p in old]
    assert all(slot.any() for slots in before for slot in slots.values())
    memory = model._buffer.values
    model.add(Dense(2))
    assert model._buffer.values is not memory
    for p, slots in zip(old, before, strict=True):
        for name, slot in optimizer.slots_of(p).items():
            np.testing.assert_array_equal(slot, slots[name])
    assert not any(slot.any() for slot in optimizer.slots_of(model.weights[-1]).values())
    weights = bits([w.value for w in model.weights])
    fitted(model)
    assert all(a != b for a, b in zip(bits([w.value for w in model.weights]), weights, strict=True))
    assert int(optimizer.iterations) == 8


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_frozen_parameters_stay_the_same_bits(text: str, frozen: int) -> None:
    model = Sequential([Dense(n, input_shape=(3,), name=f"d{n}") for n in (3, 5, 2)])
    deterministic(model)
    layer = model.layers[frozen]
    odd = layer.weights[1].value  # bits that any arithmetic would change
    odd.view(np.uint32)[:2] = (0x80000000, 0x00000001)  # -0.0 and the smallest number
    layer.trainable = False
    model.compile(make(text), "mse")
    before = bits(layer.get_weights())
    others = [w for other in model.layers if other is not layer for w in other.weights]
    values = bits([w.value for w in others])
    fitted(model)
    assert bits(layer.get_weights()) == before
    assert all(a != b for a, b in zip(bits([w.value for w in others]), values, strict=True))


@pytest.mark.parametrize("text", TEXTS)
def test_thawed_parameters_learn_in_the_next_fit(text: str) -> None:
    model = deterministic(Sequential([Dense(3, input_shape=(3,)), Dense(2)]))
    model.layers[0].trainable = False
    model.compile(make(text), "mse")
    fitted(model)
    before = bits(model.layers[0].get_weights())
    model.layers[0].trainable = True
    fitted(model, 1)
    assert bits(model.layers[0].get_weights()) != before


def test_freezing_changes_the_list_of_segments_and_not_the_memory() -> None:
    model = Sequential([Dense(n, input_shape=(3,), name=f"d{n}") for n in (3, 5, 2)])
    assert len(segments(model.trainable_weights)) == 1
    model.layers[1].trainable = False
    assert len(segments(model.trainable_weights)) == 2
    model.layers[0].trainable = False
    assert len(segments(model.trainable_weights)) == 1
    assert all(np.shares_memory(w.value, model._buffer.values) for w in model.weights)


@pytest.mark.parametrize("text", TEXTS)
def test_a_layer_shared_by_two_models_learns_as_in_one(text: str) -> None:
    shared = Dense(3, "tanh", input_shape=(3,), name="shared")
    Sequential([shared, Dense(1)])  # owns the memory of the shared layer
    several = deterministic(Sequential([shared, Dense(2)]))
    one = deterministic(Sequential([Dense(3, "tanh", input_shape=(3,)), Dense(2)]))
    assert len(segments(several.trainable_weights)) == 2
    assert len(segments(one.trainable_weights)) == 1
    for model in (several, one):
        model.compile(make(text), "mse")
        fitted(model, 3)
    if "global_clipnorm" in text:  # the squares are summed in another order
        for a, b in zip(several.get_weights(), one.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)
    else:
        assert bits(several.get_weights()) == bits(one.get_weights())
    for p, q in zip(several.weights, one.weights, strict=True):
        for name, slot in several.optimizer.slots_of(p).items():
            np.testing.assert_allclose(slot, one.optimizer.slots_of(q)[name], rtol=1e-4, atol=1e-6)


def test_the_other_owner_of_a_shared_layer_is_left_alone() -> None:
    shared = Dense(3, input_shape=(3,))
    owner = deterministic(Sequential([shared, Dense(1)]))
    before = bits(owner.layers[1].get_weights())
    other = Sequential([shared, Dense(2)])
    other.compile(SGD(0.1, momentum=0.9, weight_decay=0.1), "mse")
    fitted(other)
    assert bits(owner.layers[1].get_weights()) == before
    assert bits(owner.layers[0].get_weights()) == bits(other.layers[0].get_weights())


def test_one_optimizer_for_two_models() -> None:
    optimizer = Adam(0.1)
    models = [deterministic(Sequential([Dense(2, input_shape=(3,))])) for _ in range(2)]
    for model in models:
        model.compile(optimizer, "mse")
        fitted(model, 1)
    assert int(optimizer.iterations) == 4  # counted over both, as in Keras
    slots = [optimizer.slots_of(model.weights[0])["m"] for model in models]
    assert not np.array_equal(slots[0], slots[1])


def test_slots_are_views_of_the_parameters_shape() -> None:
    model = deterministic(Sequential([Dense(2, input_shape=(3,))]))
    model.compile(SGD(0.1, momentum=0.9), "mse")
    fitted(model, 1)
    slots = model.optimizer.slots_of(model.weights[0])
    assert slots["momentum"].shape == (3, 2)
    assert np.shares_memory(slots["momentum"], model.optimizer.slots_of(model.weights[0])["momentum"])


# -- recompiling ---------------------------------------------------------------------------------------------


def test_the_same_object_goes_on_after_compiling_again() -> None:
    model = deterministic(Sequential([Dense(2, input_shape=(3,))]))
    optimizer = SGD(0.1, momentum=0.9)
    model.compile(optimizer, "mse")
    fitted(model, 1)
    slot = optimizer.slots_of(model.weights[0])["momentum"].copy()
    model.compile(optimizer, "mse")
    assert int(optimizer.iterations) == 2
    np.testing.assert_array_equal(optimizer.slots_of(model.weights[0])["momentum"], slot)


def test_a_name_makes_a_new_one() -> None:
    model = deterministic(Sequential([Dense(2, input_shape=(3,))]))
    model.compile("adam", "mse")
    fitted(model, 1)
    model.compile("adam", "mse")
    assert int(model.optimizer.iterations) == 0
    assert not model.optimizer.slots_of(model.weights[0])["m"].any()


# -- its state -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_going_on_from_a_captured_state(text: str, at: int) -> None:
    params, optimizer = parameters(), make(text)
    run(optimizer, params, slice(0, at))
    optimizer.lr.assign(0.05)
    state = optimizer.get_state(params)
    values = [p.value.copy() for p in params]
    expected = run(optimizer, params, slice(at, 3))

    resumed_params, resumed = parameters(), make(text)
    run(resumed, resumed_params, slice(2, 3))  # something to be overwritten
    resumed.set_state(state, resumed_params)
    for p, value in zip(resumed_params, values, strict=True):
        p.assign(value)
    assert run(resumed, resumed_params, slice(at, 3)) == expected
    assert int(resumed.iterations) == 3
    assert float(resumed.lr) == np.float32(0.05)


@pytest.mark.parametrize("text", SLOTS)
def test_a_captured_state_does_not_move(text: str) -> None:
    params, optimizer = parameters(), make(text)
    run(optimizer, params, slice(0, 1))
    state = optimizer.get_state(params)
    kept = [{k: v.copy() for k, v in slots.items()} for slots in state["slots"]]
    run(optimizer, params, slice(1, 3))
    assert int(state["iterations"]) == 1
    for now, then in zip(state["slots"], kept, strict=True):
        assert list(now) == list(optimizer.slot_names)
        for name in now:
            np.testing.assert_array_equal(now[name], then[name])


# -- arguments and configurations ----------------------------------------------------------------------------

CONFIGS: dict[str, dict[str, Any]] = {  # in the order of TensorFlow 2.7
    "SGD": {"name": "SGD", "learning_rate": 0.01, "decay": 0.0, "momentum": 0.0, "nesterov": False},
    "Adam": {
        "name": "Adam",
        "learning_rate": 0.001,
        "decay": 0.0,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-07,
        "amsgrad": False,
    },
    "RMSprop": {
        "name": "RMSprop",
        "learning_rate": 0.001,
        "decay": 0.0,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-07,
        "centered": False,
    },
}


@pytest.mark.parametrize("made", CLASSES)
def test_the_default_configuration(made: Callable[[], Optimizer]) -> None:
    config = made().get_config()
    expected = CONFIGS[made.__name__]
    assert list(config) == list(expected)
    assert config == {**expected, "learning_rate": float(np.float32(expected["learning_rate"]))}


@pytest.mark.parametrize("text", TEXTS)
def test_the_round_trip(text: str) -> None:
    optimizer = make(text)
    data = optimizers.serialize(optimizer)
    assert data["class_name"] == text.partition("(")[0]
    again = optimizers.deserialize(data)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert run(again, parameters()) == run(optimizer, parameters())


def test_the_configuration_has_the_learning_rate_of_now() -> None:
    optimizer = SGD(0.1)
    optimizer.lr = 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5


@pytest.mark.parametrize("option", ["clipnorm", "clipvalue", "global_clipnorm", "weight_decay"])
@pytest.mark.parametrize("made", CLASSES)
def test_options_are_in_the_configuration_when_given(made: Callable[..., Optimizer], option: str) -> None:
    assert option not in made().get_config()
    assert made(**{option: 0.5}).get_config()[option] == 0.5


@pytest.mark.parametrize("made", CLASSES)
def test_where_the_clipping_stands_in_the_configuration(made: Callable[..., Optimizer]) -> None:
    assert list(made(clipnorm=1.0).get_config())[:3] == ["name", "clipnorm", "learning_rate"]


@pytest.mark.parametrize("made", CLASSES)
def test_the_arguments_are_those_of_keras(made: Callable[..., Optimizer]) -> None:
    arguments = [a for a in inspect.signature(made).parameters.values() if a.name != "kwargs"]
    expected = {k: v for k, v in CONFIGS[made.__name__].items() if k != "decay"}
    expected = {**{k: v for k, v in expected.items() if k != "name"}, "name": expected["name"]}
    assert {a.name: a.default for a in arguments} == expected
    assert [a.name for a in arguments] == list(expected)


@pytest.mark.parametrize(
    "name", [n for known in optimizers.TABLE for n in (known, known.upper(), known.title())]
)
def test_names_in_any_case(name: str) -> None:
    found = optimizers.get(name)
    assert type(found).__name__.lower() == name.lower()


def test_what_get_takes() -> None:
    optimizer = SGD(0.5)
    assert optimizers.get(optimizer) is optimizer
    assert isinstance(optimizers.get(RMSprop), RMSprop)
    assert float(optimizers.get({"class_name": "Adam", "config": {"learning_rate": 0.25}}).lr) == 0.25


@pytest.mark.parametrize("name", ["adamw", "", "sgdd"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"There is no optimizer of that name. Received: {name!r}"):
        optimizers.get(name)


@pytest.mark.parametrize("wrong", [None, 3, 0.1, ["sgd"], lambda: None])
def test_what_is_no_optimizer(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"[Oo]ptimizer is .*Received: "):
        optimizers.get(wrong)


@pytest.mark.parametrize("made", CLASSES)
def test_unknown_keywords(made: Callable[..., Optimizer]) -> None:
    with pytest.raises(
        ArgumentTypeError, match=rf"^{made.__name__} takes no argument 'foo'\. .*clipnorm, clipvalue"
    ):
        made(foo=1)


def test_clipping_by_both_norms() -> None:
    with pytest.raises(ArgumentError, match=r"exclude each other\. Received: clipnorm=1.*Leave one out\."):
        SGD(clipnorm=1.0, global_clipnorm=1.0)


NUMBERS = sorted(
    {(c, a) for c in CLASSES for a in CONFIGS[c.__name__] if isinstance(CONFIGS[c.__name__][a], float)},
    key=str,
)
OPTIONS = list(itertools.product(CLASSES, ["clipnorm", "clipvalue", "global_clipnorm", "weight_decay"]))


@pytest.mark.parametrize(("made", "name"), [*NUMBERS, *OPTIONS])
def test_numbers_below_zero(made: Callable[..., Optimizer], name: str) -> None:
    for value in (-0.1, -1, float("nan"), np.float32(-1)):
        with pytest.raises(
            ArgumentError, match=rf"{name} must be at least 0\. Received: {name}=.*Pass for example"
        ):
            made(**{name: value})


@pytest.mark.parametrize(("made", "name"), [*NUMBERS, *OPTIONS])
def test_what_is_no_number(made: Callable[..., Optimizer], name: str) -> None:
    for value in ("0.1", [0.1], True, np.ones(2)):
        with pytest.raises(
            ArgumentTypeError, match=rf"{name} must be a number\. Received: {name}=.*Pass for example"
        ):
            made(**{name: value})


@pytest.mark.parametrize(
    ("made", "name", "one"),
    [
        (SGD, "momentum", True),
        (RMSprop, "momentum", True),
        (RMSprop, "rho", False),
        (Adam, "beta_1", False),
        (Adam, "beta_2", False),
    ],
)
def test_fractions(made: Callable[..., Optimizer], name: str, one: bool) -> None:
    with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to .*1\. Received: {name}=1.5"):
        made(**{name: 1.5})
    if one:
        assert getattr(made(**{name: 1.0}), name) == 1
    else:
        with pytest.raises(ArgumentError, match=rf"{name} must be from 0 to below 1\. Received: {name}=1.0"):
            made(**{name: 1.0})


@pytest.mark.parametrize("made", [Adam, RMSprop])
def test_epsilon_none(made: Callable[..., Any]) -> None:
    assert made(epsilon=None).epsilon == 1e-7


def test_a_subclass_says_what_is_missing() -> None:
    class Empty(Optimizer):
        pass

    optimizer = Empty(0.1, "Empty")
    params = parameters()
    optimizer.plan(params)
    with pytest.raises(NotImplementedError, match="Empty must define _update"):
        optimizer.step()


def test_an_optimizer_of_ones_own_trains() -> None:
    class Sign(Optimizer):
        def _update(
            self, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float
        ) -> None:
            w -= np.float32(rate) * np.sign(g)

    model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(Sign(0.5, "Sign"), "mse")
    model.fit([[1.0], [2.0]], [-10.0, -20.0], epochs=3, verbose=0)
    assert model.get_weights()[0].tolist() == [[-1.5]]
