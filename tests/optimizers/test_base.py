"""What holds for every optimizer: both engines agree, learning rates may change, states and files go on exactly."""

import itertools
from collections.abc import Callable
from types import MethodType, ModuleType
from typing import Any

import numpy as np
import pytest

from minifit import GradientTape, Sequential, constraints, ops, optimizers
from minifit.arrays import Array
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning, ShapeError, UnknownNameError
from minifit.layers import Dense
from minifit.optimizers import SGD, Adam, AdamW, Ftrl, Nadam, Optimizer, RMSprop, schedules
from minifit.optimizers.base import PLANS
from minifit.parameters import Parameter, Variable, segments
from minifit.schedules import ExponentialDecay, LearningRateSchedule
from minifit.tensor import Context, Tensor
from minifit.undo import Undo
from tests.optimizers.trajectories import (
    CLASSES,
    GRADIENTS,
    SCHEDULED,
    SLOTS,
    STEPS,
    TEXTS,
    A,
    B,
    X,
    Y,
    assert_steps,
    bits,
    deterministic,
    fitted,
    make,
    parameters,
    run,
)

# -- the numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*TEXTS, *SCHEDULED])
def test_both_engines_agree_bit_for_bit(text: str) -> None:
    first, second = parameters(), parameters()
    one, other = make(text), make(text)
    reached, also = run(one, first, engine="numpy"), run(other, second, engine="numba")
    bound = 1e-6 if "learning_rate_power" in text else 0.0  # powers may differ in the last bit
    np.testing.assert_allclose(reached, also, rtol=bound, atol=0)
    for p, q in zip(first, second, strict=True):
        for name, slot in one.slots_of(p).items():
            np.testing.assert_allclose(slot, other.slots_of(q)[name], rtol=bound, atol=0)


@pytest.mark.parametrize(("text", "expected"), [*STEPS.items(), *SCHEDULED.items()])
def test_three_steps_of_a_hand_written_loop(text: str, expected: list[float]) -> None:
    params = [Parameter("a", np.array(A)), Parameter("b", np.array(B))]  # of no model
    optimizer = make(text)
    for gradients in GRADIENTS:
        optimizer.apply_gradients(zip(gradients, params, strict=True))
    np.testing.assert_allclose(np.concatenate([p.value for p in params]), expected, rtol=3e-6, atol=1e-6)
    assert int(optimizer.iterations) == 3


LINEAR = [c for c in CLASSES if c is not Ftrl]  # its steps depend on the weights


@pytest.mark.parametrize("made", LINEAR)
@pytest.mark.parametrize("decay", [0.0, 0.25])
def test_weight_decay_shrinks_before_each_step(made: Callable[..., Optimizer], decay: float) -> None:
    params, optimizer = parameters(), made(0.1, weight_decay=0.5, decay=decay)
    expected = [p.value.astype(np.float64) for p in params]
    plain: Any = Adam if made is AdamW else made
    twin_params, twin = parameters(), plain(0.1, decay=decay)
    for t in range(3):
        before = [p.value.copy() for p in twin_params]
        run(twin, twin_params, slice(t, t + 1))
        rate = 0.1 if made is Nadam else 0.1 / (1 + decay * t)  # which has no decay
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


@pytest.mark.parametrize("made", LINEAR)
def test_a_gradient_of_zero_changes_nothing_at_first(made: Callable[..., Optimizer]) -> None:
    params, optimizer = parameters(), made(weight_decay=0.0)
    optimizer.plan(params)
    optimizer.step()
    assert [p.value.tolist() for p in params] == [A, B]
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SGD(0.1, momentum=0.9)",
        "RMSprop(0.1, momentum=0.9)",
        "Adam(0.1)",
        "AdamW(0.1)",
        "Adamax(0.1)",
        "Nadam(0.1)",
    ],
)
def test_after_the_first_step_a_slot_goes_on_without_a_gradient(text: str) -> None:
    params, optimizer = parameters(), make(text)
    optimizer.plan(params)
    params[0].grad_view[...] = 1  # type: ignore[index]
    optimizer.step()
    after_one = params[0].value.copy()
    params[0].grad_view[...] = 0  # type: ignore[index]
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
    optimizer = SGD(0.1)
    with pytest.warns(MinifitWarning, match=r"no gradient for \['b'\]"):
        optimizer.apply_gradients([([0.5, -0.2], a), (None, b)])
    optimizer.apply_gradients([([0.5, -0.2], a), (None, b)])  # said once
    assert b.value.tolist() == B
    np.testing.assert_allclose(a.value, np.array(A, np.float32) - 0.2 * np.array([0.5, -0.2]), rtol=1e-6)


