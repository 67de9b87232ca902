"""Rules as text have the names of all frameworks above their signs, and what proves them."""

import pytest

from minifit.semantics import RULES, agreement
from minifit.semantics.printing import LEGEND, in_full, table
from minifit.semantics.record import SIGNS


def test_every_section_has_a_head_with_the_name_above_each_sign() -> None:
    lines = table(["ES-1", "ES-2", "RP-1"]).splitlines()
    assert [lines[place] for place in (0, 6)] == ["EarlyStopping", "ReduceLROnPlateau"]
    names, versions, first = lines[1:4]
    for name, word in agreement("ES-1").items():
        head, _, version = name.partition(" ")
        place = f"{names} ".index(f" {head} ") + 1
        assert versions[place:].split(" ")[0] == version
        assert first[place] == SIGNS[word], name
    assert lines[-1] == LEGEND


@pytest.mark.parametrize("number", ["ES-2", "ES-4"])
def test_a_rule_in_full_says_where_its_scenario_and_tests_are(number: str) -> None:
    text = in_full(number)
    assert RULES[number].promise in text
    assert "Section: EarlyStopping" in text
    assert "Scenario: minifit/semantics/scenarios/monitors.py::" in text
    assert "\n  tests/callbacks/test_early_stopping.py::test_" in text


def test_a_difference_is_shown_without_what_agrees() -> None:
    assert 'tf.keras 2.7.4        differs: returned {"two fits": "raises NotFoundError"}' in in_full("TB-5")


def test_a_rule_that_others_cannot_be_asked() -> None:
    text = in_full("FIT-27")
    assert "Other frameworks cannot be asked: when batches run together" in text
    assert "Scenario" not in text
