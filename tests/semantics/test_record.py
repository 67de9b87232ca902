"""The record says what minifit does now, and is of the scenarios as they stand."""

from pathlib import Path

import pytest

import minifit
from minifit.semantics import DEVIATION, OWN, RULES, scenarios
from minifit.semantics.playing import SCENARIOS, UNASKED, agree, play
from minifit.semantics.record import (
    FILE,
    OURS,
    SIGNS,
    fingerprint,
    frameworks,
    in_words,
    load,
    outcomes,
    verdict_of,
)

WRITE = "write the record anew: tests/semantics/record.py"

assert scenarios.__all__


def test_every_rule_has_a_scenario_or_a_reason() -> None:
    assert {*SCENARIOS, *UNASKED} == set(RULES)


@pytest.mark.parametrize("number", SCENARIOS)
def test_the_record_is_of_this_scenario(number: str) -> None:
    assert load()["hashes"].get(number) == fingerprint(number), WRITE


@pytest.mark.parametrize("number", SCENARIOS)
def test_every_framework_was_asked(number: str) -> None:
    assert list(outcomes(number)) == [OURS, *(framework.name for framework in frameworks())], WRITE


def test_the_record_has_no_other_scenarios() -> None:
    assert set(load()["outcomes"]) == set(load()["hashes"]) == set(SCENARIOS), WRITE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", SCENARIOS)
def test_minifit_does_what_the_record_says(number: str) -> None:
    outcome = play(number, minifit)
    assert "returned" in outcome, "minifit must be able to play every scenario"
    assert agree(outcome, outcomes(number)[OURS]), f"{WRITE}; now {in_words(outcome)}"


@pytest.mark.parametrize("number", SCENARIOS)
def test_the_source_of_a_rule_is_borne_out(number: str) -> None:
    """tf.keras 2.7.4 agrees with what it documents and what was recorded of it; elsewhere there is a deviation."""
    word = verdict_of(number, "tf.keras 2.7.4")
    if RULES[number].source != OWN:
        assert (word == "agrees") == (RULES[number].source != DEVIATION)


def test_the_record_names_no_place_of_a_machine(root: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert not [word for word in ("/tmp", "/home", "/root", "Users", str(root)) if word in text]


def test_every_rule_has_a_verdict_on_every_framework() -> None:
    for number in RULES:
        for name in (OURS, *(framework.name for framework in frameworks())):
            assert verdict_of(number, name) in SIGNS


def test_outcomes_in_words() -> None:
    assert in_words({"returned": {"a": 1}}) == 'returned {"a": 1}'
    assert in_words({"raised": "KeyError"}) == "raised KeyError"
    assert in_words({"lacks": "BaseLogger"}) == "lacks BaseLogger"
