"""One run asked of a framework, and the verdict on what it did."""

import re
from typing import Any

from minifit.semantics.playing import Outcome, attempt
from minifit.semantics.runs.comparison import differences
from minifit.semantics.runs.library import RECORDS, RUNS, group
from minifit.semantics.runs.player import play_run

ALL = "runs"
"""The word for all runs, in the arguments of the program and in an adapter's ``cannot_be_asked``."""

ERROR = re.compile(r"\.error: not expected")


def ask_run(name: str, keras: Any) -> Outcome:
    """Play a run on a framework.

    Parameters
    ----------
    name : str
        A key of `RUNS`.
    keras : module or object
        What has the names of Keras. Its ``cannot_be_asked``, a dict from the name of a run, its group or ``runs`` to
        a reason, excludes runs.

    Returns
    -------
    dict
        As in `minifit.semantics.playing.Outcome`.
    """
    forget = getattr(getattr(keras, "backend", None), "clear_session", None)
    if forget is not None:
        forget()  # layers are numbered from the first one again: names in event files
    return attempt(lambda folder: play_run(keras, RUNS[name], folder), keras, name, group(name), ALL)


def verdict_on_run(name: str, outcome: Outcome) -> tuple[str, str]:
    """Return the verdict in a word, a key of `minifit.semantics.record.SIGNS`, and the first difference or reason."""
    kind, value = next(iter(outcome.items()))
    if kind == "unasked":
        return "cannot be asked", value
    if kind == "lacks":
        return "has no such thing", value
    if kind == "raised":
        return "differs", f"raised {value}: {outcome['message']}"
    apart = differences(RECORDS[name], value)
    apart.sort(
        key=lambda text: not ERROR.search(text)
    )  # an error explains the differences that follow from it
    return ("differs", apart[0].lstrip(".")) if apart else ("agrees", "")
