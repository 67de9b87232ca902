"""The engine is chosen by what the calls of a model save, by what compiling costs, and by nothing else."""

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Model, Sequential, kernels
from minifit.callbacks import Callback
from minifit.errors import ArgumentError
from minifit.kernels import reference
from minifit.layers import Dense, Layer
from minifit.training import engine
from minifit.training.engine import Demand

X, Y = np.zeros((8, 2)), np.zeros(8)


def small_model() -> Sequential:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    return model


def name(pays: bool) -> str:
    return engine.name_of(engine.choose(lambda: pays))


def test_what_pays_is_compiled() -> None:
    assert [name(False), name(True)] == ["numpy", "numba"]
    assert engine.choose(lambda: False) is reference


@pytest.mark.parametrize("pinned", ["numba", "numpy"])
def test_the_environment_pins_the_choice(pinned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", pinned)

    def pays() -> bool:
        raise AssertionError("not asked")

    assert engine.name_of(engine.choose(pays)) == pinned


def test_auto_is_what_no_setting_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "auto")
    assert [name(False), name(True)] == ["numpy", "numba"]


@pytest.mark.parametrize("value", ["", "cuda", "Numba", "1"])
def test_any_other_setting_is_an_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", value)
    with pytest.raises(ArgumentError, match=f"'auto', 'numba' or 'numpy'. Received: '{value}'. Unset it"):
        small_model().fit(X, Y, verbose=0)


@pytest.mark.parametrize("kind", ["train", "test", "predict"])
def test_a_call_saves_something_at_each_step_of_each_epoch(kind: str) -> None:
    saved = engine.saved(kind, 3, 5, 1000)
    assert saved == 3 * engine.saved(kind, 1, 5, 1000) == 5 * engine.saved(kind, 3, 1, 1000)
    assert engine.saved(kind, 1, 1, 10**6) > engine.saved(kind, 1, 1, 0) > 0
    assert engine.saved(kind, 1, None, 0) == float("inf")


def test_compiling_costs_more_the_more_kinds_of_instructions_there_are() -> None:
    assert engine.LEAST == engine.cost(1) < engine.cost(2) < engine.cost(100) < engine.cost(0), (
        "without a program there is little to gain"
    )


# -- what earlier calls count --------------------------------------------------------------------------------


class Price:
    """A price of compiling, and the number of times that it was asked."""

    def __init__(self, price: float) -> None:
        self.price, self.asked = price, 0

    def __call__(self) -> float:
        self.asked += 1
        return self.price


def calls_until_it_pays(demand: Demand, kind: str, planned: float, price: Price, most: int = 10_000) -> int:
    return next((n for n in range(1, most) if demand.pays(kind, planned, price)), most)


def test_calls_add_up_until_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LEAST", 5e8)
    price = Price(2e9)
    demand = Demand()
    assert calls_until_it_pays(demand, "train", 1e6, price) == 2000
    assert price.asked == 3, "when a program could pay at all, at twice that, and when this one does"
    assert all(demand.pays("train", 1.0, price) for _ in range(3)), "from then on"
    assert price.asked == 3, "and nothing is asked again"


def test_training_judging_and_predicting_count_for_themselves() -> None:
    demand, price = Demand(), Price(2e9)
    calls_until_it_pays(demand, "train", 1e6, price)
    assert not demand.pays("test", 1e6, price)
    assert calls_until_it_pays(demand, "predict", 1e6, price) == 2000


def test_a_long_call_pays_at_once_and_a_short_one_asks_for_no_price() -> None:
    price = Price(2e9)
    assert Demand().pays("train", 2e9, price)
    assert not Demand().pays("train", 2e9 - 1, price)
    assert price.asked == 2
    assert not Demand().pays("train", engine.LEAST - 1, price)
    assert price.asked == 2


def test_what_never_pays_is_asked_about_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LEAST", 5e8)
    demand, price = Demand(), Price(1e15)
    assert calls_until_it_pays(demand, "train", 1e6, price) == 10_000
    assert price.asked == 5, "after 0.5, 1, 2, 4 and 8 thousand calls"
    price.price = 2e9  # it was compiled with another loss
    assert calls_until_it_pays(demand, "train", 1e6, price) < 10_000


