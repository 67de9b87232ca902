"""Plain gradient descent: the product goes straight into the weights wherever nothing else has to do with them."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest

from minifit import Input, Model, Sequential
from minifit.layers import Dense
from minifit.lowering import assembly
from minifit.lowering.assembly import Assembly
from minifit.lowering.peephole import merge_updates
from minifit.lowering.places import Memory
from minifit.lowering.program import Instruction
from minifit.optimizers import SGD
from tests.lowering.agreeing import assert_agree, engine

Made = TypeVar("Made", bound=Model)
RNG = np.random.default_rng(3)
X = RNG.standard_normal((37, 6)).astype(np.float32)
Y = RNG.standard_normal((37, 2)).astype(np.float32)


def chain(optimizer: Any = None, **of_dense: Any) -> Sequential:
    model = Sequential([Dense(19, "tanh"), Dense(5, "relu", **of_dense), Dense(2)])
    model.build((None, 6))
    return compiled(model, optimizer or SGD(0.05))


def compiled(model: Made, optimizer: Any) -> Made:
    model.set_weights([np.sin(np.arange(w.value.size) + 1.0).reshape(w.shape) for w in model.weights])
    model.compile(optimizer, "mse")
    return model


def frozen() -> Sequential:
    model = chain()
    model.layers[1].trainable = False
    return compiled(model, SGD(0.05))


def shared() -> Model:
    x, twice = Input((6,)), Dense(6, "tanh")
    return compiled(Model(x, Dense(2)(twice(twice(x)))), SGD(0.05))


def shared_without_bias() -> Model:
    """Each gradient is written twice, and the first product would change what the second goes back through."""
    x, twice = Input((6,)), Dense(6, use_bias=False)
    return compiled(Model(x, Dense(2)(twice(twice(x)))), SGD(0.05))


TAKEN: dict[str, Callable[[], Any]] = {
    "a chain": chain,
    "frozen in the middle": frozen,
    "a schedule": lambda: chain(SGD(0.05, decay=0.1)),
    "a constraint after the update": lambda: chain(kernel_constraint="max_norm", bias_constraint="non_neg"),
}
LEFT: dict[str, Callable[[], Any]] = {
    "shared": shared,
    "shared without bias": shared_without_bias,
    "clipped": lambda: chain(SGD(0.05, clipvalue=0.1)),
    "clipped by norm": lambda: chain(SGD(0.05, global_clipnorm=0.1)),
    "decayed": lambda: chain(SGD(0.05, weight_decay=0.1)),
    "momentum": lambda: chain(SGD(0.05, momentum=0.5)),
}


def names_of(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The instructions of the model's training step."""
    made: list[Assembly] = []

    class Noted(Assembly):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr("minifit.training.plan.Assembly", Noted)
    with engine("numba"):
        model.fit(X, Y, verbose=0)
    return [each.name for each in made[0].instructions]


@pytest.mark.parametrize("case", TAKEN)
def test_products_go_into_the_weights(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_agree(TAKEN[case], X, Y)
    model = TAKEN[case]()
    names = names_of(model, monkeypatch)
    assert names.count("descend_w") == names.count("descend_b") == len(model.trainable_weights) // 2
    assert not {"sgd", "dense_slope_w", "dense_slope_b"}.intersection(names)


@pytest.mark.parametrize("case", LEFT)
def test_gradients_stay_where_something_else_wants_them(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LEFT[case]()  # the first model of its kind draws the seed of what it is built with
    assert_agree(LEFT[case], X, Y)
    names = names_of(LEFT[case](), monkeypatch)
    assert "dense_slope_w" in names
    assert not {"descend_w", "descend_b"}.intersection(names)


W, G = Memory(np.zeros(6, np.float32)), Memory(np.zeros(6, np.float32))
OTHER = Memory(np.zeros(6, np.float32))
UPDATE = Instruction("sgd", (W,), (W, G, -6, OTHER))


def slope(x: Memory, dy: Memory = OTHER) -> Instruction:
    return Instruction("dense_slope_w", (G,), (G, x, dy, 1, 2, 3, 0))


def test_what_a_step_is_made_of() -> None:
    (made,) = merge_updates([slope(OTHER), UPDATE])
    (part,) = made.outputs
    assert made.name == "descend_w"
    assert isinstance(part, Memory)
    assert part.address == W.address
    assert made.fields == (part, OTHER, OTHER, 1, 2, 3, 0, OTHER)


@pytest.mark.parametrize(
    "instructions",
    [
        pytest.param([UPDATE, slope(OTHER)], id="made later"),
        pytest.param([slope(G), UPDATE], id="made of itself"),
        pytest.param([slope(OTHER), slope(OTHER), UPDATE], id="made twice"),
        pytest.param([slope(OTHER), slope(W), UPDATE], id="weights read between"),
    ],
)
def test_steps_that_are_left_as_they_are(instructions: list[Instruction]) -> None:
    assert merge_updates(instructions) == instructions


def test_gradients_in_memory_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    for switched in (False, True):
        if switched:
            monkeypatch.setattr(assembly, "merge_updates", lambda instructions: instructions)
        model = chain()
        with engine("numba"):
            model.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
        ended.append(model.get_weights())
    for a, b in zip(*ended, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
