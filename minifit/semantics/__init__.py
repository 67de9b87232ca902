"""The rules of callbacks as data, what other frameworks do, and a kit that asks any framework.

    from minifit.semantics import RULES

    RULES["ES-4"].promise

``python -m minifit.semantics ES-4`` prints a rule. Importing this package loads the standard library alone.
"""

from minifit.semantics.rules import DEVIATION, DOCUMENTED, OWN, RECORDED, RULES, SECTIONS, SOURCES, Rule

__all__ = ["DEVIATION", "DOCUMENTED", "OWN", "RECORDED", "RULES", "SECTIONS", "SOURCES", "Rule"]