def test_a_hand_written_loop_without_any_gradient() -> None:
    optimizer, a = SGD(0.1), Parameter("a", np.array(A))
    with pytest.raises(
        ArgumentError, match=r"needs a gradient\. Received: None for each of \['a'\]\. Compute"
    ):
        optimizer.apply_gradients([(None, a)])
    optimizer.apply_gradients([])
    assert int(optimizer.iterations) == 0


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


def test_a_hand_written_loop_returns_the_count_and_takes_all_arguments_of_keras() -> None:
    p, optimizer = Parameter("a", np.array(A)), SGD(0.1)
    counted = optimizer.apply_gradients([([1, 1], p)], name="step", experimental_aggregate_gradients=False)
    assert counted is optimizer.iterations
    assert int(counted) == 1


@pytest.mark.parametrize(
    ("pairs", "error", "text"),
    [
        (lambda p: [([1, 1], np.zeros(2))], ArgumentTypeError, "ndarray"),
        (lambda p: [([1, 1], p), ([1, 1], p)], ArgumentError, "'a' twice"),
    ],
)
def test_a_hand_written_loop_with_wrong_pairs(pairs: Any, error: type[Exception], text: str) -> None:
    p = Parameter("a", np.array(A))
    with pytest.raises(error, match=text):
        SGD(0.1).apply_gradients(pairs(p))
    assert p.value.tolist() == A


def test_the_plan_of_a_hand_written_loop_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Parameter("a", np.array(A)), Parameter("b", np.array(B))
    optimizer, made = Adam(0.1), []
    monkeypatch.setattr(
        Optimizer, "_find", lambda self, plan, find=Optimizer._find: made.append(find(self, plan))
    )
    for _ in range(4):
        optimizer.apply_gradients([([1, 1], a)])
        optimizer.apply_gradients([([1, 1], a), ([1, 1, 1], b)])
    assert len(made) == 3  # b moves a
    for _ in range(PLANS):
        optimizer.apply_gradients([([1, 1], Parameter("c", np.array(A)))])
    assert len(optimizer._plans) <= PLANS


def test_a_hand_written_loop_follows_parameters_that_move() -> None:
    model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
    optimizer = SGD(0.5)
    for units in (1, 2):
        pairs = [(np.ones(w.shape), w) for w in model.weights]
        optimizer.apply_gradients(pairs)
        assert model.weights[0].value.ravel().tolist() == [1 - 0.5 * units] * 2
        model.add(Dense(units))
        model.build((None, 2))
        optimizer.plan(model.trainable_weights)  # lays the memory out again
    optimizer.apply_gradients(pairs)
    assert model.weights[0].value.ravel().tolist() == [-0.5] * 2


def test_a_gradient_that_lies_where_it_belongs_is_not_copied() -> None:
    model = Sequential([Dense(1, kernel_initializer="ones", use_bias=False, input_shape=(2,))])
    model.compile("sgd", "mse")
    (weight,) = model.weights
    assert weight.grad_view is not None
    weight.grad_view[...] = 1
    weight.grad_view.flags.writeable = False
    SGD(0.5).apply_gradients([(weight.grad_view, weight)])
    weight.grad_view.flags.writeable = True
    assert weight.value.ravel().tolist() == [0.5, 0.5]


def test_a_hand_written_loop_constrains() -> None:
    p = Parameter("a", np.array([1.0, 1.0]))
    p.constraint = constraints.NonNeg()
    SGD(1.0).apply_gradients([([3.0, 0.5], p)])
    assert p.value.tolist() == [0, 0.5]


def plain_gradients(self: Any, pairs: Any) -> None:
    SGD.apply_gradients(self, pairs)