def test_data_without_end_counts_for_nothing_later() -> None:
    demand, price = Demand(), Price(2e9)
    assert demand.pays("train", float("inf"), price)
    assert not demand.pays("train", 1e6, price)


def test_calls_that_do_not_count_leave_no_trace() -> None:
    demand, price = Demand(), Price(2e9)
    assert calls_until_it_pays(demand.apart(), "train", 1e6, price) == 2000
    assert demand.pays("train", 2e9, price, counts=False)
    assert calls_until_it_pays(demand, "train", 1e6, price) == 2000


# -- what models do ------------------------------------------------------------------------------------------


class Asked:
    """Takes down what `Demand.pays` was asked, and has it pay from some price on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kinds: list[str] = []
        self.planned: list[float] = []
        self.counts: list[bool] = []
        pays = Demand.pays

        def noting(demand: Demand, kind: str, planned: float, cost: Any, counts: bool = True) -> bool:
            self.kinds.append(kind)
            self.planned.append(planned)
            self.counts.append(counts)
            return pays(demand, kind, planned, cost, counts)

        monkeypatch.setattr(Demand, "pays", noting)


class Watches(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class Resumes(Callback):
    """Puts training forward, as a restored state does."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.training_state.epoch = 2


@pytest.mark.parametrize(
    "options",
    [
        {"callbacks": [Watches()]},
        {"callbacks": [Resumes()]},
        {"verbose": 1},
        {"verbose": 2},
        {"validation_data": (X, Y)},
        {"shuffle": False},
        {"epochs": 5, "initial_epoch": 2},
    ],
)
def test_nothing_but_the_planned_work_counts(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(monkeypatch)
    for given in ({}, options):
        small_model().fit(X, Y, **{"batch_size": 2, "epochs": 3, "verbose": 0, **given})
    assert len(set(asked.planned)) == 1, "the same call but for this plans the same work"
    asked.planned.clear()
    small_model().fit(X, Y, batch_size=2, epochs=4, verbose=0)
    small_model().fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert asked.planned[0] > 3 * asked.planned[1], "twice the epochs, twice the steps"


def test_every_call_is_asked_about_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    model = small_model()
    model.fit(X, Y, verbose=0)
    model.train_on_batch(X, Y)
    model.evaluate(X, Y, verbose=0)
    model.test_on_batch(X, Y)
    model.predict(X)
    model.predict_on_batch(X)
    assert asked.kinds == ["train", "train", "test", "test", "predict", "predict"]
    assert asked.counts == [True] * 6


class Calls(Callback):
    """Calls the model within its training."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.predict(X)
        self.model.test_on_batch(X, Y)
        self.model.train_on_batch(X, Y)


def test_calls_within_a_training_count_for_no_later_one() -> None:
    """A training that is resumed does not repeat them, and goes on to the same bits."""
    model, other = small_model(), small_model()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Calls()])
    other.fit(X, Y, epochs=3, verbose=0)
    assert vars(model.training_state.demand) == vars(other.training_state.demand)


def cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let compiling pay after a few calls."""
    monkeypatch.setattr(engine, "IMPORT", 100_000.0)
    monkeypatch.setattr(engine, "A_KIND", 20_000.0)
    monkeypatch.setattr(engine, "LEAST", 120_000.0)


def engines_of(model: Any, monkeypatch: pytest.MonkeyPatch, call: Any, times: int) -> list[str]:
    used: list[str] = []
    choose = engine.choose

    def noting(pays: Any) -> Any:
        chosen = choose(pays)
        used.append(engine.name_of(chosen))
        return chosen

    with monkeypatch.context() as patch:
        patch.setattr(engine, "choose", noting)
        for _ in range(times):
            call(model)
    return used


CALLS = {
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
    "predict": lambda model: model.predict(X),
    "predict_on_batch": lambda model: model.predict_on_batch(X),
    "fit": lambda model: model.fit(X, Y, verbose=0),
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
}


@pytest.mark.parametrize("call", CALLS)
def test_single_calls_become_programs_when_that_has_become_worth_it(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the same number of calls each time, whatever else the model was called for."""
    cheaper(monkeypatch)
    first = engines_of(small_model(), monkeypatch, CALLS[call], 40)
    assert first == sorted(first, reverse=True), "never back"
    assert set(first) == {"numpy", "numba"}
    model = small_model()
    other = "fit" if call in ("evaluate", "test_on_batch") else "evaluate"
    engines_of(model, monkeypatch, CALLS[other], 40)
    assert engines_of(model, monkeypatch, CALLS[call], 40) == first


def test_the_same_calls_compute_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    cheaper(monkeypatch)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 2)), rng.standard_normal(8)
    model = small_model()
    twin = Sequential([Dense(1, input_shape=(2,))])
    twin.set_weights(model.get_weights())
    twin.compile("sgd", "mse")
    losses = [[each.train_on_batch(x, y) for _ in range(40)] for each in (model, twin)]
    assert losses[0] == losses[1]
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_copy_begins_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cheaper(monkeypatch)
    model = small_model()
    assert engines_of(model, monkeypatch, CALLS["train_on_batch"], 40)[-1] == "numba"
    assert engines_of(copy.deepcopy(model), monkeypatch, CALLS["train_on_batch"], 1) == ["numpy"]


class Twice(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


class Own(Model):
    """A model with a step of its own."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def own_step() -> Any:
    chain = small_model()
    model = Own(chain.inputs, chain.outputs)
    model.compile("sgd", "mse")
    return model


def own_layer() -> Any:
    model = Sequential([Twice(input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("make", [own_step, own_layer])
def test_what_has_no_program_pays_later(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of single ops save less; in the long run they save something, too."""
    cheaper(monkeypatch)
    model = make()
    assert set(engines_of(model, monkeypatch, CALLS["train_on_batch"], 40)) == {"numpy"}
    monkeypatch.setattr(engine, "OP_BY_OP", 1e7)
    assert engines_of(model, monkeypatch, CALLS["train_on_batch"], 60)[-1] == "numba"


def test_the_state_says_which_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    model.fit(X, Y, verbose=0)
    assert model.training_state.engine == "numpy"
    cheaper(monkeypatch)
    model.fit(X, Y, epochs=100, verbose=0)
    assert model.training_state.engine == "numba"


def test_unknown_steps_count_as_long() -> None:
    model = small_model()
    model.fit(iter([(X, Y)]), verbose=0)
    assert model.training_state.engine == "numba"
    model.fit(iter([(X, Y)]), steps_per_epoch=1, verbose=0)
    assert model.training_state.engine == "numpy"


# -- where Numba is missing ----------------------------------------------------------------------------------


def test_without_numba_long_work_runs_on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "numba_missing", lambda: "none")
    assert engine.choose(lambda: True) is reference


def test_asking_for_a_numba_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "numba_missing", lambda: "a Python where it cannot be imported")
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    with pytest.raises(
        ArgumentError, match=r"that compiles\. Received: a Python where it cannot be imported\. Install"
    ):
        small_model().fit(X, Y, verbose=0)


DISABLED = """
import numpy as np
from minifit import Sequential, errors, layers
model = Sequential([layers.Dense(4, "relu", input_shape=(2,)), layers.Dense(1)])
model.compile("adam", "mse")
try:
    model.fit(iter([(np.ones((4, 2)), np.ones(4))] * 9), verbose=0)
    print(model.training_state.engine)
except errors.ArgumentError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("pinned", "said"),
    [
        ("auto", "numpy\n"),
        (
            "numba",
            "MINIFIT_KERNELS=numba needs a Numba that compiles. Received: NUMBA_DISABLE_JIT=1, with which it compiles "
            "nothing. Install or enable it, or set MINIFIT_KERNELS=auto.\n",
        ),
    ],
)
def test_a_numba_that_may_not_compile_is_none(pinned: str, said: str, root: Path) -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "MINIFIT_KERNELS": pinned}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DISABLED],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (said, "")


PROGRAM = """
import sys
sys.modules["numba"] = None
import numpy as np
from minifit import Sequential, layers
np.random.seed(0)
model = Sequential([layers.Dense(4, "relu", input_shape=(2,)), layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
def batches():
    while True:
        yield np.ones((4, 2)), np.ones(4)
model.fit(batches(), steps_per_epoch=50, epochs=4, verbose=0)
loss = model.fit(iter([(np.ones((4, 2)), np.ones(4))]), verbose=0).history["loss"][0]
print(model.training_state.engine, loss < 0.9, "minifit.kernels.instructions" in sys.modules)
"""


def test_a_program_trains_without_numba(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("numpy True False\n", "")
