"""The report counts what agrees, and shows what does not."""

from types import SimpleNamespace
from typing import Any

import minifit
from minifit.semantics.asking import ask
from minifit.semantics.report import report, summary

EARLY = ["early-000", "early-005", "nan-000"]


def impatient() -> Any:
    """minifit with an EarlyStopping that stops after every first epoch."""

    class Impatient(minifit.callbacks.EarlyStopping):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.stop_training = True

    return SimpleNamespace(
        **{name: getattr(minifit, name) for name in ("Sequential", "Input", "layers", "optimizers")},
        callbacks=SimpleNamespace(Callback=minifit.callbacks.Callback, EarlyStopping=Impatient),
    )


def test_minifit_agrees_with_itself() -> None:
    text = report(ask(minifit, [*EARLY, "ES-1", "ES-2", "ES-3"]))
    assert "Rules: agrees 3\n" in text
    assert "Runs: agrees 3\n" in text
    assert "EarlyStopping                    2     2" in text
    assert "TerminateOnNaN                   1     1" in text


def test_a_framework_that_has_nothing() -> None:
    text = report(ask(SimpleNamespace(cannot_be_asked={"ES-2": "no such rule"}), ["ES-2"]))
    assert "· ES-2" in text
    assert "cannot be asked: no such rule" in text
    assert "Runs" not in text


def test_a_difference_in_a_rule_shows_both() -> None:
    text = report(ask(impatient(), ["ES-4"]))
    assert "✗ ES-4" in text
    assert 'minifit returned {"epochs": 2}' in text
    assert 'this    returned {"epochs": 1}' in text


def test_a_broken_framework_is_told_apart_in_the_runs() -> None:
    answers = ask(impatient(), EARLY)
    text = report(answers)
    assert "Runs: differs 2, has no such thing 1\n" in text
    assert "early-000" not in text
    text = report(answers, differences=True)
    assert "\nearly-000             differs: " in text
    assert "\nnan-000               has no such thing: TerminateOnNaN\n" in text


def test_the_summary_has_only_what_occurs() -> None:
    assert summary(["differs", "agrees", "agrees"]) == "agrees 2, differs 1"
