"""A run is asked of a framework, and the verdict tells what agrees from what differs, is absent or cannot be asked."""

import copy
from types import SimpleNamespace
from typing import Any

import pytest

import minifit
from minifit.semantics.runs import RUNS, ask_run, verdict_on_run

NAMES = ("Sequential", "Model", "Input", "layers", "losses", "metrics", "optimizers", "models")


def framework(**callbacks: Any) -> Any:
    """minifit with other callbacks."""
    members = {name: getattr(minifit.callbacks, name) for name in minifit.callbacks.__all__}
    parts = {name: getattr(minifit, name) for name in NAMES}
    return SimpleNamespace(**parts, callbacks=SimpleNamespace(**{**members, **callbacks}))


@pytest.mark.parametrize("name", ["hooks-021", "early-000", "csv-000", "tb-000", "bad-arg-000"])
def test_a_run_that_agrees(name: str) -> None:
    assert verdict_on_run(name, ask_run(name, framework())) == ("agrees", "")


def test_a_run_that_differs_has_its_first_difference() -> None:
    class Impatient(minifit.callbacks.EarlyStopping):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.stop_training = True

    word, why = verdict_on_run("early-000", ask_run("early-000", framework(EarlyStopping=Impatient)))
    assert word == "differs"
    assert "!=" in why


def test_an_error_is_the_first_difference() -> None:
    class Broken(minifit.callbacks.EarlyStopping):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            raise KeyError("epoch")

    answer = ask_run("early-000", framework(EarlyStopping=Broken))
    assert verdict_on_run("early-000", answer) == ("differs", "fits[0].error: not expected: 'KeyError'")


def test_a_framework_without_a_callback() -> None:
    keras = framework()
    del keras.callbacks.EarlyStopping
    assert verdict_on_run("early-000", ask_run("early-000", keras)) == ("has no such thing", "EarlyStopping")


def test_a_callback_without_an_argument() -> None:
    def early_stopping(monitor: str) -> None: ...

    name = next(n for n, run in RUNS.items() if "patience" in str(run["callbacks"]) and n.startswith("early"))
    answer = ask_run(name, framework(EarlyStopping=early_stopping))
    assert verdict_on_run(name, answer)[0] == "has no such thing"


@pytest.mark.parametrize("key", ["runs", "early", "early-000"])
def test_an_adapter_declares_what_cannot_be_asked(key: str) -> None:
    keras = SimpleNamespace(cannot_be_asked={key: "it never stops"})
    assert verdict_on_run("early-000", ask_run("early-000", keras)) == ("cannot be asked", "it never stops")


def test_names_of_layers_begin_again_for_every_run() -> None:
    cleared = []
    keras = framework()
    keras.backend = SimpleNamespace(clear_session=lambda: cleared.append(True))
    ask_run("hooks-021", keras)
    assert cleared == [True]


def test_asking_changes_no_description() -> None:
    before = copy.deepcopy(RUNS)
    for name in ("early-000", "backup-000", "numeric-loss-000"):
        ask_run(name, framework())
    assert before == RUNS
