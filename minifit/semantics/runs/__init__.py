"""The recorded runs of tf.keras 2.7.4: small trainings as data, what happened in each, and a player of them.

A run is a description of a model, of data, of callbacks and of calls, and its record is everything that could be seen:
hooks with their indices and logs, histories, weights, files and what they hold. Numbers agree within what float32
sums in another order make of them; all else is equal or differs.
"""

from minifit.semantics.runs.asking import ALL, ask_run, verdict_on_run
from minifit.semantics.runs.comparison import differences
from minifit.semantics.runs.library import GROUPS, RECORDS, RUNS, group
from minifit.semantics.runs.player import play_run

__all__ = [
    "ALL",
    "GROUPS",
    "RECORDS",
    "RUNS",
    "ask_run",
    "differences",
    "group",
    "play_run",
    "verdict_on_run",
]
