"""The README's table: minifit's own time, and that of others as a multiple of it.

A cell is one ratio, or the geometric mean of the ratios of all workloads of a section.
"""

import statistics
from collections.abc import Mapping
from typing import NamedTuple

from tests.benchmarks import record, standin
from tests.benchmarks.implementations import IMPLEMENTATIONS
from tests.benchmarks.record import Section
from tests.benchmarks.steps import mean
from tests.benchmarks.text import NONE, Row, number

SECTIONS = ("steps", "models", "calls", "cold", "standin")
"""The sections of the record that the table shows."""

PEERS = ("numpy", "torch", "keras_jax", "tf_keras")

EXAMPLE = "the example"
"""The documentation's first example, among the processes of the section `cold`."""


class Line(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    title : str
        What is measured.
    ours : str
        The figure of minifit; "1" for a geometric mean.
    multiples : mapping of str to float
        The figure of each peer over that of minifit.
    """

    title: str
    ours: str
    multiples: Mapping[str, float]


def lines(sections: Mapping[str, Section]) -> list[Line]:
    """Return the rows of the table."""
    steps, models = sections["steps"], sections["models"]
    calls, cold = sections["calls"], sections["cold"]
    return [
        of_workloads(f"a training step, {len(steps['seconds'])} plain networks", steps),
        of_workloads(f"a training step, {len(models['seconds'])} models that people train", models),
        of_workloads("the first epoch of these models, nothing compiled yet", models, "first"),
        of_call("`train_on_batch` of a small model", calls, "train on a batch"),
        of_call("`predict` of one row", calls, "predict 1 row"),
        of_example("the first example of Keras's callbacks, a whole process", cold, "seconds", "s"),
        of_example("its memory", cold, "megabytes", "MB"),
        of_suite("20 tests of Keras code, a whole process", sections["standin"]),
    ]


def of_workloads(title: str, section: Section, key: str = "seconds") -> Line:
    """Return the row of a geometric mean; a peer needs a figure for every workload."""
    workloads = section[key]
    multiples = {
        peer: 1 / mean(ratios)
        for peer, ratios in record.ratios({"seconds": workloads}).items()
        if len(ratios) == len(workloads)
    }
    return Line(title, "1", multiples)


def of_call(title: str, section: Section, call: str) -> Line:
    """Return the row of a single call."""
    ours = section["calls"]["minifit"][call]
    multiples = {peer: calls[call] / ours for peer, calls in section["calls"].items()}
    return Line(title, f"{number(ours * 1e6)} µs", multiples)


def of_example(title: str, section: Section, key: str, unit: str) -> Line:
    """Return the row of the example in a process of its own."""
    medians = {title: statistics.median(figures[key]) for title, figures in section["processes"].items()}
    ours = medians[EXAMPLE]
    processes = {peer: f"{EXAMPLE}, {IMPLEMENTATIONS[peer].title}" for peer in PEERS}
    multiples = {peer: medians[process] / ours for peer, process in processes.items() if process in medians}
    return Line(title, f"{number(ours)} {unit}", multiples)


def of_suite(title: str, section: Section) -> Line:
    """Return the row of a test suite that imports TensorFlow, run with the stand-in."""
    (ours, _), (real, _) = (standin.medians(section, process) for process in (standin.SUITE, standin.REAL))
    return Line(title, f"{number(ours)} s", {"tf_keras": real / ours} if real and ours else {})


def table(sections: Mapping[str, Section]) -> list[Row]:
    """Return the table: a row for each `Line`, a column for minifit and one for each peer."""
    head = ["", "minifit", *(IMPLEMENTATIONS[peer].title for peer in PEERS)]
    rows = [
        [line.title, line.ours, *(multiple(line.multiples.get(peer)) for peer in PEERS)]
        for line in lines(sections)
    ]
    return [head, *rows]


def multiple(value: float | None) -> str:
    """Return a ratio as a multiple: ``× 4.20``."""
    return NONE if value is None else f"× {number(value)}"


def origin(sections: Mapping[str, Section]) -> str:
    """Return the machine, the versions and the days of the figures."""
    models, days = sections["models"], sorted({section["made"]["date"] for section in sections.values()})
    at = models["made"]
    versions = [models["versions"][peer] for peer in PEERS if peer in models["versions"]]
    return (
        f"{at['processor']}, {at['cores']} cores, {at['system']}, Python {at['python']}, NumPy {at['numpy']}; "
        f"{', '.join(versions)}; {' to '.join(dict.fromkeys((days[0], days[-1])))}."
    )