def test_what_fit_updates_by_a_method_of_the_user_is_constrained_once() -> None:
    halfway = constraints.MinMaxNorm(2.0, 4.0, rate=0.5)
    results = []
    for own in ({}, {"apply_gradients": plain_gradients}):
        layer = Dense(
            1, use_bias=False, kernel_initializer="zeros", kernel_constraint=halfway, input_shape=(1,)
        )
        model = Sequential([layer])
        model.compile(type("Own", (SGD,), own)(0.1), "mse")
        model.fit([[1.0]], [[1.0]], verbose=0)
        results.append(model.get_weights()[0].item())
    assert results[0] == results[1] == pytest.approx(1.1)


def test_a_step_of_a_hand_written_loop_is_undone_with_the_step_around_it() -> None:
    p, optimizer, undo = Parameter("a", np.array(A)), Adam(0.1), Undo()
    optimizer.apply_gradients([([1, 1], p)])
    before = p.numpy(), {k: v.copy() for k, v in optimizer.slots_of(p).items()}
    with Context(undo=undo):
        optimizer.apply_gradients([([1, 1], p)])
        optimizer.apply_gradients([([1, 1], p)])
    assert int(optimizer.iterations) == 3
    undo.undo()
    assert int(optimizer.iterations) == 1
    np.testing.assert_array_equal(p.value, before[0])
    for name, slot in optimizer.slots_of(p).items():
        np.testing.assert_array_equal(slot, before[1][name])


# -- minimize ------------------------------------------------------------------------------------------------


def test_minimize_a_function() -> None:
    v, optimizer = Parameter("v", np.array([1.0, 2.0])), SGD(0.1)
    assert optimizer.minimize(lambda: ops.sum(v * v), [v]) is optimizer.iterations
    optimizer.minimize(lambda: ops.sum(v * v), lambda: [v])
    np.testing.assert_allclose(v.value, [0.64, 1.28], rtol=1e-6)
    assert v.grad is None
    assert int(optimizer.iterations) == 2


def test_minimize_a_tensor() -> None:
    v, optimizer = Parameter("v", np.array([1.0, 2.0])), SGD(0.1)
    with GradientTape() as tape:
        loss = v * v
    optimizer.minimize(loss, [v], grad_loss=[1.0, 10.0], tape=tape)
    np.testing.assert_allclose(v.value, [0.8, -2.0], rtol=1e-6)
    with pytest.raises(ArgumentError, match="together with its tape"):
        optimizer.minimize(loss, [v])


def test_minimize_what_is_not_trainable() -> None:
    v = Parameter("v", np.array([1.0]), trainable=False)
    SGD(0.5).minimize(lambda: v * v, [v])
    assert v.value.tolist() == [0]


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


@pytest.mark.parametrize("made", LINEAR)
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
    np.testing.assert_allclose(change, 2 * plain, rtol=1e-4, atol=1e-6)


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


@pytest.mark.parametrize(
    ("value", "error"), [("a", ArgumentTypeError), ([0.1, 0.2], ArgumentTypeError), (-0.1, ArgumentError)]
)
def test_a_learning_rate_that_is_no_number(value: Any, error: type[Exception]) -> None:
    optimizer = SGD(0.1)
    with pytest.raises(error, match=r"learning_rate .*Received: .*\. Pass"):
        optimizer.lr = value
    assert float(optimizer.lr) == np.float32(0.1)


# -- learning rates that change by themselves ------------------------------------------------------------------


@pytest.mark.parametrize(("text", "expected"), SCHEDULED.items())
def test_three_steps_with_a_schedule(text: str, expected: list[float]) -> None:
    assert_steps(text, expected)


@pytest.mark.parametrize("made", [c for c in CLASSES if c is not Nadam])
def test_a_schedule_is_the_learning_rate(made: Callable[..., Optimizer]) -> None:
    schedule = ExponentialDecay(0.1, 2, 0.5)
    for optimizer in (made(schedule), made(learning_rate=schedule), made(lr=schedule)):
        assert optimizer.lr is optimizer.learning_rate is schedule
        run(optimizer, parameters())
        assert optimizer.lr is schedule


