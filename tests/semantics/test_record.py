"""The record says what minifit does now, and is of the scenarios as they stand."""

import sys
from pathlib import Path

import pytest

import minifit
from minifit.semantics import DOCUMENTED, RECORDED, RULES, record, scenarios
from minifit.semantics.playing import SCENARIOS, UNASKED, agree, play
from minifit.semantics.record import (
    FILE,
    OURS,
    SIGNS,
    agreement,
    differing,
    fingerprint,
    frameworks,
    in_words,
    load,
    outcomes,
    place_of,
    proven_by,
    reason_unasked,
    scenario_of,
    verdict_of,
)

WRITE = "write the record anew: tests/semantics/record.py"

assert scenarios.__all__


def test_every_rule_has_a_scenario_or_a_reason() -> None:
    assert {*SCENARIOS, *UNASKED} == set(RULES)


@pytest.mark.parametrize("number", SCENARIOS)
def test_the_record_is_of_this_scenario(number: str) -> None:
    entry = load()["scenarios"].get(number)
    assert entry == {"place": place_of(number), "hash": fingerprint(number)}, WRITE


@pytest.mark.parametrize("number", SCENARIOS)
def test_every_framework_was_asked(number: str) -> None:
    assert list(outcomes(number)) == [OURS, *(framework.name for framework in frameworks())], WRITE


def test_the_record_has_no_other_scenarios() -> None:
    assert set(load()["outcomes"]) == set(load()["scenarios"]) == set(SCENARIOS), WRITE
    assert load()["unasked"] == UNASKED, WRITE


@pytest.mark.parametrize(
    ("number", "helper"), [("MC-1", "def saves"), ("PB-7", "class Terminal"), ("PB-3", "SCORE")]
)
def test_a_change_of_a_helper_changes_the_hash(
    number: str, helper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(number)
    for name in ("stage.py", f"scenarios/{Path(scenario_of(number).partition('::')[0]).name}"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text((FILE.parent / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(record, "FILE", tmp_path / "record.json")
    assert fingerprint(number) == before
    copy.write_text(copy.read_text(encoding="utf-8").replace(helper, f"{helper}_", 1), encoding="utf-8")
    assert fingerprint(number) != before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", SCENARIOS)
def test_minifit_does_what_the_record_says(number: str) -> None:
    outcome = play(number, minifit)
    if number == "CSV-5" and sys.platform == "win32":
        pytest.skip("Windows has no limit of the size of files")
    assert "returned" in outcome, "minifit must be able to play every scenario"
    assert agree(outcome, outcomes(number)[OURS]), f"{WRITE}; now {in_words(outcome)}"


@pytest.mark.parametrize("number", RULES)
def test_the_source_of_a_rule_is_borne_out(number: str) -> None:
    """What is documented or recorded holds in tf.keras 2.7.4; a deviation, or a point of minifit alone, does not."""
    holds = verdict_of(number, "tf.keras 2.7.4") == "agrees"
    assert holds == (RULES[number].source in (DOCUMENTED, RECORDED))


def test_the_record_names_no_place_of_a_machine(root: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert not [word for word in ("/tmp", "/home", "/root", "Users", str(root)) if word in text]


def test_every_rule_has_a_verdict_on_every_framework() -> None:
    for number in RULES:
        for name in (OURS, *(framework.name for framework in frameworks())):
            assert verdict_of(number, name) in SIGNS


def test_all_that_a_page_shows_is_data() -> None:
    assert agreement("ES-2") == {
        "minifit": "agrees",
        "tf.keras 2.7.4": "differs",
        "Keras 3.15.1": "agrees",
        "tf_keras 2.21.0": "agrees",
    }
    assert outcomes("ES-2")["tf.keras 2.7.4"] == {"returned": {"improving": 2, "worse at the third": 2}}
    assert scenario_of("ES-2") == "minifit/semantics/scenarios/monitors.py::patience_of_zero"
    assert any(name.startswith("tests/callbacks/test_early_stopping.py::") for name in proven_by("ES-2"))
    assert (RULES["ES-2"].number, RULES["ES-2"].section) == ("ES-2", "EarlyStopping")


def test_a_rule_that_others_cannot_be_asked() -> None:
    assert reason_unasked("FIT-27") == UNASKED["FIT-27"]
    assert reason_unasked("ES-2") == ""
    assert (outcomes("FIT-27"), scenario_of("FIT-27")) == ({}, "")
    assert set(agreement("FIT-27").values()) == {"agrees", "cannot be asked"}


def test_only_what_differs_is_shown() -> None:
    expected = {"returned": {"a": 1, "b": 2}}
    assert differing({"returned": {"a": 1, "b": 3}}, expected) == {"returned": {"b": 3}}
    for other in ({"returned": {"a": 1}}, {"raised": "KeyError"}, {"returned": [1]}):
        assert differing(other, expected) == other


def test_outcomes_in_words() -> None:
    assert in_words({"returned": {"a": 1}}) == 'returned {"a": 1}'
    assert in_words({"raised": "KeyError"}) == "raised KeyError"
    assert in_words({"lacks": "BaseLogger"}) == "lacks BaseLogger"
