"""The engine is chosen by the planned work and the environment, and by nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, kernels
from minifit.callbacks import Callback
from minifit.errors import ArgumentError
from minifit.kernels import reference
from minifit.layers import Dense
from minifit.training import engine

X, Y = np.zeros((8, 2)), np.zeros(8)


def small_model() -> Sequential:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    return model


def names(*planned: float) -> list[str]:
    return [engine.name_of(engine.choose(p)) for p in planned]


def test_long_work_is_compiled_and_short_work_is_not() -> None:
    assert names(0, engine.LONG * 0.999, engine.LONG, float("inf")) == ["numpy", "numpy", "numba", "numba"]
    assert engine.choose(0) is reference


@pytest.mark.parametrize("pinned", ["numba", "numpy"])
def test_the_environment_pins_the_choice(pinned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", pinned)
    assert names(0, float("inf")) == [pinned, pinned]


def test_auto_is_what_no_setting_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "auto")
    assert names(0, engine.LONG) == ["numpy", "numba"]


@pytest.mark.parametrize("value", ["", "cuda", "Numba", "1"])
def test_any_other_setting_is_an_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", value)
    with pytest.raises(ArgumentError, match=f"'auto', 'numba' or 'numpy'. Received: '{value}'. Unset it"):
        small_model().fit(X, Y, verbose=0)


def test_work_is_epochs_times_steps_times_what_a_step_does() -> None:
    assert engine.work(3, 5, 1000) == 3 * engine.work(1, 5, 1000) == 5 * engine.work(3, 1, 1000)
    assert engine.work(1, 1, 10**6) - engine.work(1, 1, 0) == 10**6
    assert engine.work(1, 1, 0) > 0, "a step costs something by itself"
    assert engine.work(1, None, 0) == float("inf")


class Planned:
    """Takes down what was asked of `engine.choose`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: list[float] = []
        choose = engine.choose

        def noting(planned: float) -> Any:
            self.work.append(planned)
            return choose(planned)

        monkeypatch.setattr(engine, "choose", noting)


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
    planned = Planned(monkeypatch)
    for given in ({}, options):
        small_model().fit(X, Y, **{"batch_size": 2, "epochs": 3, "verbose": 0, **given})
    assert len(set(planned.work)) == 1, "the same call but for this plans the same work"
    planned.work.clear()
    small_model().fit(X, Y, batch_size=2, epochs=4, verbose=0)
    small_model().fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert planned.work[0] > 3 * planned.work[1], "twice the epochs, twice the steps"


def test_the_state_says_which_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    model.fit(X, Y, verbose=0)
    assert model.training_state.engine == "numpy"
    monkeypatch.setattr(engine, "LONG", 1.0)
    model.fit(X, Y, verbose=0)
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
    assert engine.choose(float("inf")) is reference


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
