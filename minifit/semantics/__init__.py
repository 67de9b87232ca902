"""The rules of callbacks as data, what other frameworks do, and a kit that asks any framework.

    from minifit.semantics import RULES, agreement

    RULES["ES-4"].promise
    agreement("ES-4")

``python -m minifit.semantics ES-4`` prints a rule. Importing this package loads the standard library alone.
"""

from minifit.semantics.record import (
    Framework,
    agreement,
    frameworks,
    outcomes,
    proven_by,
    reason_unasked,
    scenario_of,
)
from minifit.semantics.rules import (
    CHAPTERS,
    DEVIATION,
    DOCUMENTED,
    OWN,
    RECORDED,
    RULES,
    SECTIONS,
    SOURCES,
    Rule,
)

__all__ = [
    "CHAPTERS",
    "DEVIATION",
    "DOCUMENTED",
    "OWN",
    "RECORDED",
    "RULES",
    "SECTIONS",
    "SOURCES",
    "Framework",
    "Rule",
    "agreement",
    "frameworks",
    "outcomes",
    "proven_by",
    "reason_unasked",
    "scenario_of",
]
