"""The rules are data that can be had without anything but the standard library."""

import subprocess
import sys
from pathlib import Path

from minifit.semantics import CHAPTERS, RULES, SECTIONS, Rule
from minifit.semantics.rules import STATED


def test_sections_hold_the_rules_in_their_order() -> None:
    assert list(RULES) == [number for rules in SECTIONS.values() for number in rules]
    assert all(isinstance(rule, Rule) for rule in RULES.values())


def test_every_rule_is_in_one_section() -> None:
    assert sorted(number for rules in SECTIONS.values() for number in rules) == sorted(STATED)
    assert list(SECTIONS) == [title for sections in CHAPTERS.values() for title in sections]
    for title, rules in SECTIONS.items():
        assert rules, title
        for number, rule in rules.items():
            assert (rule.number, rule.section) == (number, title)
            assert rule[:3] == STATED[number][:3]


def test_importing_the_rules_loads_the_standard_library_alone(root: Path) -> None:
    code = "import sys, minifit.semantics; print([n for n in ('numpy', 'numba', 'h5py') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