def test_a_schedule_is_asked_once_a_step_with_the_number_of_steps_made() -> None:
    asked: list[Any] = []

    class Asked(LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            asked.append(step)
            return [0.1, np.float32(0.1), Variable(0.1)][len(asked) - 1]

    model = Sequential([Dense(n, input_shape=(3,), name=f"d{n}") for n in (3, 5, 2)])
    model.layers[1].trainable = False  # two pieces of memory
    model.compile(SGD(Asked()), "mse")
    model.fit(X[:6], Y[:6], batch_size=2, verbose=0)
    assert asked == [0, 1, 2]
    assert all(type(step) is np.float32 for step in asked)


def test_a_function_is_asked_at_every_step() -> None:
    rates = iter([0.1, 0.2, 0.3])
    params, optimizer = parameters(), SGD(lambda: next(rates))
    places = [params[0].value.copy()]
    for i in range(3):
        run(optimizer, params, slice(i, i + 1))
        places.append(params[0].value.copy())
    for i, rate in enumerate([0.1, 0.2, 0.3]):
        gradient = np.array(GRADIENTS[i][0])
        np.testing.assert_allclose(places[i + 1] - places[i], -rate * gradient, rtol=1e-5)


def test_a_function_shows_what_it_returns() -> None:
    optimizer = SGD(lambda: 0.1)
    assert optimizer.lr == optimizer.learning_rate == 0.1
    assert optimizer.get_config()["learning_rate"] == 0.1


@pytest.mark.parametrize("first", [ExponentialDecay(0.1, 2, 0.5), lambda: 0.1])
@pytest.mark.parametrize("name", ["lr", "learning_rate"])
def test_a_number_takes_the_place_of_a_schedule_and_back(first: Any, name: str) -> None:
    optimizer = SGD(first)
    setattr(optimizer, name, 0.25)
    assert float(optimizer.lr) == float(optimizer.learning_rate) == 0.25
    assert optimizer.lr is optimizer.learning_rate
    assert run(optimizer, parameters()) == run(SGD(0.25), parameters())
    assert optimizer.get_config()["learning_rate"] == 0.25
    schedule = ExponentialDecay(0.1, 2, 0.5)
    setattr(optimizer, name, schedule)
    assert optimizer.lr is schedule


@pytest.mark.parametrize("returned", [None, "a", [0.1, 0.2]])
def test_a_schedule_that_returns_no_number(returned: Any) -> None:
    params = parameters()
    with pytest.raises((ArgumentTypeError, ShapeError), match=r"learning_rate:0 .*Received: "):
        run(SGD(lambda: returned), params)
    assert [p.value.tolist() for p in params] == [A, B]


@pytest.mark.parametrize("text", SCHEDULED)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_going_on_with_a_schedule(text: str, at: int) -> None:
    params, optimizer = parameters(), make(text)
    run(optimizer, params, slice(0, at))
    state, values = optimizer.get_state(params), [p.value.copy() for p in params]
    expected = run(optimizer, params, slice(at, 3))
    resumed_params, resumed = parameters(), make(text)
    resumed.set_state(state, resumed_params)
    for p, value in zip(resumed_params, values, strict=True):
        p.assign(value)
    assert run(resumed, resumed_params, slice(at, 3)) == expected


def test_a_captured_number_takes_the_place_of_a_schedule() -> None:
    params, optimizer = parameters(), SGD(ExponentialDecay(0.1, 2, 0.5))
    assert optimizer.get_state(params)["learning_rate"] is None
    optimizer.lr = 0.25
    other = SGD(ExponentialDecay(0.1, 2, 0.5))
    other.set_state(optimizer.get_state(params), params)
    assert float(other.lr) == 0.25


def test_a_schedule_in_the_configuration() -> None:
    config = Adam(ExponentialDecay(0.1, 2, 0.5)).get_config()
    assert config["learning_rate"] == {
        "class_name": "ExponentialDecay",
        "config": {
            "initial_learning_rate": 0.1,
            "decay_steps": 2,
            "decay_rate": 0.5,
            "staircase": False,
            "name": None,
        },
    }
    again = Adam.from_config(config)
    assert type(again.learning_rate) is ExponentialDecay
    assert again.get_config() == config


def test_a_schedule_that_cannot_be_written_down() -> None:
    class Silent(LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.1

    with pytest.raises(NotImplementedError, match=r"Silent must define get_config\(\)"):
        SGD(Silent()).get_config()


def test_schedules_are_where_keras_has_them() -> None:
    assert schedules.ExponentialDecay is optimizers.schedules.ExponentialDecay is ExponentialDecay


# -- buffers and segments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text for text in SLOTS if "l1" not in text])  # which holds weights at 0
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
    assert len(model.weights) == 4
    assert model._buffer.values is not memory
    for p, slots in zip(old, before, strict=True):
        for name, slot in optimizer.slots_of(p).items():
            np.testing.assert_array_equal(slot, slots[name])
    for name, slot in optimizer.slots_of(model.weights[-1]).items():
        assert (slot == np.float32(optimizer.slot_starts.get(name, 0))).all()
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
def test_thawed_parameters_learn_after_the_next_compile(text: str) -> None:
    model = deterministic(Sequential([Dense(3, input_shape=(3,)), Dense(2)]))
    model.layers[0].trainable = False
    model.compile(make(text), "mse")
    fitted(model)
    before = bits(model.layers[0].get_weights())
    model.layers[0].trainable = True
    model.compile(model.optimizer, "mse")
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
    owner = Sequential([shared, Dense(1)])
    assert len(owner.weights) == 4  # it owns the memory of the shared layer now
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


def test_a_step_finds_the_memory_that_was_laid_out_anew_meanwhile() -> None:
    params, optimizer = parameters(), SGD(0.1, momentum=0.9)
    optimizer.plan(params)
    assert params[0].buffer is not None
    params[0].buffer.adopt([Parameter("new", np.zeros(2))])
    params[0].accumulate(np.array(GRADIENTS[0][0], np.float32))
    optimizer.step()
    np.testing.assert_allclose(params[0].value, [0.95, -1.98], rtol=1e-6)


def test_another_last_layer_is_updated_in_the_same_call() -> None:
    model = deterministic(Sequential([Dense(4, input_shape=(3,)), Dense(2)]))
    model.compile(Adam(0.1), "mse")
    fitted(model, 1)
    kept = model.optimizer.slots_of(model.weights[0])["m"].copy()
    off = model.layers[-1]
    weights = bits(off.get_weights())
    model.pop()
    model.add(Dense(2))
    np.testing.assert_array_equal(model.optimizer.slots_of(model.weights[0])["m"], kept)
    assert len(model.optimizer.plan(model.trainable_weights).calls) == 1
    fitted(model, 1)
    assert bits(off.get_weights()) == weights


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
    optimizer.lr = 0.05
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


@pytest.mark.parametrize("text", [*TEXTS, *SCHEDULED])
def test_the_round_trip(text: str) -> None:
    optimizer = make(text)
    data = optimizers.serialize(optimizer)
    assert data["class_name"] == text.partition("(")[0]
    again = optimizers.deserialize(data)
    assert type(again) is type(optimizer)
    if "lambda" not in text:  # a function is written down as the number that it returns
        assert again.get_config() == optimizer.get_config()
    assert run(again, parameters()) == run(optimizer, parameters())


def test_the_configuration_has_the_learning_rate_of_now() -> None:
    optimizer = SGD(0.1)
    optimizer.lr = 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5


@pytest.mark.parametrize("option", ["clipnorm", "clipvalue", "global_clipnorm", "weight_decay"])
@pytest.mark.parametrize("made", CLASSES)
def test_options_are_in_the_configuration_when_given(made: Callable[..., Optimizer], option: str) -> None:
    assert option not in made().get_config() or (made, option) == (AdamW, "weight_decay")
    assert made(**{option: 0.5}).get_config()[option] == 0.5


@pytest.mark.parametrize("made", CLASSES)
def test_where_the_clipping_stands_in_the_configuration(made: Callable[..., Optimizer]) -> None:
    assert list(made(clipnorm=1.0).get_config())[:2] == ["name", "clipnorm"]
    assert list(made(clipnorm=1.0).get_config())[2 + (made is AdamW)] == "learning_rate"


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
    for name in ("Adam", "adam", "ADAM"):
        assert float(optimizers.get({"class_name": name, "config": {"learning_rate": 0.25}}).lr) == 0.25
    assert type(optimizers.get({"class_name": "Ftrl"})) is Ftrl


class Own(SGD):
    pass


class OwnSchedule(LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return 0.1 / (step + 1)

    def get_config(self) -> dict[str, Any]:
        return {}


def test_classes_of_ones_own_are_found_among_custom_objects() -> None:
    data = optimizers.serialize(Own(OwnSchedule()))
    found = optimizers.deserialize(data, custom_objects={"Own": Own, "OwnSchedule": OwnSchedule})
    assert type(found) is Own
    assert type(found.learning_rate) is OwnSchedule
    assert type(optimizers.get({"class_name": "Adam", "config": {}}, {"Adam": Own})) is Own
    made = Own.from_config(data["config"], custom_objects={"OwnSchedule": OwnSchedule})
    assert type(made.learning_rate) is OwnSchedule
    with pytest.raises(UnknownNameError, match=r"schedule.*'OwnSchedule'"):
        optimizers.deserialize(data, custom_objects={"Own": Own})


@pytest.mark.parametrize("name", ["adamm", "", "sgdd"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"optimizer.*{name!r}"):
        optimizers.get(name)


@pytest.mark.parametrize("wrong", [None, 3, 0.1, ["sgd"], lambda: None])
def test_what_is_no_optimizer(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"[Oo]ptimizer must be .*Received: "):
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
    {
        (c, a)
        for c in CLASSES
        for a, value in c().get_config().items()
        if isinstance(value, float) and a != "learning_rate_power" and (c, a) != (Nadam, "decay")
    }
    | {(Nadam, "schedule_decay")},
    key=str,
)
OPTIONS = list(itertools.product(CLASSES, ["clipnorm", "clipvalue", "global_clipnorm", "weight_decay"]))


@pytest.mark.parametrize(("made", "name"), [*NUMBERS, *OPTIONS])
def test_numbers_below_zero(made: Callable[..., Optimizer], name: str) -> None:
    for value in (-0.1, -1, float("nan"), np.float32(-1)):
        rule = "at least 0" if value == value else "a finite number"
        with pytest.raises(
            ArgumentError, match=rf"{name} must be {rule}\. Received: {name}=.*Pass for example"
        ):
            made(**{name: value})


@pytest.mark.parametrize(("made", "name"), [*NUMBERS, *OPTIONS])
def test_what_is_no_number(made: Callable[..., Optimizer], name: str) -> None:
    for value in ("0.1", [0.1], True, np.ones(2)):
        with pytest.raises(
            ArgumentTypeError, match=rf"{name} must be a number\. Received: {name}=.*Pass for example"
        ):
            made(**{name: value})


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

    assert trained(Sign(0.5, "Sign")) == -1.5


def trained(optimizer: Optimizer) -> float:
    """The weight after three steps from 0, with a gradient below 0."""
    model = Sequential([Dense(1, use_bias=False, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(optimizer, "mse")
    model.fit([[1.0], [2.0]], [-10.0, -20.0], epochs=3, verbose=0)
    assert int(optimizer.iterations) == 3
    return float(model.get_weights()[0].item())


def backward_step(self: Any, kernels: ModuleType, plan: Any) -> None:
    for _, grads, _ in plan.calls:
        grads *= -1
    SGD.step(self, kernels, plan)


def backward_gradients(self: Any, pairs: Any) -> None:
    SGD.apply_gradients(self, [(-grad, parameter) for grad, parameter in pairs])


def backward_update(
    self: Any, kernels: ModuleType, w: Array, g: Array, slots: tuple[Array, ...], rate: float
) -> None:
    w += np.float32(rate) * g


METHODS: dict[str, Callable[..., Any]] = {
    "step": backward_step,
    "apply_gradients": backward_gradients,
    "_update": backward_update,
}


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("name", METHODS)
def test_fit_calls_what_a_user_writes(name: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", engine)
    assert trained(SGD(0.01)) < 0
    assert trained(type("Own", (SGD,), {name: METHODS[name]})(0.01)) > 0
    optimizer = SGD(0.01)
    vars(optimizer)[name] = MethodType(METHODS[name], optimizer)
    assert trained(optimizer) > 0, "also where the object alone has the method"


@pytest.mark.parametrize("name", ["minimize", "get_updates", "update_step"])
def test_methods_that_nothing_calls_are_refused(name: str) -> None:
    own = type("Own", (SGD,), {name: lambda self, *_: None})
    with pytest.raises(ArgumentError, match=rf"^An optimizer updates .*Received: Own\.{name}.*as _update"):
        trained(own())
